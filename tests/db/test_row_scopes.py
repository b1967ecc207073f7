"""Where units of work see the rows of every partner is listed for operators, and nowhere else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PAGE = Path("docs/operate/postgresql.md").read_text(encoding="utf-8")
LAYERS = ("db", "resolvers", "schema", "server", "demo")
NAMES = {"for_every_partner", "of_every_partner"}


def _places() -> Iterator[str]:
    """Yield each function that takes away the limit of a scope, by its module and name."""
    for file in sorted(each for layer in LAYERS for each in Path(layer).rglob("*.py")):
        if file.stem != "row_scope" and "node_modules" not in file.parts:
            module = ".".join(file.with_suffix("").parts)
            text = file.read_text(encoding="utf-8")
            # To parse and walk all files takes seconds, and few have one of the names.
            for function in ast.walk(ast.parse(text)) if any(name in text for name in NAMES) else ():
                if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and _names(function):
                    yield f"{module}.{function.name}"


def _names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(each, ast.Attribute) and each.attr in NAMES for each in ast.walk(function))


def test_the_page_lists_each_place_that_sees_all_partners() -> None:
    (section,) = re.findall(r"^### What sees every partner\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)

    assert re.findall(r"`((?:resolvers|server)\.[\w.]+)`", section) == sorted(_places())
