"""A server with demo data, a browser that reaches nothing else, and a page in it that has to stay free of faults."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.async_api import Browser, async_playwright

from server import page as graphiql
from tests.browser.visit import Visit
from tests.e2e.processes import portal, serving

_BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


@pytest.fixture(scope="session")
def executable() -> str:
    """The machine's browser, on a machine where the page could be built too."""
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
    """The address of GraphiQL at a demonstration."""
    assert executable
    folder: Path = tmp_path_factory.mktemp("browser")
    environment = {**os.environ, "DEMO": "true", "GRAPHIQL": "true", "DATABASE_URL": f"sqlite:///{folder}/portal.db"}
    for command in ("migrate", "demo"):
        portal(environment, command)
    with serving(environment, folder / "log") as (address, _):
        yield f"{address}/graphql"


@pytest.fixture(scope="session")
async def browser(executable: str) -> AsyncIterator[Browser]:
    # As root Chromium has no sandbox. It finds no name, so that it reaches this machine only.
    flags = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=executable, args=flags)
        yield started
        await started.close()


@pytest.fixture
async def visit(browser: Browser, url: str) -> AsyncIterator[Visit]:
    """A visit with a screen as a desk has it, by somebody from Brazil."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="pt-BR")
    visit = await Visit.begin(context, url)
    yield visit
    await context.close()
    assert visit.faults == []
