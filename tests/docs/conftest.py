"""One demonstration, whose data is made once, and one server for all tests that can share it."""

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.api import Json
from tests.docs import forks, shell
from tests.e2e.processes import portal, serving


class Demo(NamedTuple):
    """A demonstration that is served: its address, a manager's token, and what its commands are run with."""

    url: str
    token: str
    environment: dict[str, str]

    def ask(self, query: str, variables: object = None) -> Json:
        """Return the answer to an operation."""
        body = {"query": query, "variables": variables}
        answer = httpx.post(f"{self.url}/graphql", json=body, headers={"Authorization": f"Bearer {self.token}"})
        return answer.json()


def demonstration(folder: Path) -> dict[str, str]:
    """Return the environment of a demonstration whose data is in that folder."""
    return {**os.environ, "DEMO": "true", "DATABASE_URL": f"sqlite:///{folder}/portal.db"}


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database file of a demonstration and its secret, to be copied."""
    folder = tmp_path_factory.mktemp("demo")
    for command in ("migrate", "demo"):
        portal(demonstration(folder), command)
    return folder


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[shell.Shell]:
    """Runs a script in a folder, with `portal`, `curl` and `sqlite3` on the path."""
    with forks.forking(tmp_path_factory.mktemp("forks")) as portal:
        yield partial(shell.run, portal)


@pytest.fixture
def environment(demo_data: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a demonstration that nothing else has changed."""
    shutil.copytree(demo_data, tmp_path / "data")
    return demonstration(tmp_path / "data")


@pytest.fixture(scope="session")
def demo(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demonstration that tests share, each with objects of its own."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(demo_data, folder / "data")
    environment = demonstration(folder / "data")
    token = portal(environment, "create-token", "--email", "gerente@alfa.example", "--permissions", "all").strip()
    with serving(environment, folder / "log") as (url, _):
        yield Demo(url, token, environment)
