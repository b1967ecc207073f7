"""One server for all attacks: effects of earlier ones count too. What is accepted and dear has one of its own."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest

from tests import plain
from tests.security.harness import NEIGHBOUR, CountedTarget, Target, counted_target, forked_target, target


@pytest.fixture(scope="session")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Server that has answered both partners before."""
    with _answering(target(tmp_path_factory.mktemp("security"))) as found:
        yield found


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CountedTarget]:
    """Server whose work is counted."""
    with counted_target(tmp_path_factory.mktemp("counted")) as found:
        yield found


@pytest.fixture(scope="session")
def workhorse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Server that executes what is dear, whose memory says nothing of what attacks take."""
    with _answering(forked_target(tmp_path_factory.mktemp("workhorse"))) as found:
        yield found


@contextmanager
def _answering(server: AbstractContextManager[Target]) -> Iterator[Target]:
    with server as found:
        for token in (found.attacker, found.neighbour):
            headers = {"Authorization": f"Bearer {token}"}
            plain.post(f"{found.url}/graphql", json={"query": NEIGHBOUR}, headers=headers).raise_for_status()
        yield found


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Server that suggests nothing to callers without a token."""
    directory: Path = tmp_path_factory.mktemp("production")
    with target(directory, DEMO="false") as found:
        plain.post(f"{found.url}/graphql", json={"query": "{ viewer { rolle } }"}, timeout=60)
        yield found


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """HTTP client without a timeout."""
    with plain.Client(timeout=60) as http:
        yield http
