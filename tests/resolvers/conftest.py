"""Database for the tests that take any sequence of steps."""

import pytest

from tests.databases import Databases


@pytest.fixture(scope="module")
def url(engine: str, databases: Databases) -> str:
    """Database of the module's own, in which the doctor must find nothing."""
    return databases.migrated(engine)
