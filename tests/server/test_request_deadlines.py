"""A request that can't be done in time is TIMEOUT, and all others go on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus

import httpx
import pytest
import sqlalchemy as sa

from db.engine import Database, Transaction
from db.engine.connection import TookTooLongError
from db.tables import partner_counters
from domain.access import TokenKind
from server.app import create_app
from server.graphql.documents import Documents
from server.settings import Settings
from tests import cnpjs
from tests.api import Api, transport
from tests.factories import new_caller
from tests.units import execute, writing

SHORT = 0.3
REGISTER = """mutation ($input: RegisterClientInput!) {
    registerClient(input: $input) { client { id } userErrors { code } } }"""
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }"
CANCEL_EACH = "mutation ($input: CancelActivationsInput!) { cancelActivations(input: $input) { __typename } }"
CLIENTS = "{ clients(first: 1) { totalCount nodes { name } } }"


@asynccontextmanager
async def limited(api: Api, documents: Documents, settings: Settings) -> AsyncIterator[Api]:
    """The same caller of the same portal, with other settings."""
    # The token is looked up now, with other limits.
    await api.data("{ viewer { role } }")
    app = create_app(api.portal, settings, documents=documents)
    async with httpx.AsyncClient(transport=transport(app), base_url="http://portal.test") as http:
        yield replace(api, http=http)


async def lock(tx: Transaction, partner_id: int) -> None:
    """Lock what each change of a partner needs; on SQLite, the transaction has locked the file already."""
    counters = partner_counters
    await execute(tx, sa.update(counters).where(counters.c.partner_id == partner_id).values(partner_id=partner_id))


async def test_a_change_that_waits_for_a_lock_is_refused_at_its_deadline(api: Api, documents: Documents) -> None:
    given = {"cnpj": cnpjs.another(), "name": "Padaria", "idempotencyKey": "once"}
    async with limited(api, documents, Settings(mutation_timeout_seconds=SHORT)) as caller:
        async with writing(api.portal.database) as tx:
            await lock(tx, api.partner_id)
            error = await caller.error(REGISTER, input=given)
            # What does not need the lock goes on.
            assert (await caller.data(CLIENTS))["clients"]["totalCount"] == 0

        assert error["extensions"] == {"code": "TIMEOUT", "deadlineSeconds": SHORT}
        assert error["message"] == "This could not be done within 1 second. Nothing was changed; try again."
        assert (await api.data(CLIENTS))["clients"]["totalCount"] == 0
        payload = (await api.data(REGISTER, input=given))["registerClient"]
        assert payload["userErrors"] == []


async def test_a_revocation_that_waits_for_a_lock_ends_at_its_deadline(api: Api, documents: Documents) -> None:
    leaked = await new_caller(api.http, api.portal, api.partner_id, kind=TokenKind.API)
    async with limited(api, documents, Settings(mutation_timeout_seconds=SHORT)) as caller:
        async with writing(api.portal.database) as tx:
            await lock(tx, api.partner_id)
            answer = await caller.http.post("/revoke", data={"token": str(leaked.token)})

        assert answer.status_code == HTTPStatus.GATEWAY_TIMEOUT
        assert answer.json()["errors"][0]["extensions"] == {"code": "TIMEOUT", "deadlineSeconds": SHORT}
        # The token was not revoked.
        await leaked.data(CLIENTS)


async def test_a_refusal_at_the_deadline_is_in_the_language_of_the_caller(api: Api, documents: Documents) -> None:
    settings, given = Settings(mutation_timeout_seconds=SHORT), {"cnpj": cnpjs.another(), "name": "Padaria"}
    async with limited(api, documents, settings) as caller, writing(api.portal.database) as tx:
        await lock(tx, api.partner_id)
        error = await replace(caller, language="pt-BR").error(REGISTER, input=given)

    assert error["message"] == (
        "A operação não terminou em 1 segundo e foi interrompida. Nada foi alterado; tente de novo."
    )


@pytest.mark.parametrize(
    ("accepted", "status"),
    [("application/json", HTTPStatus.OK), ("application/graphql-response+json", HTTPStatus.GATEWAY_TIMEOUT)],
)
async def test_a_timeout_has_the_status_of_its_media_type(
    api: Api, documents: Documents, accepted: str, status: HTTPStatus
) -> None:
    settings = Settings(mutation_timeout_seconds=SHORT)
    async with limited(api, documents, settings) as caller, writing(api.portal.database) as tx:
        await lock(tx, api.partner_id)
        body = {"query": REGISTER, "variables": {"input": {"cnpj": cnpjs.another(), "name": "Padaria"}}}
        headers = {"Authorization": f"Bearer {api.token}", "Accept": accepted}
        answer = await caller.http.post("/graphql", json=body, headers=headers)

    assert answer.status_code == status
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["TIMEOUT"]


# A SQLite file has one lock for all writers.
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True, scope="session")
async def test_changes_of_other_partners_go_on_beside_a_locked_one(
    api: Api, other_api: Api, documents: Documents
) -> None:
    settings = Settings(mutation_timeout_seconds=5)
    async with limited(api, documents, settings) as caller, writing(api.portal.database) as tx:
        await lock(tx, api.partner_id)
        # More than there are connections for writes.
        blocked = [
            asyncio.create_task(caller.error(REGISTER, input={"cnpj": cnpjs.another(), "name": "Padaria"}))
            for _ in range(12)
        ]
        for _ in range(5):
            await other_api.client()
        errors = await asyncio.gather(*blocked)

    assert {error["extensions"]["code"] for error in errors} == {"TIMEOUT"}
    assert api.portal.database.usage() == (0, 0)


@pytest.mark.parametrize(
    ("mutation", "given", "outcome"),
    [
        (REGISTER, {"name": "Padaria"}, "CHANGED"),
        # It records what the filter matches before it reads which items are done.
        (
            CANCEL_EACH,
            {"filter": {"clientName": "Padaria"}, "expectedCount": 1, "mode": "EACH", "idempotencyKey": "any key"},
            "UNKNOWN",
        ),
    ],
)
async def test_a_read_past_the_deadline_says_whether_the_change_was_made(
    api: Api, product: str, mutation: str, given: dict[str, object], outcome: str
) -> None:
    await api.buy(product, 1)
    await api.activation(await api.client(name="Padaria"), product)
    database = api.portal.database
    api.portal.database = in_threads = Database(database.url.render_as_string(hide_password=False), in_place=False)
    is_late = False

    def commit() -> None:
        nonlocal is_late
        is_late = True

    def end(_statement: str) -> None:
        if is_late:
            raise TookTooLongError

    in_threads.after_commit.append(commit)
    in_threads.observers.append(end)
    given = {"cnpj": cnpjs.another(), **given} if mutation == REGISTER else given
    try:
        error = await api.error(mutation, input=given)
    finally:
        api.portal.database = database
        await in_threads.close()

    assert (error["extensions"]["code"], error["extensions"]["outcome"]) == ("TIMEOUT", outcome)


async def test_a_mutation_whose_first_read_is_late_has_changed_nothing(api: Api) -> None:
    database = api.portal.database
    api.portal.database = in_threads = Database(database.url.render_as_string(hide_password=False), in_place=False)

    def end(statement: str) -> None:
        if "attempts" in statement:
            raise TookTooLongError

    in_threads.observers.append(end)
    try:
        error = await api.error(SIGN_IN, input={"email": "ana@alfa.example", "password": "a" * 12})
    finally:
        api.portal.database = database
        await in_threads.close()

    assert error["extensions"]["code"] == "TIMEOUT"
    assert "outcome" not in error["extensions"]
    assert "Nothing was changed" in error["message"]


async def test_a_query_past_its_deadline_is_not_read(api: Api, documents: Documents) -> None:
    database = api.portal.database
    in_threads = Database(database.url.render_as_string(hide_password=False), in_place=False)
    api.portal.database = in_threads
    try:
        async with limited(api, documents, Settings(request_timeout_seconds=1e-6)) as caller:
            error = await caller.error("{ clients { nodes { name } } }")
    finally:
        api.portal.database = database
        await in_threads.close()

    assert error["extensions"] == {"code": "TIMEOUT", "deadlineSeconds": 1e-6}
    assert "Ask for less, or try again" in error["message"]
