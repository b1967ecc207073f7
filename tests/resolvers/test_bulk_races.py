"""Races of bulk mutations with each other."""

import asyncio

import pytest
import sqlalchemy as sa

from db.tables import activations, clients, license_stock
from domain.errors import NotChanged
from domain.timestamps import utc_now
from resolvers import ids
from tests.api import Api, Json
from tests.factories import new_product
from tests.resolvers.test_races import AHEAD_SECONDS
from tests.units import fetch_all, writing

LOCKED = [
    ("activateLicenses", clients),
    ("activateLicenses", license_stock),
    ("cancelActivations", clients),
    ("cancelActivations", activations),
    ("cancelActivations", license_stock),
    ("moveActivations", clients),
    ("moveActivations", activations),
]
"""Rows that a bulk mutation locks, in the order of their ids."""


_CODES = "results { status userErrors { code path message } } userErrors { code }"


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


async def test_bulk_runs_in_opposite_orders_all_end(api: Api) -> None:
    products = [await new_product(api.portal, api.partner_id) for _ in range(4)]
    await api.approve(await api.order(*((product, 50) for product in products)))
    client, other = await api.client(), await api.client()

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


@pytest.mark.parametrize("mode", ["EACH", "ALL_OR_NOTHING"])
async def test_an_activation_that_stops_matching_a_filter_is_not_cancelled(
    api: Api, client: str, product: str, mode: str
) -> None:
    await api.buy(product, 2)
    kept, other = await api.activation(client, product), await api.activation(client, product)
    given = {"filter": {"note": "obsoleta"}, "expectedCount": 2}
    for activation in (kept, other):
        await api.done("updateActivation", "activation { id }", {"activationId": activation, "note": "Obsoleta"})

    async with writing(api.portal.database) as tx:
        await tx.inspect(lambda connection: connection.execute(_rewritten(kept)))
        # It searches before this transaction ends, and cancels after it.
        behind = asyncio.ensure_future(api.mutate("cancelActivations", _CODES, {"mode": mode, **given}))
        await asyncio.wait([behind], timeout=AHEAD_SECONDS)

    payload = await behind
    (error,) = payload["userErrors"]
    assert (payload["results"], error["code"]) == ([], "COUNT_CHANGED")
    assert (await api.stock(product))["activated"] == 2


async def test_a_replay_cancels_no_activation_that_stopped_matching(level: Api) -> None:
    product = await new_product(level.portal, level.partner_id)
    await level.buy(product, 2)
    client = await level.client()
    kept, other = await level.activation(client, product), await level.activation(client, product)
    for activation in (kept, other):
        await level.done("updateActivation", "activation { id }", {"activationId": activation, "note": "Obsoleta"})
    given = {"filter": {"note": "obsoleta"}, "expectedCount": 2, "mode": "EACH", "idempotencyKey": "same"}

    def fail(statement: str) -> None:
        if "UPDATE activations" in statement:
            raise NotChanged

    level.portal.database.observers.append(fail)
    await level.error(
        f"""mutation ($input: CancelActivationsInput!) {{
            cancelActivations(input: $input) {{ {_CODES} }} }}""",
        input=given,
    )
    level.portal.database.observers.remove(fail)
    async with writing(level.portal.database) as tx:
        await tx.inspect(lambda connection: connection.execute(_rewritten(kept)))

    payload = await level.mutate("cancelActivations", _CODES, given)

    first, second = payload["results"]
    (error,) = first["userErrors"]
    assert (error["code"], error["path"]) == ("COUNT_CHANGED", ["filter"])
    assert second == {"status": "DONE", "userErrors": []}
    assert (await level.stock(product))["activated"] == 1


def _rewritten(activation: str) -> sa.Update:
    changed = sa.update(activations).where(activations.c.id == ids.number("Activation", activation))
    return changed.values(note="Em uso", note_folded="em uso", updated_at=utc_now())


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True, scope="session")
@pytest.mark.parametrize(("name", "table"), LOCKED, ids=lambda each: str(getattr(each, "name", each)))
async def test_a_batch_that_waits_for_a_row_holds_none_behind_it(api: Api, name: str, table: sa.Table) -> None:
    products = [await new_product(api.portal, api.partner_id) for _ in range(2)]
    await api.approve(await api.order(*((product, 9) for product in products)))
    owners = [await api.client() for _ in range(2)]
    made = [await api.activation(owner, product) for owner, product in zip(owners, products, strict=True)]
    pairs = list(zip(owners, products, made, strict=True))[::-1]
    inputs: dict[str, dict[str, object]] = {
        "activateLicenses": {"items": [license_of(owner, product, "KEY-1") for owner, product, _ in pairs]},
        "cancelActivations": {"activationIds": made[::-1]},
        "moveActivations": {
            "items": [{"activationId": each, "toClientId": owner, "activationKey": "KEY-2"} for owner, _, each in pairs]
        },
    }
    column = table.c.product_id if table is license_stock else table.c.id
    of_api = sa.select(column).where(table.c.partner_id == api.partner_id).order_by(column)

    async with writing(api.portal.database) as tx:
        await fetch_all(tx, of_api.limit(1).with_for_update())
        behind = asyncio.ensure_future(run(api, name, "ALL_OR_NOTHING", **inputs[name]))
        await asyncio.wait([behind], timeout=AHEAD_SECONDS)
        # Raises an error if another transaction has one of them.
        await fetch_all(tx, of_api.with_for_update(nowait=True))
        assert not behind.done()
    assert statuses(await behind) == ["DONE", "DONE"]


async def counted(api: Api, items: list[dict[str, object]], mode: str, key: str = "same") -> tuple[int, list[str]]:
    """Return the number of items that were done, and the codes for the whole input."""
    given = {"items": items, "mode": mode, "idempotencyKey": key}
    payload = await api.mutate("activateLicenses", "results { status }", given)
    done = [result["status"] for result in payload["results"]].count("DONE")
    return done, [error["code"] for error in payload["userErrors"]]


@pytest.mark.parametrize("mode", ["EACH", "ALL_OR_NOTHING"])
async def test_of_two_inputs_at_once_with_a_key_one_is_refused(api: Api, product: str, mode: str) -> None:
    await api.buy(product, 60)
    for turn in ("first", "second", "third"):
        client = await api.client()
        given = [[license_of(client, product, f"{name}-{n}") for n in range(10)] for name in ("ONE", "TWO")]

        answers = await asyncio.gather(counted(api, given[0], "EACH", turn), counted(api, given[1], mode, turn))

        assert sorted(answers) == [(0, ["IDEMPOTENCY_CONFLICT"]), (10, [])]
        assert (await api.stock(product))["activated"] == 10
        await api.done("cancelClient", "client { id }", {"clientId": client})


async def test_a_refused_first_item_mixes_no_two_inputs_with_a_key(api: Api, product: str) -> None:
    await api.buy(product, 60)
    client = await api.client()
    given = [[license_of(client, product, f"{name}-{n}") for n in range(10)] for name in ("ONE", "TWO")]
    given[0][0]["clientId"] = given[1][1]["clientId"] = "nothing"

    answers = await asyncio.gather(*(counted(api, items, "EACH") for items in given))

    assert sorted(answers) == [(0, ["IDEMPOTENCY_CONFLICT"]), (9, [])]
    assert (await api.stock(product))["activated"] == 9
