"""Requests for which a stopping server has no time left."""

import asyncio
import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.types import Receive, Scope, Send

from db.engine.deadline import Deadline
from tests import cnpjs, plain
from tests.api import Json
from tests.e2e import data
from tests.e2e.processes import portal
from tests.e2e.protocols import protocol, until_gone
from tests.e2e.served import served
from tests.e2e.sockets import GRAPHQL, PATIENCE_SECONDS, calling, post

REGISTER = """mutation ($input: RegisterClientInput!) {
    registerClient(input: $input) { client { id } userErrors { code } } }"""
QUERY, MUTATION, UNKNOWN = "query", "mutation", "unknown"


async def given_up(method: str = "POST", *, kind: str = UNKNOWN, language: str = "en") -> tuple[int, Json]:
    """Return the status and the error of a request that hangs when the server stops."""
    begun = asyncio.Event()

    async def hang(scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        if kind != UNKNOWN:
            until = Deadline(60, 60)
            if kind == MUTATION:
                until.allow_change()
            scope["state"]["context"] = SimpleNamespace(deadline=until)
        begun.set()
        await until_gone(receive)

    async with (
        protocol(hang) as (port, connections),
        plain.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        asking = asyncio.create_task(http.request(method, "/", headers={"Accept-Language": language}))
        await begun.wait()
        connections.give_up()
        answer = await asking
    (error,) = answer.json()["errors"]
    return answer.status_code, error


@pytest.mark.parametrize("kind", [MUTATION, UNKNOWN])
async def test_a_change_without_an_answer_has_an_unknown_outcome(kind: str) -> None:
    status, error = await given_up(kind=kind)

    assert (status, error["extensions"]) == (503, {"code": "UNAVAILABLE", "outcome": "UNKNOWN"})
    assert "Check before you repeat it" in error["message"]


@pytest.mark.parametrize(("method", "kind"), [("POST", QUERY), ("GET", QUERY), ("GET", UNKNOWN)])
async def test_a_query_without_an_answer_changed_nothing(method: str, kind: str) -> None:
    status, error = await given_up(method, kind=kind)

    assert (status, error["extensions"]) == (503, {"code": "UNAVAILABLE"})
    assert "Nothing was changed" in error["message"]


async def test_a_request_without_its_whole_body_changed_nothing() -> None:
    begun = asyncio.Event()

    async def hang(_scope: Scope, receive: Receive, _send: Send) -> None:
        begun.set()
        await until_gone(receive)

    async with protocol(hang) as (port, connections), asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GRAPHQL + b"Content-Length: 10\r\n\r\n{")
        await begun.wait()
        connections.give_up()
        received = await reader.read()
        writer.close()

    assert received.startswith(b"HTTP/1.1 503 ")
    assert b"outcome" not in received


@pytest.mark.parametrize(("language", "said"), [("en", "was restarted"), ("pt-BR", "foi reiniciado")])
async def test_the_answer_is_in_the_language_of_the_caller(language: str, said: str) -> None:
    _, error = await given_up(language=language)

    assert said in error["message"]


def test_a_change_that_a_lock_holds_up_is_answered_and_no_error(tmp_path: Path) -> None:
    environment = data.demonstration(tmp_path, MUTATION_TIMEOUT_SECONDS="60")
    secret = portal(environment, "create-token", "--email", "gerente@alfa.example", "--permissions", "all").strip()
    body = {"query": REGISTER, "variables": {"input": {"cnpj": cnpjs.another(), "name": "Padaria"}}}
    with (
        served(environment, tmp_path / "log", workers=1, measured=True) as server,
        calling(server.port) as caller,
        closing(sqlite3.connect(tmp_path / "portal.db", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        token = b"Authorization: Bearer " + secret.encode()
        caller.send(post(json.dumps(body).encode(), token, b"Accept-Language: en"))
        server.process.send_signal(signal.SIGTERM)
        answer = caller.answer()
        other.execute("ROLLBACK")
        status = server.process.wait(PATIENCE_SECONDS)

    (error,) = answer.json["errors"]
    log = server.log.read_text()
    assert (answer.status, error["extensions"]) == (503, {"code": "UNAVAILABLE", "outcome": "UNKNOWN"})
    assert error["message"].startswith("The portal was restarted")
    assert (status, "stopped before all was answered" in log) == (0, True)
    assert "Exception in ASGI application" not in log
