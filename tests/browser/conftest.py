"""Server with demo data, a browser without other network access, and a page whose errors fail the test."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.async_api import Browser, async_playwright, expect

from server.http import graphiql
from tests.browser.visit import Visit
from tests.e2e import data
from tests.e2e.processes import portal, serving

USER, USER_WITHOUT_ANYTHING, USER_PASSWORD = "ana@alfa.example", "ana@vazio.example", "correct horse"
_PATIENCE_MILLISECONDS = 60_000
"""How long what a page shows may take on a machine at full load."""
# The first one draws no windows, which takes a fifth less time.
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

expect.set_options(timeout=_PATIENCE_MILLISECONDS)


@pytest.fixture(scope="session")
def executable() -> str:
    """Return the machine's browser; skip if the machine could not build the page."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        _do_without("there is no Chromium here (on Debian: apt install chromium)")
    if not (graphiql.BUILT / "index.html").exists():
        _do_without("GraphiQL is not built here (make page)")
    return found


def _do_without(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def url(executable: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of GraphiQL in demo mode, with a manager of a partner without data."""
    assert executable
    folder: Path = tmp_path_factory.mktemp("browser")
    environment = data.demonstration(folder, GRAPHIQL="true")
    portal(environment, "create-partner", "--name", "Vazio", "--cnpj", "11.222.333/0001-81")
    _create_user(environment, "Vazio", USER_WITHOUT_ANYTHING)
    with serving(environment, folder / "log") as (address, _):
        yield f"{address}/graphql"


@pytest.fixture(scope="session")
def production(executable: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of GraphiQL outside of demo mode, with demo data and a manager of its own."""
    assert executable
    folder: Path = tmp_path_factory.mktemp("production")
    environment = data.demonstration(folder, GRAPHIQL="true")
    _create_user(environment, "Alfa Automação Comercial Ltda", USER)
    with serving(environment | {"DEMO": "false"}, folder / "log") as (address, _):
        yield f"{address}/graphql"


def _create_user(environment: dict[str, str], partner: str, email: str) -> None:
    options = ("--partner", partner, "--email", email, "--name", "Ana", "--role", "MANAGER", "--password-stdin")
    portal(environment, "create-user", *options, typed=USER_PASSWORD)


@pytest.fixture(scope="session")
async def browser(executable: str) -> AsyncIterator[Browser]:
    # As root Chromium has no sandbox. It resolves no name, so that it reaches this machine only.
    flags = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    # No machine of the tests has one, and to imitate it takes longer than to draw without it.
    flags += ["--disable-gpu"]
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=executable, args=flags)
        yield started
        await started.close()


@pytest.fixture
async def visit(browser: Browser, url: str) -> AsyncIterator[Visit]:
    """Yield a visit with a desktop screen, by a person from Brazil."""
    async with visiting(browser, url) as visit:
        yield visit


@pytest.fixture(scope="module")
async def stranger(browser: Browser, url: str) -> AsyncIterator[Visit]:
    """Yield the visit of somebody who does not sign in, which lasts for the tests of a module."""
    async with visiting(browser, url) as visit:
        yield visit


@pytest.fixture
def signed_out(stranger: Visit) -> Iterator[Visit]:
    """Yield a visit with an open sign-in to tests that leave it open."""
    yield stranger
    assert stranger.problems == []


@pytest.fixture(scope="module")
async def succession(browser: Browser, url: str) -> AsyncIterator[Visit]:
    """Yield the visit of users who sign in one after another."""
    async with visiting(browser, url) as visit:
        yield visit


@pytest.fixture
async def guest(succession: Visit) -> AsyncIterator[Visit]:
    """Yield a visit with an open sign-in to tests each of which signs in as another user."""
    await succession.dialog.wait_for()
    yield succession
    await succession.lose_the_session()
    assert succession.problems == []


@pytest.fixture(scope="module")
async def manager(browser: Browser, url: str) -> AsyncIterator[Visit]:
    """Yield the visit of a manager, which lasts for the tests of a module: to load all takes much longer than most."""
    async with visiting(browser, url) as visit:
        await visit.sign_in()
        yield visit


@pytest.fixture
def signed_in(manager: Visit) -> Iterator[Visit]:
    """Yield a visit of a manager to tests of which each has a tab of its own."""
    yield manager
    assert manager.problems == []


@asynccontextmanager
async def visiting(browser: Browser, url: str, locale: str = "pt-BR") -> AsyncIterator[Visit]:
    """Yield a visit with a browser that prefers a language."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale=locale)
    visit = await Visit.begin(context, url)
    yield visit
    await context.close()
    assert visit.problems == []
