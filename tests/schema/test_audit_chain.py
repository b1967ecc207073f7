"""The hash chain over a partner's events, verified over HTTP, on both engines."""

from asyncio import gather

import pytest
import sqlalchemy as sa

from db import audit
from db.tables import events, partner_counters
from resolvers import ids
from tests.api import Api, Json
from tests.units import execute, reading, writing

CHAIN = """query ($after: Int, $partner: ID) { auditChain(after: $after, partnerId: $partner) {
    isIntact checked lastNumber lastHash brokenAt hasMore } }"""


async def chain(api: Api, **variables: object) -> Json:
    return (await api.data(CHAIN, **variables))["auditChain"]


async def change(api: Api, values: dict[str, object], *, number: int) -> None:
    async with writing(api.portal.database) as tx:
        of_event = events.c.partner_id == api.partner_id, events.c.number == number
        assert await execute(tx, sa.update(events).where(*of_event).values(values)) == 1


async def test_all_that_was_done_is_chained_also_after_an_erasure(api: Api, product: str) -> None:
    await api.buy(product, 3)
    client, other = await api.client(), await api.client()
    moved = await api.activation(client, product)
    given = {"activationId": moved, "toClientId": other, "activationKey": "MOVED"}
    await api.done("moveActivation", "activation { id }", given)
    for _ in range(2):
        await api.activation(client, product)

    before = await chain(api)
    await api.done("cancelClient", "client { id }", {"clientId": client})
    after = await chain(api)

    (last,) = (await api.data("{ events(last: 1) { nodes { number hash } } }"))["events"]["nodes"]
    assert (before["isIntact"], before["brokenAt"]) == (True, None)
    assert after == {
        "isIntact": True,
        "checked": last["number"],
        "lastNumber": last["number"],
        "lastHash": last["hash"],
        "brokenAt": None,
        "hasMore": False,
    }
    assert after["checked"] == before["checked"] + 3
    # The rest of the chain begins at the hash that was kept.
    assert await chain(api, after=before["lastNumber"]) == {**after, "checked": 3}


async def test_changes_at_once_make_one_chain(api: Api) -> None:
    await gather(*(api.client() for _ in range(12)))

    found = await chain(api)

    assert (found["isIntact"], found["checked"]) == (True, 12)


@pytest.mark.parametrize("values", [{"type": "CLIENT_UPDATED"}, {"actor_id": None}, {"hash": b""}, {"number": 99}])
async def test_a_changed_event_breaks_the_chain(api: Api, values: dict[str, object]) -> None:
    for _ in range(3):
        await api.client()

    await change(api, values, number=2)

    found = await chain(api)
    assert (found["isIntact"], found["checked"], found["brokenAt"], found["hasMore"]) == (False, 1, 2, True)


async def test_events_that_were_removed_with_their_numbers_break_the_chain(api: Api) -> None:
    for _ in range(3):
        await api.client()

    async with writing(api.portal.database) as tx:
        await execute(tx, sa.delete(events).where(events.c.partner_id == api.partner_id, events.c.number == 3))
        counters = sa.update(partner_counters).where(partner_counters.c.partner_id == api.partner_id)
        await execute(tx, counters.values(event_number=2))

    found = await chain(api)
    assert (found["isIntact"], found["checked"], found["brokenAt"]) == (False, 2, 3)


async def test_a_long_chain_is_verified_in_parts(api: Api) -> None:
    for _ in range(5):
        await api.client()

    async with reading(api.portal.database) as connection:
        first = await audit.verify(connection, api.partner_id, at_most=3)
        assert first is not None
        rest = await audit.verify(connection, api.partner_id, after=first.last_number, at_most=3)

    assert (first.checked, first.last_number, first.has_more, first.broken_at) == (3, 3, True, None)
    assert rest is not None
    assert (rest.checked, rest.last_number, rest.has_more, rest.broken_at) == (2, 5, False, None)


async def test_a_partner_without_events_has_nothing_to_verify(api: Api) -> None:
    nothing = {"isIntact": True, "checked": 0, "lastNumber": 0, "lastHash": "", "brokenAt": None, "hasMore": False}

    assert await chain(api) == nothing


async def test_the_vendor_names_the_partner_whose_chain_it_is(api: Api, vendor: Api) -> None:
    await api.client()

    found = await chain(vendor, partner=ids.encode("Partner", api.partner_id))

    assert (found["isIntact"], found["checked"]) == (True, 1)
    assert await chain(vendor, partner=ids.encode("Partner", 2**40)) is None
