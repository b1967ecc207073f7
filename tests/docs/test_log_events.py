"""The page about the log names each event."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import ROOT, text

PACKAGES = ("server", "schema", "resolvers", "db", "domain")
LOGGERS = {"log", "_log"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
BUILT = {"db/engine/availability.py": ["the database is not available: …", "the database is too slow: …"]}
"""Events that are put together as they are logged, by the module."""


def logged(file: Path) -> Iterator[str]:
    """The events that a module logs."""
    name = str(file.relative_to(ROOT))
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=logger), attr=level), args=[event, *_]) if (
                logger in LOGGERS and level in LEVELS
            ):
                texts = [each.value for each in ast.walk(event) if isinstance(each, ast.Constant)]
                yield from (text for text in texts if isinstance(text, str)) if texts else BUILT[name]
            case (
                ast.Call(
                    func=ast.Attribute(value=ast.Name(id="logs"), attr="write"),
                    args=[_, _, ast.Constant(value=str(event))],
                )
                | ast.Call(
                    func=ast.Attribute(value=ast.Name(id="logs"), attr="write"),
                    args=[_, _, ast.Constant(value=str(event)), _],
                )
            ):
                yield event


def test_each_event_of_the_log_is_on_the_page_and_no_other() -> None:
    rows = [
        row.split(" | ")[1]
        for row in text("docs/operate/log.md").partition("| logger |")[2].splitlines()[2:]
        if row.startswith("|")
    ]
    documented = {event for row in rows for event in re.findall("`([^`]+)`", row)}

    events = {event for package in PACKAGES for file in (ROOT / package).rglob("*.py") for event in logged(file)}

    assert events == documented | {"request"}
