"""What screens show first reads few rows, however many there are: at 100,000 activations, on both engines."""

import re
from asyncio import to_thread
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks import growth_data
from benchmarks.growth_data import LARGE_PARTNER, connected
from db import activations, clients, events, orders, stock_movements
from db.activations import ActivationFilter, ActivationSortKey
from db.clients import ClientFilter, ClientSortKey
from db.engine import Database, listings, listings_of_parents
from db.engine.keyset import Window
from db.engine.listings import Listing
from db.events import EventFilter
from db.orders import OrderSortKey
from domain.activations import ActivationStatus
from domain.tenancy import ALL_PARTNERS, Scope
from tests.databases import Databases
from tests.db.grown_lists import (
    MIDDLE,
    NEW_CLIENTS,
    PRODUCTS,
    SCOPES,
    SIZE,
    SIZES,
    SOME_CLIENTS,
    STEPS_MAX,
    AnyMeasured,
    Case,
    Measured,
    clients_few_fit,
    few_fit,
    first_pages,
    of_one_thing,
    orders_few_fit,
    stock,
)
from tests.db.test_statements import DIALECTS, STATEMENTS
from tests.factories import NOON, add_client
from tests.units import writing

NAME = ClientSortKey.NAME
BY_PLACE = "db.idempotency._DROP_OLD"
"""The only deletion of rows that no single column tells apart."""


@pytest.fixture(scope="module")
async def grown(engine: str, databases: Databases) -> sa.URL:
    """Database in which one of fifty partners has 50,000 activations and 10,000 clients, and some without any."""
    url = databases.migrated(engine)
    await to_thread(growth_data.fill, url, SIZES)
    database = Database(url)
    async with writing(database) as tx:
        for _ in range(NEW_CLIENTS):
            await add_client(tx, LARGE_PARTNER, name="Xerox Nova")
    await database.close()
    return sa.make_url(url)


@pytest.fixture(scope="module")
async def measured(grown: sa.URL) -> AsyncIterator[Measured]:
    """Connection to the database that measures what each statement reads."""
    connection = Measured(grown)
    yield connection
    await connection.close()


async def test_a_first_page_reads_few_rows_of_many(measured: AnyMeasured) -> None:
    for name, case in first_pages():
        await (listings_of_parents.pages if case.of_parents else listings.page)(measured, case.listing, Window(SIZE))

        assert measured.is_bounded, f"{name}: {measured.read}"


async def test_a_page_of_a_product_reads_few_rows(measured: AnyMeasured) -> None:
    for product_id, descending in product((1, len(PRODUCTS) + 1), (False, True)):
        chosen = ActivationFilter(product_id=product_id)
        listed = activations.listing(LARGE_PARTNER, chosen, ActivationSortKey.ACTIVATED_AT, descending=descending)
        found = await listings.page(measured, listed, Window(SIZE))

        assert len(found.rows) == (SIZE if product_id in PRODUCTS else 0)
        assert measured.is_bounded, f"{product_id}: {measured.read}"


async def test_what_one_client_or_printer_has_reads_few_rows_in_any_order(measured: AnyMeasured) -> None:
    for scope, cnpj in product(SCOPES, ("10000000007778", "99999999999999")):
        for when in ActivationSortKey:
            of_client = activations.listing(scope, ActivationFilter(cnpj=cnpj), when, descending=True)
            found = await listings.page(measured, of_client, Window(SIZE))

            assert measured.is_bounded, f"{scope} by {when}: {measured.read}"
            assert bool(found.rows) is cnpj.startswith("1")
        for serial_number, by in product(("BE50000", "XYZZY"), ClientSortKey):
            of_printer = ClientFilter(ecf_serial_number=serial_number)
            listed = clients.listing(scope, of_printer, by, descending=False)
            await listings.page(measured, listed, Window(SIZE))

            assert measured.is_bounded, f"{scope} by {by}: {measured.read}"


async def test_the_clients_of_all_partners_are_counted_over_once(measured: AnyMeasured) -> None:
    by_time = ActivationSortKey.ACTIVATED_AT
    read = []
    for scope in SCOPES:
        common = activations.listing(scope, ActivationFilter(client_name="ltda"), by_time, descending=True)
        assert await listings.count(measured, common) > 0
        read.append(measured.read)

    # All partners have twice as many activations as the large one.
    assert read[1] <= 3 * read[0]


async def test_a_page_of_one_thing_of_all_partners_reads_few_rows(measured: AnyMeasured) -> None:
    for listing in of_one_thing():
        # The first rows of each partner are read.
        found = await listings.page(measured, listing, Window(10))
        assert measured.is_bounded, f"{listing.order} {listing.values}: {measured.read}"

        later = Window(10, after=listing.position(found.rows[-1])) if found.more else Window(10, backward=True)
        await listings.page(measured, listing, later)
        assert measured.is_bounded, f"{listing.order} {listing.values}: {measured.read}"


async def test_a_list_merged_of_partners_is_that_of_all_rows(measured: AnyMeasured) -> None:
    for listing in of_one_thing():
        whole = replace(listing, search=None)
        assert await listings.count(measured, listing) == await listings.count(measured, whole)
        assert await listings.count(measured, listing, 30) == await listings.count(measured, whole, 30)
        at = (await listings.page(measured, whole, Window(SIZE))).rows
        if not at:
            continue
        middle = listing.position(at[len(at) // 2])
        for window in (
            Window(SIZE),
            Window(SIZE, backward=True),
            Window(SIZE, after=middle),
            Window(SIZE, backward=True, before=middle),
        ):
            found, expected = [await listings.page(measured, each, window) for each in (listing, whole)]
            assert ([row.id for row in found.rows], found.more) == ([row.id for row in expected.rows], expected.more)
            beyond = [await listings.any_beyond(measured, each, window) for each in (listing, whole)]
            assert beyond[0] == beyond[1]


async def test_a_search_reads_the_rows_of_its_page_only(measured: AnyMeasured) -> None:
    for scope in SCOPES:
        found_by = clients.listing(scope, ClientFilter(search="xyzzy"), ClientSortKey.NAME, descending=False)
        await listings.page(measured, found_by, Window(SIZE))
        if measured.dialect.name == "postgresql":
            # An index of names has some dozens of them in a block, and the table has the rows of few clients.
            assert measured.is_bounded, measured.read
        else:
            plan = measured.plan()
            assert "COVERING INDEX ix_clients_search" in plan, plan


async def _read_for_names(measured: AnyMeasured, scope: Scope) -> int:
    """Return what a search reads that finds nothing: the names of all clients, which an index has."""
    none = activations.listing(
        scope, ActivationFilter(client_name="xyzzy"), ActivationSortKey.ACTIVATED_AT, descending=True
    )
    await listings.page(measured, none, Window(SIZE))
    return int(measured.read)


async def test_a_search_reads_the_activations_of_few_clients_it_finds(measured: AnyMeasured) -> None:
    rare, common = growth_data.name_of(7_778), "ltda"
    for scope in SCOPES:
        of_names = await _read_for_names(measured, scope)
        for name, by in product((rare, common, "xyzzy"), ActivationSortKey):
            if name is common and scope is ALL_PARTNERS and by is not ActivationSortKey.ACTIVATED_AT:
                continue
            for chosen in (
                ActivationFilter(client_name=name),
                ActivationFilter(search=name, search_cnpj="XYZZY", search_key="KEY-50001", search_code="XYZZY"),
            ):
                found_by = activations.listing(scope, chosen, by, descending=True)
                found = await listings.page(measured, found_by, Window(SIZE))

                # A common name is looked for among 301 clients, and among 301 activations.
                read = measured.read / 2 if name is common else measured.read - of_names * _columns_of(chosen)
                assert read <= measured.read_max, f"{scope} {chosen} {by}: {read}"
                assert len(found.rows) >= (name == rare or chosen.search is not None)


def _columns_of(chosen: ActivationFilter) -> float:
    # A search looks at the CNPJ beside both names.
    return 1 if chosen.search is None else 1.5


@pytest.mark.parametrize(
    "chosen",
    [
        ActivationFilter(search="xyzzy", search_key="KEY-9"),
        ActivationFilter(search="xyzzy", search_key="KEY-"),
        ActivationFilter(search="xerox nova", search_key="XYZZY"),
        ActivationFilter(client_name="xerox nova"),
    ],
    ids=["many keys", "all keys", "many clients without any", "a name of many without any"],
)
async def test_a_search_reads_few_of_many_matches(measured: AnyMeasured, chosen: ActivationFilter) -> None:
    for scope in SCOPES:
        of_names = await _read_for_names(measured, scope)
        by = ActivationSortKey.ACTIVATED_AT
        found_by = activations.listing(scope, chosen, by, descending=True)
        found = await listings.page(measured, found_by, Window(SIZE))

        assert len(found.rows) == (0 if "xerox nova" in {chosen.search, chosen.client_name} else SIZE)
        # The names are read twice: for the clients, and for their activations. Each of the clients is looked for once.
        matches_max = STEPS_MAX if measured.dialect.name == "sqlite" else 10 * NEW_CLIENTS
        assert measured.read - 2 * of_names <= measured.read_max + matches_max, f"{scope}: {measured.read}, {of_names}"


async def test_a_search_reads_the_newest_of_each_client_it_finds(measured: AnyMeasured) -> None:
    chosen = ActivationFilter(client_name=growth_data.name_of(growth_data.LARGE_CLIENT))
    for scope in SCOPES:
        of_names = await _read_for_names(measured, scope)
        found_by = activations.listing(scope, chosen, ActivationSortKey.ACTIVATED_AT, descending=True)
        found = await listings.page(measured, found_by, Window(SIZE))

        assert found.more
        # It has ten thousand activations, older than most others; SQLite looks at the time of each in an index.
        rows_max = measured.read_max * (10 if measured.dialect.name == "sqlite" else 1)
        assert measured.read - of_names <= rows_max, f"{scope}: {measured.read}, {of_names}"


async def test_a_page_of_a_rare_city_reads_its_clients_only(measured: AnyMeasured) -> None:
    for scope, by in product(SCOPES, ClientSortKey):
        nowhere = clients.listing(scope, ClientFilter(city="xyzzy"), by, descending=False)
        await listings.page(measured, nowhere, Window(SIZE))
        of_cities = measured.read
        in_city = clients.listing(scope, ClientFilter(city="city 78"), by, descending=False)
        found = await listings.page(measured, in_city, Window(SIZE))

        assert len(found.rows) == SIZE
        assert measured.read - of_cities <= measured.read_max, f"{scope} by {by}: {measured.read}, {of_cities}"


async def _check_few(measured: AnyMeasured, listed: Listing[Any], what: str) -> None:
    """Check that a page reads few rows, and has those of the list without its search."""
    found = await listings.page(measured, listed, Window(SIZE))
    assert measured.is_bounded, f"{what}: {measured.read}"

    expected = await listings.page(measured, replace(listed, search=None), Window(SIZE))
    assert [row.id for row in found.rows] == [row.id for row in expected.rows]


@pytest.mark.parametrize("by", [ActivationSortKey.CLIENT_NAME, ActivationSortKey.UPDATED_AT])
async def test_a_filter_that_few_rows_fit_reads_few_in_any_order(measured: AnyMeasured, by: ActivationSortKey) -> None:
    for chosen in few_fit():
        await _check_few(measured, activations.listing(LARGE_PARTNER, chosen, by, descending=True), f"{chosen}")


async def test_clients_that_few_fit_are_found_by_an_index_in_any_order(measured: AnyMeasured) -> None:
    for scope in SCOPES:
        for chosen in clients_few_fit():
            first, *others = [clients.listing(scope, chosen, by, descending=False) for by in (NAME, *ClientSortKey)]
            found = await listings.page(measured, first, Window(SIZE))
            # In this order, a page has always read no more than the names.
            of_names = 0 if chosen.registered_from else measured.read
            for listed in others:
                again = await listings.page(measured, listed, Window(SIZE))
                read = measured.read - of_names
                assert read <= measured.read_max, f"{scope} {chosen} {listed.order}: {read}, {of_names}"
                assert {row.id for row in again.rows} == {row.id for row in found.rows}


async def test_orders_that_few_fit_are_found_by_an_index_in_any_order(measured: AnyMeasured) -> None:
    for (chosen, scope), by in product(orders_few_fit(), OrderSortKey):
        await _check_few(measured, orders.listing(scope, chosen, by, descending=True), f"{scope} {chosen} {by}")


async def test_a_short_range_of_the_order_is_read_before_names(measured: AnyMeasured) -> None:
    soon, late = (NOON.replace(year=2020, month=1, day=1, minute=minute) for minute in (5, 10))
    of_time = ClientFilter(name="xyzzy", registered_from=soon, registered_to=late)
    by_time = clients.listing(LARGE_PARTNER, of_time, ClientSortKey.REGISTERED_AT, descending=False)
    changed = ActivationFilter(product_id=3, updated_since=NOON.replace(year=2099))
    by_change = activations.listing(LARGE_PARTNER, changed, ActivationSortKey.UPDATED_AT, descending=False)
    lists: list[Listing[Any]] = [by_time, by_change]
    for listed in lists:
        await listings.page(measured, listed, Window(SIZE))
        assert measured.read <= 300, f"{listed.name}: {measured.read}"


async def test_the_activations_of_a_client_by_its_name_read_no_others(measured: AnyMeasured) -> None:
    chosen = ActivationFilter(client_id=growth_data.LARGE_CLIENT)
    for scope in SCOPES:
        found_by = activations.listing(scope, chosen, ActivationSortKey.CLIENT_NAME, descending=True)
        found = await listings.page(measured, found_by, Window(SIZE))

        assert found.more
        of_each = 15 if measured.dialect.name == "sqlite" else 1
        assert measured.read <= of_each * growth_data.ACTIVATIONS_OF_LARGE_CLIENT, f"{scope}: {measured.read}"


async def test_a_later_page_of_many_lists_reads_few_rows(measured: AnyMeasured) -> None:
    ledger = stock_movements.of_stocks(LARGE_PARTNER, [stock(product_id) for product_id in PRODUCTS])
    lists: list[Listing[Any]] = [ledger, activations.of_clients(LARGE_PARTNER, SOME_CLIENTS, None)]
    for listing in lists:
        window = Window(SIZE, after=MIDDLE)
        await listings_of_parents.pages(measured, listing, window)
        assert measured.is_bounded, f"{listing.name}: {measured.read}"

        await listings_of_parents.beyond(measured, listing, window)
        assert measured.is_bounded, f"{listing.name}: {measured.read}"


async def test_counts_that_the_database_keeps_read_few_rows(measured: AnyMeasured) -> None:
    active = frozenset({ActivationStatus.ACTIVE})
    by_time = ActivationSortKey.ACTIVATED_AT
    for scope, product_id in product(SCOPES, (None, 3)):
        chosen = ActivationFilter(status=active, product_id=product_id)
        kept = activations.listing(scope, chosen, by_time, descending=True)
        counted = replace(kept, kept=None)

        assert await listings.count(measured, kept) > 0
        assert measured.is_bounded, measured.read
        assert await listings.count(measured, kept) == await listings.count(measured, counted)
    for scope in SCOPES:
        of_partners: Listing[Any] = activations.of_partners(scope, [LARGE_PARTNER], ActivationStatus.ACTIVE)
        for of_each in (of_partners, events.of_partners(scope, [LARGE_PARTNER])):
            assert (await listings_of_parents.counts(measured, of_each))[LARGE_PARTNER] > 0
            assert measured.is_bounded, measured.read
        counted_each: Listing[Any] = replace(of_partners, kept=None)
        assert await listings_of_parents.counts(measured, of_partners) == await listings_of_parents.counts(
            measured, counted_each
        )
    assert await listings.count(measured, events.listing(LARGE_PARTNER, EventFilter())) > 0
    assert measured.is_bounded, measured.read


async def test_a_count_with_a_maximum_reads_few_rows_of_many(measured: AnyMeasured) -> None:
    most = 100
    of_product = ActivationFilter(product_id=3)
    by_time = ActivationSortKey.ACTIVATED_AT
    cases = {
        **{name: case for name, case in first_pages() if not case.of_parents and case.listing.kept is None},
        "activations of a product": Case(activations.listing(LARGE_PARTNER, of_product, by_time, descending=True)),
    }
    for name, case in cases.items():
        found = await listings.count(measured, case.listing, most)

        assert measured.is_bounded, f"{name}: {measured.read}"
        assert found == most + 1, name
    for name, case in first_pages():
        if case.of_parents:
            found_each = await listings_of_parents.counts(measured, case.listing, most)

            assert measured.is_bounded, f"{name}: {measured.read}"
            assert found_each


async def test_a_limited_count_of_a_search_reads_names_and_few_rows(measured: AnyMeasured) -> None:
    by_time = ActivationSortKey.ACTIVATED_AT
    of_names = await _read_for_names(measured, LARGE_PARTNER)
    common = activations.listing(LARGE_PARTNER, ActivationFilter(client_name="ltda"), by_time, descending=True)

    whole = await listings.count(measured, common)
    reads_all = measured.read
    found = await listings.count(measured, common, 1_000)

    assert found == 1_001 < whole
    # The names are read for the clients, for their activations, and for those that are counted.
    assert measured.read - 3 * of_names <= measured.read_max, f"{measured.read}, {of_names}, {reads_all}"


async def test_postgresql_joins_no_table_to_delete_a_batch_of_rows(databases: Databases) -> None:
    driver = await connected(sa.make_url(databases.shared("postgresql")))
    texts = {name: each.compiled(DIALECTS["postgresql"]).text for name, each in STATEMENTS.items()}
    batches = {name: text for name, text in texts.items() if text.startswith("DELETE") and "LIMIT" in text}

    assert batches
    # As if the tables had many rows.
    await driver.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
    plans = {}
    for number, (name, text) in enumerate(batches.items()):
        await driver.execute(f"PREPARE batch_{number} AS {text}")
        values = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", text))))
        plans[name] = "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN EXECUTE batch_{number}({values})"))
    await driver.close()

    for name, plan in plans.items():
        _, found_by = plan.split("\n  ->  ")
        condition = r"TID Cond: \(ctid" if name == BY_PLACE else r"Index Cond: \((id|digest)"
        assert re.search(rf"{condition} = ANY", found_by), f"{name}:\n{plan}"
