"""Versions of graphql-core and Strawberry that the executor was tested with, as it uses more than their public API."""

import os
import re

from graphql import version

Release = tuple[int, int]

_ALLOW = "BREADTH_ALLOW_UNTESTED"


class UntestedVersionError(ImportError):
    """A version is installed that the executor was not tested with."""


def check(name: str, installed: str, *, oldest: Release, newest: Release) -> None:
    """Raise UntestedVersionError if the version is not of a tested release and the environment does not allow it."""
    major, minor = ([int(part) for part in re.findall(r"\d+", installed)] + [0, 0])[:2]
    if oldest <= (major, minor) <= newest or os.environ.get(_ALLOW) == "1":
        return
    tested = " to ".join(dict.fromkeys(".".join(map(str, release)) for release in (oldest, newest)))
    message = (
        f"{name} {installed} is installed, but breadth was tested with {tested} only. Install one of these, or set "
        f"{_ALLOW}=1 after its tests have passed with yours."
    )
    raise UntestedVersionError(message)


check("graphql-core", version, oldest=(3, 3), newest=(3, 3))
