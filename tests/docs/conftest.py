"""One demonstration, whose data is made once, and one server for all tests that can share it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import plain
from tests.api import Json
from tests.docs import shell
from tests.e2e import data, forks
from tests.e2e.forks import ROOT
from tests.e2e.processes import serving


class Demo(NamedTuple):
    """A demonstration that is served: its address, the tokens of a manager and the vendor, and its command line."""

    url: str
    token: str
    vendor_token: str
    command: "Command"

    def ask(self, query: str, variables: object = None, *, as_vendor: bool = False) -> Json:
        """Return the answer to an operation of the manager, or of the vendor's administrator."""
        body = {"query": query, "variables": variables}
        token = self.vendor_token if as_vendor else self.token
        answer = plain.post(f"{self.url}/graphql", json=body, headers={"Authorization": f"Bearer {token}"})
        return answer.json()


class Command(NamedTuple):
    """`portal` on the data of a demonstration."""

    program: Path
    environment: dict[str, str]

    def __call__(self, *arguments: str) -> str:
        """Return what a command prints; it must succeed."""
        command = [str(self.program), *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    def token(self, email: str = "gerente@alfa.example") -> str:
        """Return a new token of a manager, or of the user with that address."""
        return self("create-token", "--email", email, "--permissions", "all").strip()


@pytest.fixture(scope="session")
def program() -> Path:
    """The program `portal`, which begins at once."""
    return forks.portal()


@pytest.fixture(scope="session")
def run(program: Path) -> shell.Shell:
    """Runs a script in a folder, with `portal` and `curl` on the path."""
    return partial(shell.run, program)


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database file of a demonstration and its secret, to be copied."""
    folder: Path = tmp_path_factory.mktemp("demo")
    data.demonstration(folder)
    return folder


@pytest.fixture
def new_demo(program: Path, tmp_path: Path) -> Iterator[Demo]:
    """A demonstration that nothing else has changed."""
    with served(program, tmp_path) as demo:
        yield demo


@pytest.fixture(scope="session")
def demo(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demonstration that tests share, each with objects of its own."""
    with served(program, tmp_path_factory.mktemp("served")) as demo:
        yield demo


@contextmanager
def served(program: Path, folder: Path, **settings: str) -> Iterator[Demo]:
    """A demonstration of its own, whose server has these settings."""
    command = Command(program, data.demonstration(folder / "data") | settings)
    with serving(command.environment, folder / "log") as (url, _):
        yield Demo(url, command.token(), command.token("admin@moderniza.example"), command)
