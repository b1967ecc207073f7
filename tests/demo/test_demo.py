"""The demo is the same each time, shows everything, and is consistent to the last counter."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from db.doctor.checks import examine_rows
from db.engine import Database
from db.tables import activations, clients, events, metadata, orders, partners, users
from demo import making, names
from demo.calendar import Calendar
from demo.making import NotEmptyError
from demo.plan import Sizes, TooFewOrdersError, shares
from domain import cnpj
from domain.access import DEMO_PASSWORD, Role
from domain.activations import ActivationCancellationReason
from domain.clients import STATES, ClientStatus
from domain.orders import OrderStatus, OrderType
from domain.policies import Policy
from domain.refusals import InvalidCredentials
from resolvers.context import Context
from resolvers.portal import Portal
from resolvers.sessions import SignedIn, sign_in
from server.app import create_app
from server.settings import Settings
from tests.api import Api, transport
from tests.databases import Databases
from tests.units import fetch_all, fetch_value, reading, writing

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SMALL = Sizes(clients=60, activations=150, orders=40)

Make = Callable[..., Awaitable[Portal]]


@pytest.fixture
async def make(engine: str, databases: Databases) -> AsyncIterator[Make]:
    """Makes a demo in a database of its own."""
    opened: list[Database] = []

    async def made(sizes: Sizes = SMALL, *, seed: int = 1) -> Portal:
        opened.append(Database(databases.migrated(engine)))
        portal = Portal(opened[-1], secret=b"s" * 32, now=lambda: NOW, demo=True)
        await making.make(portal, sizes, seed=seed, now=NOW, report=lambda *_: None)
        return portal

    yield made
    for database in opened:
        await database.close()


@pytest.fixture(scope="module")
async def small_data(engine: str, databases: Databases) -> str:
    """URL of a database with a small demo, to be copied."""
    url = databases.migrated(engine)
    portal = Portal(Database(url), secret=b"s" * 32, now=lambda: NOW, demo=True)
    await making.make(portal, SMALL, seed=1, now=NOW, report=lambda *_: None)
    await portal.database.close()
    return url


@pytest.fixture
async def small(small_data: str, databases: Databases) -> AsyncIterator[Portal]:
    """Portal with a small demo of its own."""
    database = Database(databases.copy(small_data))
    yield Portal(database, secret=b"s" * 32, now=lambda: NOW, demo=True)
    await database.close()


async def rows(portal: Portal, *columns: Any) -> list[Any]:  # noqa: ANN401 — the columns of any table.
    async with reading(portal.database) as connection:
        return list(await fetch_all(connection, sa.select(*columns)))


async def everything(portal: Portal) -> dict[str, list[Any]]:
    """Every row of every table, but for the salted hashes of passwords."""
    return {
        table.name: await rows(portal, *(column for column in table.c if column.name != "password_hash"))
        for table in metadata.sorted_tables
    }


async def test_one_seed_makes_one_demo(make: Make) -> None:
    first, again, other = await make(), await make(), await make(seed=2)

    found = await everything(first)
    assert found == await everything(again)
    assert found["clients"] != (await everything(other))["clients"]


@pytest.mark.parametrize("sizes", [SMALL, making.LEAST, Sizes(clients=9, activations=500, orders=9)])
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_nothing_is_wrong_with_it(make: Make, sizes: Sizes, seed: int) -> None:
    portal = await make(sizes, seed=seed)

    assert await portal.database.read(examine_rows) == []
    for table, count in zip((clients, activations, orders), sizes, strict=True):
        assert await rows(portal, sa.func.count(table.c.id)) == [(count,)]


_ORGANIZATIONS = partners.c.name, partners.c.is_vendor


async def test_it_shows_everything_that_there_is(small: Portal) -> None:
    organizations = {(name.split()[0], is_vendor) for name, is_vendor in await rows(small, *_ORGANIZATIONS)}
    assert organizations == {("Alfa", False), ("Beta", False), ("Gama", False), ("Grupo", True)}
    of_vendor = {("admin@moderniza.example", Role.VENDOR_ADMIN), ("vendas@moderniza.example", Role.VENDOR_SALES)}
    assert of_vendor | {
        (f"{login}@{domain}.example", role)
        for domain in ("alfa", "beta", "gama")
        for login, role in (("gerente", Role.MANAGER), ("operador", Role.OPERATOR), ("consulta", Role.VIEWER))
    } == set(map(tuple, await rows(small, users.c.email, users.c.role)))
    assert {status for (status,) in await rows(small, orders.c.status)} == set(OrderStatus)
    assert {kind for (kind,) in await rows(small, orders.c.type)} == set(OrderType)
    reasons = {reason for (reason,) in await rows(small, activations.c.cancellation_reason)}
    assert reasons == {None, *ActivationCancellationReason}
    numbers = [number for (number,) in await rows(small, clients.c.cnpj) if number is not None]
    assert all(cnpj.parse(number) == number for number in numbers)
    assert {number.isdecimal() for number in numbers} == {True, False}
    assert {status for (status,) in await rows(small, clients.c.status)} == set(ClientStatus)


async def test_it_has_a_partner_with_each_policy(small: Portal) -> None:
    of_partners = await rows(small, *(partners.c[name] for name in Policy._fields))
    assert [any(of_one) for of_one in zip(*of_partners, strict=True)] == [True] * len(Policy._fields)


_OF_VENDOR = """{ viewer { partner { name } role }
    partners(first: 10) { nodes { name status suspensionReason
        policy { fourEyes approvalCeiling stockWarningBelow apiTokenNetworks secondFactorRequired pointsPerSecond } } }
    products { name active }
    priceTables(first: 10) { nodes { versionInForce { number } versions { number state beginsAt } } } }"""


@pytest.mark.parametrize("login", ["admin", "vendas"])
async def test_its_vendor_s_users_see_each_state_of_the_vendor_s_half(small: Portal, login: str) -> None:
    signing = """mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }"""
    app = create_app(small, Settings(demo=True))
    async with httpx.AsyncClient(transport=transport(app), base_url="http://portal.test") as http:
        credentials = {"email": f"{login}@moderniza.example", "password": DEMO_PASSWORD}
        token = (await Api(http, small).data(signing, input=credentials))["signIn"]["token"]
        seen = await Api(http, small, token=token).data(_OF_VENDOR)

    assert seen["viewer"]["partner"]["name"].startswith("Grupo Moderniza")
    organizations = seen["partners"]["nodes"]
    suspended = [each for each in organizations if each["status"] == "SUSPENDED"]
    assert [bool(each["suspensionReason"]) for each in suspended] == [True]
    assert {"ACTIVE"} < {each["status"] for each in organizations}
    policies = [each["policy"] for each in organizations]
    assert {name for policy in policies for name, setting in policy.items() if setting} == set(policies[0])
    assert [each["name"] for each in seen["products"] if not each["active"]] == ["Moderniza Clássico"]
    versions = [each for table in seen["priceTables"]["nodes"] for each in table["versions"]]
    later = [
        each for each in versions if each["state"] == "PUBLISHED" and datetime.fromisoformat(each["beginsAt"]) > NOW
    ]
    assert later
    assert all(table["versionInForce"] for table in seen["priceTables"]["nodes"])


async def test_what_replaced_a_moved_activation_is_known(small: Portal) -> None:
    moved = activations.alias()
    reasons = await rows(small, moved.c.cancellation_reason, moved.c.moved_to_id)
    assert all((reason is ActivationCancellationReason.MOVED) == (target is not None) for reason, target in reasons)


async def test_events_are_numbered_in_the_order_of_time_and_have_all_happened(small: Portal) -> None:
    found = await rows(small, events.c.partner_id, events.c.number, events.c.occurred_at)
    moments = [moment for _, _, moment in sorted(found)]
    assert sorted(found, key=lambda event: (event[0], event[2])) == sorted(found)
    assert NOW - timedelta(days=366) < min(moments)
    assert max(moments) < NOW


async def test_ids_go_on_after_those_of_the_demo(small: Portal) -> None:
    async with writing(small.database) as tx:
        folded = dict.fromkeys(("name_folded", "trade_name_folded", "names_folded", "city_folded"), "")
        values = {"partner_id": 1, **folded}
        new = sa.insert(clients).values(
            **values, cnpj="1", name="A", status=ClientStatus.ACTIVE, registered_at=NOW, updated_at=NOW
        )
        added = await fetch_value(tx, new.returning(clients.c.id))

    assert added == SMALL.clients + 1


async def test_it_is_made_in_an_empty_database_only(small: Portal) -> None:
    with pytest.raises(NotEmptyError):
        await making.make(small, SMALL, seed=1, now=NOW, report=lambda *_: None)


async def test_orders_too_few_for_the_licenses_are_refused(make: Make) -> None:
    with pytest.raises(TooFewOrdersError, match="ask for more orders"):
        await make(Sizes(clients=9, activations=100_000, orders=9))


async def test_its_password_signs_in_where_it_is_a_demonstration_and_nowhere_else(small: Portal) -> None:
    real = Portal(small.database, secret=small.secret, now=small.now, demo=False)

    signed_in = await sign_in(Context(small), "consulta@gama.example", DEMO_PASSWORD)

    assert isinstance(signed_in, SignedIn)
    assert signed_in.viewer.role is Role.VIEWER
    with pytest.raises(InvalidCredentials):
        await sign_in(Context(real), "consulta@gama.example", DEMO_PASSWORD)


def test_a_total_is_shared_out_to_the_last_one() -> None:
    assert shares(60, (0.6, 0.25, 0.15), least=3) == [36, 15, 9]
    assert shares(9, (0.6, 0.25, 0.15), least=3) == [3, 3, 3]
    assert shares(101, (0.6, 0.25, 0.15), least=0) == [61, 25, 15]


def test_nothing_happens_on_a_sunday_or_on_the_day_itself() -> None:
    calendar = Calendar(Random(1), NOW)  # noqa: S311 — an example.

    moments = [calendar.moment(after=calendar.begin) for _ in range(2_000)]

    assert not any(moment.isoweekday() == 7 for moment in moments)
    assert calendar.begin < min(moments)
    assert max(moments) < NOW.replace(hour=0)
    assert calendar.moment(after=NOW.replace(hour=0) - timedelta(seconds=1)) < NOW.replace(hour=0)


def test_every_city_is_in_a_state_of_brazil() -> None:
    assert {state for _, state in names.CITIES} == STATES


@pytest.mark.parametrize("days", [1, 5, 6, 7, 200])
def test_every_day_makes_the_same_of_it(days: int) -> None:
    later = NOW + timedelta(days=days)
    today, that_day = Calendar(Random(1), NOW), Calendar(Random(1), later)  # noqa: S311 — nothing secret is drawn.

    def since(calendar: Calendar) -> list[timedelta]:
        return [calendar.moment(after=calendar.begin) - calendar.begin for _ in range(50)]

    assert since(that_day) == since(today)
    assert later - timedelta(days=7) <= that_day.end <= later
