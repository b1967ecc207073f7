"""Fixtures for all tests: databases on both engines, a portal, and callers."""

import asyncio
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from types import FrameType
from typing import Protocol

import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import settings

from db.engine import Database
from domain.access import Role
from resolvers import passwords
from resolvers.portal import Portal
from server.app import create_app
from server.graphql.documents import Documents
from server.settings import Settings
from tests import cheap_passwords, memory, once
from tests.api import Api, From, serving
from tests.clock import Clock
from tests.clusters import Cluster
from tests.databases import ENGINES, Databases, PostgreSQL
from tests.e2e import forks
from tests.executors import COMPARED_DOCUMENTS, DOCUMENTS, STOCK_DOCUMENTS
from tests.factories import new_caller, new_manager, new_product, new_vendor
from tests.few_reports import pytest_runtest_protocol  # noqa: F401 — for pytest.
from tests.left_tasks import pytest_runtest_call, pytest_runtest_teardown, session_loop  # noqa: F401 — for pytest.
from tests.pairs import Pair
from tests.replicas import Standby
from tests.units import kept_open
from tests.validated import ValidTexts, validate_once
from tests.walled import Walled, WalledDatabase, turn_on

# The time of an example depends on the machine's load, and says nothing about the rule.
settings.register_profile("portal", parent=settings.default, deadline=None)
settings.load_profile("portal")

WALLED = "walled"
"""PostgreSQL with row-level security, as an engine of tests."""

STOCK = "stock"
"""SQLite below graphql-core's own executor, as an engine of tests."""

_WAITING = ("durability", "browser", "docs"), ("e2e",)
"""Folders whose tests mostly wait for other processes, in two groups that take about 300 and 220 seconds."""

_SLOW = "db", "security", "server"
"""Folders of which some tests take seconds."""

Recovered = Callable[[float], None]

_DIRECTORY = pytest.StashKey[Path]()

memory.keep_files()
memory.forget_large_pages()

# A name service that answers late, or not at all, is no part of what is tested.
os.environ.setdefault("RES_OPTIONS", "timeout:1 attempts:1")

# None of the modules and tests that are collected is garbage; the hook after the collection enables it again.
gc.disable()


class Stock(str):
    """Engine whose operations run by stock execution."""

    __slots__ = ()


class _WorkerNode(Protocol):
    """Worker as xdist starts it."""

    config: pytest.Config
    workerinput: dict[str, object]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option to run all tests behind row-level security, and not only those that are marked."""
    parser.addoption("--walled", action="store_true", help="run every test on PostgreSQL with row-level security too")


def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` starts: one more than there are cores, as tests often wait for servers."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    """Choose the directory of what the run shares; workers get it from the process that started them."""
    config.addinivalue_line("markers", "walled: it also runs on PostgreSQL with row-level security")
    config.addinivalue_line("markers", "stock: it runs once more by stock execution alone")
    config.addinivalue_line("markers", "edge: what it checks is before any statement, such as a refused input")
    given = getattr(config, "workerinput", {}).get("shared")
    config.stash[_DIRECTORY] = folder = Path(given or tempfile.mkdtemp(prefix="portal-"))
    once.begin(folder, is_first=given is None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker start with tests that wait, and another run such tests later, while the others compute.

    With `--dist worksteal`, each worker gets an equal share of consecutive tests, and one that has finished takes tests
    from the longest queue. Short tests are last, so that all workers end together; and tests that wait are not, as all
    workers would wait then.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share = len(items) // workers if workers > len(_WAITING) else 0
    others = [item for item in items if not any(_is_in(item, folders) for folders in _WAITING)]
    shares = []
    for place, folders in enumerate(_WAITING):
        waiting = [item for item in items if _is_in(item, folders)]
        rest = max(0, share - len(waiting))
        begin, others = _short_last(others[:rest]), others[rest:]
        # The second group begins shortly before the first ends, and ends well before the run does.
        before = place * rest * 2 // 5
        shares += [*begin[:before], *waiting, *begin[before:]]
    items[:] = shares + _short_last(others)


def _is_in(item: pytest.Item, folders: Sequence[str]) -> bool:
    return item.nodeid.startswith(tuple(f"tests/{folder}/" for folder in folders))


def _short_last(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    return sorted(items, key=lambda item: not _is_in(item, _SLOW))


def pytest_collection_finish() -> None:
    """Keep modules and collected tests out of garbage collections, which would look through all of them each time."""
    gc.collect()
    gc.freeze()
    gc.enable()
    # As a server has it: each collection of the youngest objects takes some time, however few of them are garbage.
    gc.set_threshold(10_000, 10, 10)
    # Unless it finds another one, asyncio sets a handler for each fixture and test, and makes texts of their tasks.
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.default_int_handler(number, frame)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: _WorkerNode) -> None:
    """Send the directory of what the run shares to a worker."""
    node.workerinput["shared"] = str(node.config.stash[_DIRECTORY])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of the table of faults, if the run is verbose."""
    passed = terminalreporter.getreports("passed") if terminalreporter.config.option.verbose > 0 else []
    found = [(name, seconds) for each in passed for name, seconds in each.user_properties if name.startswith("fault ")]
    if found:
        terminalreporter.section("seconds until all was well")
    for name, seconds in found:
        terminalreporter.write_line(f"{seconds:6.2f} | {name.removeprefix('fault ')}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what runs for all processes when the one that began the run ends."""
    if not hasattr(config, "workerinput"):
        forks.stop(config.stash[_DIRECTORY])
        PostgreSQL(config.stash[_DIRECTORY]).stop()
        # A server that was killed may still have files in it that vanish meanwhile.
        shutil.rmtree(config.stash[_DIRECTORY], ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def strong_hasher() -> Iterator[PasswordHasher]:
    """Hasher of passwords as the portal has it. All other tests hash with the least work that argon2 allows."""
    with pytest.MonkeyPatch.context() as patched:
        strong = passwords._hasher  # noqa: SLF001 — no caller chooses the cost.
        cheap_passwords.hash_cheaply(patched.setattr)
        yield strong


@pytest.fixture(scope="session", autouse=True)
def valid_texts(pytestconfig: pytest.Config) -> Iterator[None]:
    """Share which documents are valid with the other processes of the run."""
    with (
        closing(ValidTexts(pytestconfig.stash[_DIRECTORY] / "valid")) as texts,
        pytest.MonkeyPatch.context() as patched,
    ):
        validate_once(texts, patched)
        yield


@pytest.fixture
def recovered(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Recovered:
    """Note after how many seconds all was well, which `pytest -v` prints for the table of faults."""
    name = str(request.node.nodeid)
    return lambda seconds: record_property(f"fault {name}", seconds)


@pytest.fixture(scope="session")
def databases(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Factory of new databases, for tests that can't share one."""
    return Databases(PostgreSQL(pytestconfig.stash[_DIRECTORY]), tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_server(pytestconfig: pytest.Config) -> PostgreSQL:
    """PostgreSQL of this run, whose programs make other servers."""
    return PostgreSQL(pytestconfig.stash[_DIRECTORY])


@pytest.fixture(scope="session")
def own_cluster(postgresql_server: PostgreSQL) -> Iterator[Cluster]:
    """PostgreSQL server that tests of this process may break, one at a time."""
    cluster = Cluster(postgresql_server)
    yield cluster
    cluster.stop("immediate")


@pytest.fixture(scope="session")
def pair_of_servers(pytestconfig: pytest.Config) -> Iterator[Pair]:
    """Primary and standby whose roles tests of this process may change, one at a time."""
    pair = Pair(PostgreSQL(pytestconfig.stash[_DIRECTORY]))
    asyncio.run(pair.synchronize())
    yield pair
    pair.close()


@pytest.fixture(scope="module")
def standby(own_cluster: Cluster, postgresql_server: PostgreSQL) -> Iterator[Standby]:
    """Streaming replica of the server that tests may break, for the tests of a module."""
    standby = Standby(postgresql_server, own_cluster)
    yield standby
    standby.stop()


@pytest.fixture
def cluster(own_cluster: Cluster) -> Iterator[Cluster]:
    """PostgreSQL server that this test may break: it is repaired afterwards."""
    yield own_cluster
    own_cluster.repair()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that depends on an engine on both, unless it names one; an `edge` on SQLite only.

    On SQLite, queries and mutations of the API run by stock execution too, and the answers are compared. A test that is
    marked runs by it alone once more, since subscriptions and numbers of statements can't be compared so.
    """
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    chosen = any(mark.args[0] == "engine" for mark in metafunc.definition.iter_markers("parametrize"))
    if "engine" not in metafunc.fixturenames or chosen:
        return
    engines = [*(ENGINES[:1] if "edge" in marks else ENGINES)]
    if "edge" not in marks and ("walled" in marks or metafunc.config.getoption("--walled")):
        engines.append(WALLED)
    if "stock" in marks:
        engines.append(STOCK)
    metafunc.parametrize("engine", engines, indirect=True, scope="session")


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    """Engine that the test runs on."""
    special = {WALLED: Walled("postgresql"), STOCK: Stock("sqlite")}
    return special.get(request.param, str(request.param))


@pytest.fixture(scope="session")
async def engine_url(engine: str, databases: Databases) -> str:
    """URL of the migrated database that tests share; each creates partners of its own in it."""
    return await turn_on(databases.migrated(engine)) if isinstance(engine, Walled) else databases.shared(engine)


@pytest.fixture(scope="session")
async def database(engine: str, engine_url: str) -> AsyncIterator[Database]:
    """Shared database, open."""
    # Stock execution loads one object at a time, which only batching turns into one statement.
    opened = (
        WalledDatabase(engine_url)
        if isinstance(engine_url, Walled)
        else Database(engine_url, in_place=not isinstance(engine, Stock))
    )
    async with kept_open(opened):
        yield opened


@pytest.fixture
async def own_database(engine: str, databases: Databases) -> AsyncIterator[Database]:
    """Database of the test alone, for one that reads again and again what all partners have."""
    async with kept_open(Database(databases.migrated(engine))) as opened:
        yield opened


@pytest.fixture(scope="module")
async def database_of_module(engine: str, databases: Databases) -> AsyncIterator[Database]:
    """Database of the module's own, whose connections know their statements from one test or example to the next."""
    async with kept_open(Database(databases.migrated(engine))) as opened:
        yield opened


@pytest.fixture
def portal(database: Database) -> Portal:
    """Portal on the shared database, with caches of its own."""
    return Portal(database, secret=b"s" * 32)


@pytest.fixture
def clock(portal: Portal) -> Clock:
    """Clock of the portal, which a test can stop and move."""
    return Clock.of(portal)


@pytest.fixture(scope="session")
def documents(engine: str) -> Documents:
    """Prepared documents, for the executor that the test runs with; on SQLite, both run and are compared."""
    if isinstance(engine, Stock):
        return STOCK_DOCUMENTS
    return COMPARED_DOCUMENTS if engine == "sqlite" else DOCUMENTS


@pytest.fixture
async def http(portal: Portal, documents: Documents) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP client of the portal's real HTTP application."""
    async with serving(portal, documents) as http:
        yield http


@pytest.fixture
async def api(http: httpx.AsyncClient, portal: Portal) -> Api:
    """Manager of a new partner."""
    return await new_manager(http, portal)


@pytest.fixture
async def other_api(http: httpx.AsyncClient, portal: Portal) -> Api:
    """Manager of another new partner."""
    return await new_manager(http, portal, name="Beta")


@pytest.fixture
async def vendor(http: httpx.AsyncClient, portal: Portal) -> Api:
    """Administrator of the vendor."""
    return await new_caller(http, portal, await new_vendor(portal), role=Role.VENDOR_ADMIN)


@pytest.fixture
async def level(databases: Databases) -> AsyncIterator[Api]:
    """Manager of a new partner on SQLite, whose operations always run with the batch executor."""
    portal = Portal(Database(databases.shared("sqlite")), secret=b"s" * 32)
    async with serving(portal, DOCUMENTS) as http:
        yield await new_manager(http, portal)
    await portal.database.close()


@pytest.fixture
def anonymous(http: httpx.AsyncClient, portal: Portal) -> Api:
    """Caller without a token."""
    return Api(http, portal)


@pytest.fixture
async def caller_from(portal: Portal, documents: Documents) -> AsyncIterator[From]:
    """Callers without a token, each from an address that the test chooses; None for an unknown one."""
    app = create_app(portal, Settings(), documents=documents)
    async with AsyncExitStack() as stack:

        def caller(host: str | None) -> Api:
            # A server on a UNIX socket knows no address.
            client: tuple[str, int] = None if host is None else (host, 1)  # type: ignore[assignment]
            transport = httpx.ASGITransport(app, client=client)
            http = httpx.AsyncClient(transport=transport, base_url="http://portal.test")
            stack.push_async_callback(http.aclose)
            return Api(http, portal)

        yield caller


@pytest.fixture
async def product(api: Api) -> str:
    """Id of a product with a price for the partner of `api`: R$ 100.00 a month and R$ 50.00 to set up."""
    return await new_product(api.portal, api.partner_id)


@pytest.fixture
async def client(api: Api) -> str:
    """Id of a client of the partner of `api`."""
    return await api.client()
