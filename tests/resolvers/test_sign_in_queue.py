"""Sign-ins queue for argon2, at most as many as there is time for, without those whose caller is gone or too late.

New passwords queue for their estimates apart from them.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import httpx
import pytest
from starlette.types import Message

from domain.errors import Unavailable
from resolvers import passwords
from resolvers.context import Context
from resolvers.passwords import AT_ONCE, WAITING_MAX, Gone, SignInQueue, hash_password, hashing_turn, is_password
from resolvers.portal import Portal
from resolvers.sessions import sign_in
from server.app import create_app
from server.settings import Settings
from tests.api import Api

SIGN_IN = 'mutation { signIn(input: {email: "%s", password: "wrong"}) { token } }'
ROOM = AT_ONCE + WAITING_MAX


async def checked(gone: Gone) -> bool:
    """Return whether a password is right that no user has, after a turn."""
    async with hashing_turn(gone):
        return await is_password(None, "some password")


@pytest.fixture
def full(portal: Portal) -> Iterator[ExitStack]:
    """Hold all places of a portal's sign-in queue, until closed."""
    with ExitStack() as places:
        for _ in range(ROOM):
            places.enter_context(portal.sign_ins.place())
        yield places


async def test_a_sign_in_too_many_is_unavailable_and_has_not_tried(
    full: ExitStack, http: httpx.AsyncClient, anonymous: Api
) -> None:
    query = SIGN_IN % f"{uuid4()}@alfa.example"
    headers = {"Accept": "application/graphql-response+json"}

    answers = [await http.post("/graphql", json={"query": query}, headers=headers) for _ in range(10)]

    assert {(answer.status_code, answer.headers["retry-after"]) for answer in answers} == {(503, "1")}
    assert {answer.json()["errors"][0]["extensions"]["code"] for answer in answers} == {"UNAVAILABLE"}
    full.close()
    assert await anonymous.data(query) == {"signIn": {"token": None}}


async def test_a_password_with_two_forms_takes_two_places(portal: Portal, anonymous: Api) -> None:
    with ExitStack() as places:
        for _ in range(ROOM - 1):
            places.enter_context(portal.sign_ins.place())
        bodies = [
            await anonymous.post(SIGN_IN.replace("wrong", typed) % f"{uuid4()}@alfa.example")
            for typed in ("err\u00f4neo", "erro\u0302neo")
        ]

    assert [body["errors"][0]["extensions"]["code"] if "errors" in body else "" for body in bodies] == [
        "",
        "UNAVAILABLE",
    ]


@pytest.mark.usefixtures("full")
async def test_everybody_else_is_answered_while_sign_ins_wait(api: Api) -> None:
    assert await api.data("{ viewer { role } }")


@pytest.mark.usefixtures("full")
async def test_a_command_hashes_whatever_is_waiting() -> None:
    assert await is_password(await hash_password("some password"), "some password")


async def test_a_place_is_free_again_whatever_became_of_the_sign_in(anonymous: Api) -> None:
    for _ in range(ROOM // 5 + 1):
        query = SIGN_IN % f"{uuid4()}@alfa.example"
        await asyncio.gather(*(anonymous.post(query) for _ in range(7)))

    assert anonymous.portal.sign_ins == SignInQueue()


async def test_a_caller_that_disconnects_leaves_the_queue(portal: Portal) -> None:
    left = asyncio.Event()
    async with passwords._hashing, passwords._hashing:  # noqa: SLF001 — the test holds both permits.
        waiting = asyncio.ensure_future(
            sign_in(Context(portal, gone=left.wait), f"{uuid4()}@alfa.example", "some password")
        )
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
        left.set()
        with pytest.raises(Unavailable):
            await waiting

    assert await asyncio.wait_for(checked(asyncio.Event().wait), 60) is False
    assert passwords._hashing._value == AT_ONCE  # noqa: SLF001 — no permit was lost.


async def test_a_connection_that_is_closed_is_noticed_while_its_sign_in_waits(portal: Portal) -> None:
    app, answered = create_app(portal, Settings()), list[Message]()
    body = json.dumps({"query": SIGN_IN % f"{uuid4()}@alfa.example"}).encode()
    messages = asyncio.Queue[Message]()
    messages.put_nowait({"type": "http.request", "body": body})
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "client": None,
    }

    async def send(message: Message) -> None:
        answered.append(message)

    async with passwords._hashing, passwords._hashing:  # noqa: SLF001 — the test holds both permits.
        asked = asyncio.ensure_future(app(scope, messages.get, send))
        done, _ = await asyncio.wait([asked], timeout=0.3)
        assert not done
        messages.put_nowait({"type": "http.disconnect"})
        await asked

    assert b"UNAVAILABLE" in answered[1]["body"]
    assert portal.sign_ins == SignInQueue()


async def test_who_is_cancelled_leaves_the_line_as_well() -> None:
    async with passwords._hashing, passwords._hashing:  # noqa: SLF001 — the test holds both permits.
        waiting = [asyncio.ensure_future(checked(asyncio.Event().wait)) for _ in range(3)]
        await asyncio.wait(waiting, timeout=0.1)
        for each in waiting:
            each.cancel()
        await asyncio.wait(waiting)

    assert passwords._hashing._value == AT_ONCE  # noqa: SLF001 — no permit was lost.
