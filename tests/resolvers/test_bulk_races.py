"""Races of bulk mutations with each other."""

import asyncio

import sqlalchemy as sa

from tests.api import Api, Json
from tests.factories import new_product
from tests.units import fetch_value, reading


async def run(api: Api, name: str, mode: str, **given: object) -> Json:
    """Return the payload of a bulk mutation."""
    return await api.mutate(name, "results { status activation { id } }", {"mode": mode, **given})


def statuses(payload: Json) -> list[str]:
    """Return the status of each result."""
    return [result["status"] for result in payload["results"]]


def license_of(client: str, product: str, key: str) -> dict[str, object]:
    """Return an item of `activateLicenses`."""
    return {"clientId": client, "productId": product, "activationKey": key}


async def test_two_bulk_activations_at_once_never_oversell(api: Api, product: str) -> None:
    await api.buy(product, 15)
    runs = []
    for mode in ("EACH", "ALL_OR_NOTHING", "EACH", "ALL_OR_NOTHING"):
        client = await api.client()
        items = [license_of(client, product, f"KEY-{number}") for number in range(10)]
        runs.append(run(api, "activateLicenses", mode, items=items))

    payloads = await asyncio.gather(*runs)

    done = sum(statuses(payload).count("DONE") for payload in payloads)
    stock = await api.stock(product)
    assert (stock["activated"], stock["available"]) == (done, 15 - done)
    assert done in {10, 15}


async def test_bulk_runs_in_opposite_orders_do_not_deadlock(api: Api) -> None:
    products = [await new_product(api.portal, api.partner_id) for _ in range(4)]
    await api.approve(await api.order(*((product, 50) for product in products)))
    client, other = await api.client(), await api.client()
    before = await _deadlocks(api)

    for turn in range(4):
        pairs = [(each, product) for each in (client, other) for product in products]
        items = [license_of(each, product, f"T{turn}-{n}") for n, (each, product) in enumerate(pairs)]
        back = [license_of(each, product, f"U{turn}-{n}") for n, (each, product) in enumerate(reversed(pairs))]
        made = await asyncio.gather(
            *(run(api, "activateLicenses", "ALL_OR_NOTHING", items=wanted) for wanted in (items, back))
        )
        activations = [[result["activation"]["id"] for result in payload["results"]] for payload in made]
        moves = [
            [
                {"activationId": activation, "toClientId": to, "activationKey": f"{key}{turn}-{n}"}
                for n, activation in enumerate(some)
            ]
            for some, to, key in ((activations[0], other, "V"), (activations[1][::-1], client, "W"))
        ]
        moved = await asyncio.gather(*(run(api, "moveActivations", "ALL_OR_NOTHING", items=wanted) for wanted in moves))
        new = [result["activation"]["id"] for payload in moved for result in payload["results"]]
        ended = await asyncio.gather(
            *(run(api, "cancelActivations", "ALL_OR_NOTHING", activationIds=some) for some in (new, new[::-1]))
        )
        assert sorted(statuses(payload)[0] for payload in ended) == ["DONE", "REFUSED"]

    assert await _deadlocks(api) == before


async def _deadlocks(api: Api) -> int:
    """Return how many deadlocks PostgreSQL has ended in this database, after which a transaction runs again."""
    if api.portal.database.url.get_backend_name() == "sqlite":
        return 0
    query = sa.text("SELECT deadlocks AS value FROM pg_stat_database WHERE datname = current_database()")
    async with reading(api.portal.database) as connection:
        return int(await fetch_value(connection, query))
