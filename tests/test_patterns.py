"""Regular expressions find the same with every Python that the portal supports."""

import re
from pathlib import Path

from benchmarks.paths import PROJECT

SOURCES = ("breadth", "db", "demo", "domain", "resolvers", "schema", "server")

_REPEATED_POSSESSIVELY = re.compile(r"(?<![\\(])\)[*+?]\+")


def _patterns(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [f"{file}: {line}" for line in lines if _REPEATED_POSSESSIVELY.search(line)]


def test_no_group_is_repeated_possessively() -> None:
    files = [file for source in SOURCES for file in (PROJECT / source).rglob("*.py")]
    found = [line for file in files for line in _patterns(file)]

    # Before Python 3.11.5 such a group matches what it should not, and misses what it should match.
    assert len(files) > len(SOURCES)
    assert found == []
