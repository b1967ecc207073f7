"""Versions that the locks pin."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
LOCKED = re.compile(r"^(graphql-core|strawberry-graphql)==(\S+)", re.MULTILINE)


def locked(name: str) -> dict[str, str]:
    """Return the versions of what breadth executes for, in a lock."""
    return dict(LOCKED.findall((PROJECT / "requirements" / f"{name}.txt").read_text()))


def test_the_portal_has_the_newest_versions_of_breadth() -> None:
    newest = locked("breadth-newest")

    assert newest.keys() == {"graphql-core", "strawberry-graphql"}
    assert locked("run") == locked("test") == newest


def test_the_oldest_versions_of_breadth_are_others() -> None:
    oldest, newest = locked("breadth-oldest"), locked("breadth-newest")

    assert {name for name in newest if oldest[name] != newest[name]} == newest.keys()
