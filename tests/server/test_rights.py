"""Roles of PostgreSQL that lack a right: a server says so at its start, and later answers UNAVAILABLE."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from db.engine import Database
from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests import cnpjs
from tests.databases import Databases
from tests.factories import new_caller, new_partner
from tests.server.requests import code
from tests.server.test_trouble import refused
from tests.units import execute, writing

REGISTER = """mutation ($input: RegisterClientInput!) {
    registerClient(input: $input) { client { id } userErrors { code } } }"""

READING = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
WRITING = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
NUMBERING = "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"


@pytest.fixture
def url(databases: Databases) -> str:
    return databases.migrated("postgresql")


async def run(url: str, *statements: str) -> None:
    database = Database(url)
    async with writing(database) as tx:
        for each in statements:
            await execute(tx, sa.text(each))
    await database.close()


@asynccontextmanager
async def role_with(url: str, *grants: str) -> AsyncIterator[str]:
    """Yield the URL for a new role that has these rights."""
    role = f"portal_{uuid4().hex}"
    await run(url, f"CREATE ROLE {role} LOGIN", *(each.format(role=role) for each in grants))
    try:
        yield sa.make_url(url).set(username=role).render_as_string(hide_password=False)
    finally:
        await run(url, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.mark.parametrize("grants", [(READING,), (WRITING,), (READING, NUMBERING)], ids=["read", "write", "number"])
async def test_a_server_whose_role_lacks_a_right_does_not_start(
    url: str, grants: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO", "false")
    monkeypatch.setenv("SECRET_KEY", uuid4().hex)
    async with role_with(url, *grants) as of_role:
        monkeypatch.setenv("DATABASE_URL", of_role)

        said = await asyncio.to_thread(refused, ["serve", "--port", "0"])

    role = sa.make_url(of_role).username
    assert said.startswith("The user of DATABASE_URL may not read and write ")
    for grant in (WRITING, NUMBERING):
        assert f"{grant.format(role=role)};" in said


async def test_a_right_that_is_revoked_makes_mutations_unavailable(
    url: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with role_with(url, WRITING, NUMBERING) as of_role:
        role = sa.make_url(of_role).username
        portal = Portal(Database(of_role), b"s" * 32)
        app = create_app(portal, settings)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.test") as http,
        ):
            caller = await new_caller(http, portal, await new_partner(portal))
            before = (await http.get("/readyz")).status_code
            await run(url, f"REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM {role}")
            with caplog.at_level(logging.ERROR, "portal.database"):
                answers = [await register(caller.http, caller.token) for _ in range(3)]
            without = await http.get("/readyz")
            await run(url, WRITING.format(role=role))
            again = (await http.get("/readyz")).status_code
            done = await register(caller.http, caller.token)

    assert {code(answer) for answer in answers} == {"UNAVAILABLE"}
    assert all(answer.headers["retry-after"] for answer in answers)
    # Other loggers may be at work, by the level that another test has set.
    (line,) = [each.message for each in caplog.records if each.name == "portal.database"]
    assert "lacks a privilege" in line
    assert "42501" in line
    assert (before, without.json()["failed"], again) == (HTTPStatus.OK, "writes", HTTPStatus.OK)
    assert done.json()["data"]["registerClient"]["client"]


async def register(http: httpx.AsyncClient, token: str | None) -> httpx.Response:
    given = {"cnpj": cnpjs.another(), "name": "Padaria"}
    body = {"query": REGISTER, "variables": {"input": given}}
    return await http.post("/graphql", json=body, headers={"Authorization": f"Bearer {token}"})
