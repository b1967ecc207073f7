"""Application of a portal on each engine, a partner in it, and an HTTP client."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from typer import testing
from typer.main import get_command
from typer.testing import CliRunner, Result

from db.engine import Database
from db.engine.filters import values_of
from db.engine.statement import Statement
from db.tables import trusted_documents
from domain.access import ALL, Permissions
from resolvers.portal import Portal
from server.app import create_app
from server.cli import app as portal_command
from server.settings import Settings
from tests.api import Client
from tests.databases import Databases
from tests.executors import DOCUMENTS
from tests.factories import add_partner, add_token, add_user
from tests.server.log import Log
from tests.units import writing

MAX_BODY_BYTES = 64 * 1024

_REMOVE_DOCUMENTS = Statement(sa.delete(trusted_documents), values_of)

# The commands and options are the same each time; to make all of them takes longer than most commands.
testing._get_command = cache(get_command)  # type: ignore[attr-defined]  # noqa: SLF001 — `invoke` calls it.

Command = Callable[..., Result]
"""`portal`, called with the words of a command line."""


class Caller(NamedTuple):
    """User of a new partner, with a token."""

    partner_id: int
    user_id: int
    token_id: int
    digest: bytes
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of the user's requests."""
        return {"Authorization": f"Bearer {self.secret}"}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Settings of an empty environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return _empty_settings().model_copy()


@cache
def _empty_settings() -> Settings:
    # To read them takes as long as a request.
    return Settings(max_body_bytes=MAX_BODY_BYTES)


@pytest.fixture
def app(portal: Portal, settings: Settings) -> Starlette:
    return create_app(portal, settings, documents=DOCUMENTS)


@pytest.fixture
async def http(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with Client(app) as http:
        yield http


@pytest.fixture
async def caller(portal: Portal) -> Caller:
    return await sign_up(portal)


async def remove_documents(database: Database) -> None:
    """Remove the documents that tests before have registered, all of which each server prepares."""
    async with writing(database) as tx:
        await tx.execute(_REMOVE_DOCUMENTS)


async def sign_up(
    portal: Portal, *, chosen: Permissions = ALL, email: str | None = None, expires_at: datetime | None = None
) -> Caller:
    """Create a manager of a new partner, with an API token."""
    async with writing(portal.database) as tx:
        partner_id = await add_partner(tx)
        user_id = await add_user(tx, partner_id, email=email)
        token = await add_token(tx, partner_id, user_id, at=portal.now(), chosen=chosen, expires_at=expires_at)
    return Caller(partner_id, user_id, token.id, token.digest, token.secret)


@pytest.fixture
def command(engine: str, databases: Databases, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """`portal`, in demo mode, with an empty migrated database of its own."""
    return _command(databases.migrated(engine), monkeypatch, tmp_path)


@pytest.fixture(scope="session")
def demo_data(engine: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> str:
    """URL of a database in which `portal demo` has run, to be copied."""
    url = databases.migrated(engine)
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = _command(url, monkeypatch, tmp_path_factory.mktemp("demo"))("demo")
    assert made.exit_code == 0, made.output
    return url


@pytest.fixture
def demo_portal(demo_data: str, databases: Databases, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """`portal`, in demo mode, with a database of its own that `portal demo` has filled."""
    return _command(databases.copy(demo_data), monkeypatch, tmp_path)


def _command(url: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Command:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("SECRET_KEY", "s" * 32)
    monkeypatch.setenv("DEMO", "true")

    def call(*arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(portal_command, arguments, input=typed)

    return call


@pytest.fixture
def log(settings: Settings) -> Iterator[Log]:
    """Log of this test; it belongs to the whole process, so it is reset afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield Log(settings)
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
    root.setLevel(level)
