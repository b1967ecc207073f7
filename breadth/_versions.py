"""Versions of graphql-core and Strawberry that the executor was tested with, as it uses more than their public API."""

import os
import re

from graphql import version

Release = tuple[int, ...]

# In 3.3.0, sub-fields may be those of another object.
GRAPHQL_CORE: tuple[Release, Release] = ((3, 3, 1), (3, 3))
STRAWBERRY: tuple[Release, Release] = ((0, 331), (0, 341))
"""Oldest and newest release that the tests run with."""

_ALLOW = "BREADTH_ALLOW_UNTESTED"


class UntestedVersionError(ImportError):
    """A version is installed that the executor was not tested with.

    The environment variable BREADTH_ALLOW_UNTESTED=1 allows it, unless a name is missing in it that the executor uses.
    """


def check(name: str, installed: str, oldest: Release, newest: Release) -> None:
    """Raise UntestedVersionError if the version is not of a tested release and the environment does not allow it."""
    parts = (*(int(part) for part in re.findall(r"\d+", installed)), 0, 0, 0)
    is_tested = oldest <= parts[: len(oldest)] and parts[: len(newest)] <= newest
    if is_tested or os.environ.get(_ALLOW) == "1":
        return
    tested = " to ".join(dict.fromkeys(".".join(map(str, release)) for release in (oldest, newest)))
    message = (
        f"{name} {installed} is installed, but breadth was tested with {tested} only. Install one of these, or set "
        f"{_ALLOW}=1 after its tests have passed with yours."
    )
    raise UntestedVersionError(message)


def require(name: str, owner: type, attribute: str) -> None:
    """Raise UntestedVersionError if a class has neither the attribute nor an annotation of it."""
    if not hasattr(owner, attribute) and attribute not in getattr(owner, "__annotations__", {}):
        message = f"breadth uses {owner.__name__}.{attribute}, which the installed version of {name} does not have."
        raise UntestedVersionError(message)


check("graphql-core", version, *GRAPHQL_CORE)
