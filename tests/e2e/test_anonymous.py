"""Many sign-ins at once, and failed ones from other addresses, lock out no caller."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests import plain
from tests.e2e import data
from tests.e2e.processes import portal, serving
from tests.e2e.strong_passwords import STRONG_PASSWORDS

PATIENCE_SECONDS = 300
"""A busy machine takes its time."""

EMAIL = "ana@alfa.example"
PASSWORD = "correct horse battery"
WRONG = "wrong"
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }"


class Flooded(NamedTuple):
    """Server and its process."""

    url: str
    pid: int

    def ask(self, query: str, *, forwarded_for: str | None = None, **variables: object) -> httpx.Response:
        """Return the answer to a caller without a token, through a proxy if `forwarded_for` is given."""
        headers = {} if forwarded_for is None else {"X-Forwarded-For": forwarded_for}
        body = {"query": query, "variables": variables}
        return plain.post(f"{self.url}/graphql", json=body, headers=headers, timeout=PATIENCE_SECONDS)

    def sign_in(self, email: str, password: str, *, forwarded_for: str | None = None) -> str:
        """Return the code of a sign-in's answer; an empty text if it starts a session."""
        given = {"email": email, "password": password}
        body = self.ask(SIGN_IN, input=given, forwarded_for=forwarded_for).json()
        if "errors" in body:
            return str(body["errors"][0]["extensions"]["code"])
        return "".join(error["code"] for error in body["data"]["signIn"]["userErrors"])


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """Environment of a server outside of demo mode, whose only user has a password."""
    environment = data.migrated(tmp_path)
    portal(environment, "create-partner", "--name", "Alfa", "--cnpj", "16.727.230/0001-97")
    arguments = ["--partner", "Alfa", "--email", EMAIL, "--name", "Ana", "--role", "MANAGER", "--password-stdin"]
    portal(environment, "create-user", *arguments, typed=PASSWORD)
    return environment


@pytest.fixture
def server(production: dict[str, str], tmp_path: Path) -> Iterator[Flooded]:
    with serving(production, tmp_path / "log") as (url, process):
        yield Flooded(url, process.pid)


@pytest.fixture
def slow_server(production: dict[str, str], tmp_path: Path) -> Iterator[Flooded]:
    patient = dict.fromkeys(("REQUEST_TIMEOUT_SECONDS", "MUTATION_TIMEOUT_SECONDS"), str(PATIENCE_SECONDS))
    with serving(production | patient, tmp_path / "log", program=STRONG_PASSWORDS) as (url, process):
        yield Flooded(url, process.pid)


def test_others_are_answered_during_many_sign_ins_and_excess_ones_can_retry(slow_server: Flooded) -> None:
    def sign_in(number: int) -> str:
        return slow_server.sign_in(f"{number}@alfa.example", WRONG, forwarded_for=f"198.51.100.{number}")

    with ThreadPoolExecutor(60) as threads:
        flood = [threads.submit(sign_in, number) for number in range(60)]
        while not any(each.done() for each in flood):
            time.sleep(0.01)
        assert slow_server.ask("{ viewer { role } }").json() == {"data": {"viewer": None}}
        assert plain.get(f"{slow_server.url}/healthz", timeout=PATIENCE_SECONDS).is_success
        codes = {each.result() for each in flood}

    assert codes == {"UNAVAILABLE", "INVALID_CREDENTIALS"}
    assert slow_server.sign_in(EMAIL, PASSWORD) == ""


def test_a_stranger_behind_a_proxy_locks_no_one_else_out(server: Flooded) -> None:
    stranger, owner = "198.51.100.1", "203.0.113.5"

    codes = [server.sign_in(EMAIL, WRONG, forwarded_for=stranger) for _ in range(6)]

    assert codes == ["INVALID_CREDENTIALS"] * 5 + ["RATE_LIMITED"]
    # The address that a caller claims precedes the one that the proxy has seen.
    assert server.sign_in(EMAIL, PASSWORD, forwarded_for=f"{owner}, {stranger}") == "RATE_LIMITED"
    assert server.sign_in(EMAIL, PASSWORD, forwarded_for=owner) == ""


@pytest.mark.parametrize("workers", [1, 2])
def test_only_a_trusted_proxy_says_for_whom_it_asks(production: dict[str, str], tmp_path: Path, workers: int) -> None:
    environment = production | {"FORWARDED_ALLOW_IPS": "203.0.113.1"}

    with serving(environment, tmp_path / "log", workers=workers) as (url, process):
        server = Flooded(url, process.pid)
        codes = [server.sign_in(EMAIL, WRONG, forwarded_for=f"198.51.100.{number}") for number in range(6)]

    assert codes == ["INVALID_CREDENTIALS"] * 5 + ["RATE_LIMITED"]


def test_a_server_warns_when_it_starts_that_every_caller_is_believed(
    production: dict[str, str], tmp_path: Path
) -> None:
    with serving(production | {"FORWARDED_ALLOW_IPS": "*", "LOG_FORMAT": "json"}, tmp_path / "log"):
        pass

    warnings = [line for line in (tmp_path / "log").read_text().splitlines() if '"warning"' in line]
    assert [line for line in warnings if "any caller can choose its address" in line and "X-Forwarded-For" in line]
