"""Long answers that are unread, or requested at the same time, take little memory."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from tests import plain
from tests.cnpjs import another
from tests.e2e.sockets import PATIENCE_SECONDS, Caller, post
from tests.security.harness import MEMORY_MAX, NEIGHBOUR, Target, target

CALLERS = 20
NAMES = " ".join(f"a{number}: name" for number in range(1_300))
LONG = f"{{ clients(first: 100) {{ nodes {{ {NAMES} }} }} }}"
LONG_BYTES = 25_000_000
"""A query of a few more bytes."""

FIELDS = " ".join(f"a{number}: name" for number in range(990))
LONGER = (
    "{ a: clients(first: 100) { ...P } b: clients(first: 100) { ...P } } "
    f"fragment P on ClientConnection {{ nodes {{ {FIELDS} }} }}"
)
"""A query of 41 MB, which is more than an answer may have."""

REGISTER = "mutation {{ {0} }}"
CLIENT = (
    'a{0}: registerClient(input: {{cnpj: "{1}", name: "{2}", city: "Natal", state: "RN"}}) {{ userErrors {{ code }} }}'
)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("memory") / "log"


@pytest.fixture(scope="module")
def storehouse(log: Path) -> Iterator[Target]:
    """Server whose attacker has a hundred clients with long names."""
    with target(log.parent) as found:
        each = [CLIENT.format(number, another(), f"A {number:03} " + "long name " * 19) for number in range(100)]
        for document in ("{ viewer { role } }", REGISTER.format(" ".join(each))):
            answer = plain.post(
                f"{found.url}/graphql",
                json={"query": document},
                headers={"Authorization": f"Bearer {found.attacker}"},
                timeout=60,
            )
            assert "errors" not in answer.json()
        yield found


def request_of(target: Target, query: str) -> bytes:
    return post(json.dumps({"query": query}).encode(), b"Authorization: Bearer " + target.attacker.encode())


def calling(stack: ExitStack, target: Target) -> Caller:
    """Return a connection that buffers hardly anything."""
    connection = stack.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE_SECONDS)
    connection.connect(("127.0.0.1", target.port))
    return Caller(connection)


def small_answers(target: Target, times: int) -> None:
    """Request small answers as the neighbour."""
    with plain.Client(headers={"Authorization": f"Bearer {target.neighbour}"}, timeout=30) as http:
        for _ in range(times):
            answer = http.post(f"{target.url}/graphql", json={"query": NEIGHBOUR})
            assert answer.status_code == HTTPStatus.OK
            assert "errors" not in answer.json()


def test_an_answer_that_is_too_long_is_refused_in_little_memory(storehouse: Target, http: httpx.Client) -> None:
    answer = http.post(
        f"{storehouse.url}/graphql", json={"query": LONGER}, headers={"Authorization": f"Bearer {storehouse.attacker}"}
    )

    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "COST_EXCEEDED"
    assert error["extensions"]["bytes"] > error["extensions"]["maxBytes"]
    assert storehouse.peak_memory() < MEMORY_MAX


def test_unread_answers_beyond_a_limit_are_refused_except_small_ones(storehouse: Target, log: Path) -> None:
    with ExitStack() as stack:
        callers = [calling(stack, storehouse) for _ in range(CALLERS)]
        for caller in callers:
            caller.send(request_of(storehouse, LONG))
        small_answers(storehouse, 50)
        heads = [caller.head() for caller in callers]

        assert storehouse.peak_memory() < MEMORY_MAX
        refused = [head for head in heads if head.status == HTTPStatus.SERVICE_UNAVAILABLE]
        assert 0 < len(refused) < CALLERS
        assert {head.headers["retry-after"] for head in refused} == {"1"}
        assert "too many bytes of others are unread" in log.read_text()

    small_answers(storehouse, 1)


def test_long_answers_that_are_read_are_all_given_in_little_memory(storehouse: Target, http: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {storehouse.attacker}", "Accept-Encoding": "identity"}

    found = [http.post(f"{storehouse.url}/graphql", json={"query": LONG}, headers=headers) for _ in range(5)]

    assert [answer.status_code for answer in found] == [HTTPStatus.OK] * 5
    assert min(len(answer.content) for answer in found) > LONG_BYTES
    assert storehouse.peak_memory() < MEMORY_MAX
