"""Which versions of a price table are listed if there are more than the list takes, over HTTP on both engines."""

from datetime import UTC, datetime, timedelta

from db import price_drafts
from resolvers import ids
from tests.api import Api, Json
from tests.clock import Clock
from tests.schema.pricing import assign, new_table
from tests.units import writing

NOON = datetime(2027, 7, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
_LISTED = "query ($id: ID!) { node(id: $id) { ... on PriceTable { versions { number state } } } }"


async def _publish(vendor: Api, table: str, *begins: datetime) -> None:
    """Publish a version for each begin."""
    table_id = ids.number("PriceTable", table)
    async with writing(vendor.portal.database) as tx:
        for begins_at in begins:
            version_id = await price_drafts.create(tx, table_id, at=NOON)
            await price_drafts.publish(tx, version_id, begins_at=begins_at, by_id=None, at=NOON)


async def _draft(vendor: Api, table: str) -> None:
    async with writing(vendor.portal.database) as tx:
        await price_drafts.create(tx, ids.number("PriceTable", table), at=NOON)


async def _listed(caller: Api, table: str) -> list[int]:
    versions: Json = (await caller.data(_LISTED, id=table))["node"]["versions"]
    return [each["number"] for each in versions]


async def test_a_scheduled_version_is_listed_however_many_follow_it(vendor: Api, api: Api, clock: Clock) -> None:
    clock.now = NOON
    table = await new_table(vendor)
    await assign(vendor, api, table)
    await _publish(vendor, table, NOON + DAY, *([NOON] * 51))
    await _draft(vendor, table)

    of_partner, of_vendor = [await _listed(each, table) for each in (api, vendor)]

    assert of_partner == [*range(52, 3, -1), 1]
    assert of_vendor == [*range(53, 4, -1), 1]


async def test_the_version_in_force_is_listed_however_many_begin_later(vendor: Api, api: Api, clock: Clock) -> None:
    clock.now = NOON
    table = await new_table(vendor)
    await assign(vendor, api, table)
    await _publish(vendor, table, NOON, *(NOON + days * DAY for days in range(60, 0, -1)))

    listed = await _listed(api, table)

    # Those that begin within 49 days, which have the highest numbers here, and the one in force.
    assert listed == [*range(61, 12, -1), 1]


async def test_versions_of_several_tables_are_listed_for_each(vendor: Api, api: Api, clock: Clock) -> None:
    clock.now = NOON
    tables = [await new_table(vendor) for _ in range(2)]
    await assign(vendor, api, *tables)
    await _publish(vendor, tables[0], NOON + DAY, *([NOON] * 51))
    await _publish(vendor, tables[1], NOON, NOON + DAY)

    found = await api.data("{ priceTables(first: 2) { nodes { id versions { number } } } }")

    counts = {each["id"]: len(each["versions"]) for each in found["priceTables"]["nodes"]}
    assert counts == {tables[0]: 50, tables[1]: 2}
