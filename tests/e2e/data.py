"""Databases of real servers: migrated, and filled with a demonstration, once for all tests of the run."""

import os
import shutil
from functools import cache
from pathlib import Path

from tests import once
from tests.e2e.processes import portal

_OWN = {"SECRET_KEY": ""}
"""Whatever the test has that asks first, the folder gets a secret."""


def migrated(folder: Path, **settings: str) -> dict[str, str]:
    """Put a new database file into the folder; return the environment of a server on it, with these settings."""
    shutil.copytree(_migrated(), folder, dirs_exist_ok=True)
    return _environment(folder, settings)


def demonstration(folder: Path, **settings: str) -> dict[str, str]:
    """Put a database file with demo data into the folder; return the environment of its server, a demonstration."""
    shutil.copytree(_demonstration(), folder, dirs_exist_ok=True)
    return _environment(folder, {"DEMO": "true", **settings})


@cache
def _migrated() -> Path:
    return once.made("migrated", lambda folder: portal(_environment(folder, _OWN), "migrate"))


@cache
def _demonstration() -> Path:
    return once.made("demonstration", lambda folder: portal(migrated(folder, DEMO="true", **_OWN), "demo"))


def _environment(folder: Path, settings: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": f"sqlite:///{folder}/portal.db", **settings}
