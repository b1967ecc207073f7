"""Commands of `portal`, which refuse texts that are not UTF-8."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from typer._click import Context
from typer.core import TyperCommand

from server.cli.runner import WRONGLY_USED, fail


class Commands(typer.Typer):
    """Group of commands."""

    def command(self, name: str | None = None, **options: Any) -> Callable[..., Any]:  # noqa: ANN401 — they are Typer's
        """Register a command, with the options of Typer."""
        return super().command(name, cls=_Command, **options)


class _Command(TyperCommand):
    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        for param in self.params:
            given = ctx.params.get(param.name)
            for value in given if isinstance(given, list | tuple) else [given]:
                if isinstance(value, str):
                    refuse_other_bytes(value, param.opts[0] if param.opts[0].startswith("-") else param.name.upper())
        return rest


def refuse_other_bytes(given: str | Path, name: str) -> None:
    """Exit if an argument is not UTF-8. Names of files may have any bytes, but SQLAlchemy takes no such URL."""
    # Python reads each byte that is not UTF-8 as a surrogate.
    if any("\ud800" <= character <= "\udfff" for character in str(given)):
        fail(f"{name} has bytes that are not UTF-8; give it in UTF-8.", status=WRONGLY_USED)
