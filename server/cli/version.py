"""`portal --version`."""

from importlib.metadata import PackageNotFoundError, version

import typer

_PACKAGE = "portal-do-parceiro"


def print_version(asked: bool) -> None:  # noqa: FBT001 — Typer passes the value of the option so.
    """Print the version of the package, and exit."""
    if not asked:
        return
    try:
        typer.echo(f"portal {version(_PACKAGE)}")
    except PackageNotFoundError:
        typer.echo("portal, of a version that is not known: the package is not installed")
    raise typer.Exit
