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
    for node in ast.walk(ast.parse(_source(file))):
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


def logger_of(file: Path) -> str | None:
    """Return the name of a module's logger, if it has one of its own."""
    made = r'^_?log(?:: [^=]+)? = (?:structlog\.get_logger|logging\.getLogger)\("([\w.]+)"'
    found = re.search(made, _source(file), re.MULTILINE)
    return found and found[1]


def _source(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def documented() -> dict[str, set[str]]:
    """Return the loggers of each event on the page, where an empty cell is as the one above."""
    found: dict[str, set[str]] = {}
    logger = ""
    for row in text("docs/operate/log.md").partition("| logger |")[2].splitlines()[2:]:
        if not row.startswith("|"):
            continue
        named, events = row.removeprefix("|").split(" | ")[:2]
        logger = named.strip(" `|") or logger
        for event in re.findall("`([^`]+)`", events):
            found.setdefault(event, set()).add(logger)
    return found


FILES = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]


def test_each_event_of_the_log_is_on_the_page_and_no_other() -> None:
    events = {event for file in FILES for event in logged(file)}

    assert events == documented().keys() | {"request"}


def test_each_event_is_beside_its_logger() -> None:
    loggers = documented()
    found = [(logger_of(file), event) for file in FILES for event in logged(file)]

    named = [(logger, event) for logger, event in found if logger is not None and event in loggers]
    assert len(named) > len(loggers) / 2
    assert [(logger, event) for logger, event in named if logger not in loggers[event]] == []
