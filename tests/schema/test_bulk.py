"""Mutations of many items: each on its own or all of them together, over HTTP, on both engines."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

import pytest

from db.engine.connection import TookTooLongError
from domain.errors import NotChanged
from resolvers import ids
from tests.api import Api, Json
from tests.factories import new_product

RESULTS = """results { index status activation { id status }
    userErrors { code path ... on OutOfStockError { requested available } } }"""


async def run(api: Api, name: str, mode: str, **given: object) -> Json:
    """Return the payload of a bulk mutation."""
    return await api.mutate(name, RESULTS, {"mode": mode, **given})


def refused(payload: Json) -> list[Json]:
    """Return the codes and paths of the refused items, by the result's index."""
    return [
        (result["index"], error["code"], error["path"])
        for result in payload["results"]
        for error in result["userErrors"]
    ]


def statuses(payload: Json) -> list[str]:
    """Return the status of each result."""
    return [result["status"] for result in payload["results"]]


def license_of(client: str, product: str, key: str, **more: object) -> dict[str, object]:
    """Return an item of `activateLicenses`."""
    return {"clientId": client, "productId": product, "activationKey": key, **more}


async def test_each_refused_item_says_why_at_its_path_and_others_are_done(api: Api, client: str, product: str) -> None:
    await api.buy(product, 2)
    items = [
        license_of(client, product, "KEY-1"),
        license_of(client, product, "KEY-1"),
        license_of("nothing", product, "KEY-2"),
        license_of(client, product, "?"),
        license_of(client, product, "KEY-3", additionalSeats=1),
        license_of(client, product, "KEY-4"),
        license_of(client, product, "KEY-5"),
    ]
    expected = [
        (1, "ACTIVATION_KEY_IN_USE", ["items", "1", "activationKey"]),
        (2, "NOT_FOUND", ["items", "2", "clientId"]),
        (3, "INVALID_INPUT", ["items", "3", "activationKey"]),
        (4, "OUT_OF_SEATS", ["items", "4", "additionalSeats"]),
        (6, "OUT_OF_STOCK", ["items", "6", "productId"]),
    ]

    together = await run(api, "activateLicenses", "ALL_OR_NOTHING", items=items)
    tried = await run(api, "activateLicenses", "EACH", items=items, dryRun=True)
    payload = await run(api, "activateLicenses", "EACH", items=items)

    assert refused(together) == refused(tried) == refused(payload) == expected
    assert [(error["code"], error["path"]) for error in together["userErrors"]] == [
        tuple(each[1:]) for each in expected
    ]
    assert set(statuses(together)) == {"REFUSED", "NOT_DONE"}
    assert tried["userErrors"] == payload["userErrors"] == []
    assert statuses(payload)[0] == statuses(payload)[5] == "DONE"
    assert payload["results"][6]["userErrors"][0].items() >= {"requested": 1, "available": 0}.items()
    assert (await api.stock(product))["available"] == 0


async def test_one_activation_twice_in_a_batch_is_refused_the_second_time(api: Api, client: str, product: str) -> None:
    await api.buy(product, 2)
    activation, other = [await api.activation(client, product) for _ in range(2)]
    moves = [{"activationId": other, "toClientId": client, "activationKey": f"KEY-{n}"} for n in range(2)]

    for mode in ("ALL_OR_NOTHING", "EACH"):
        cancelled = await run(api, "cancelActivations", mode, activationIds=[activation, activation])
        moved = await run(api, "moveActivations", mode, items=moves)

        assert refused(cancelled) == [(1, "ACTIVATION_CANCELLED", ["activationIds", "1"])]
        assert refused(moved) == [(1, "ACTIVATION_CANCELLED", ["items", "1", "activationId"])]
    assert (await api.stock(product))["available"] == 1


async def test_a_suspended_partner_activates_none_and_moves_to_the_same_client(
    vendor: Api, api: Api, client: str, product: str
) -> None:
    await api.buy(product, 3)
    other, activations = await api.client(), [await api.activation(client, product) for _ in range(2)]
    items = [license_of(client, product, "KEY-1"), license_of(client, product, "KEY-2")]
    moves = [
        {"activationId": activation, "toClientId": to, "activationKey": "KEY-9"}
        for activation, to in zip(activations, (client, other), strict=True)
    ]
    partner = ids.encode("Partner", api.partner_id)
    await vendor.done("suspendPartner", "partner { id }", {"partnerId": partner, "reason": "inadimplência"})

    for mode in ("ALL_OR_NOTHING", "EACH"):
        activated = await run(api, "activateLicenses", mode, items=items)
        moved = await run(api, "moveActivations", mode, items=moves)

        assert refused(activated) == [(n, "PARTNER_SUSPENDED", ["items", str(n)]) for n in range(2)]
        assert refused(moved) == [(1, "PARTNER_SUSPENDED", ["items", "1"])]
    assert statuses(moved) == ["DONE", "REFUSED"]


async def test_keys_are_exchanged_by_moves_in_their_order(api: Api, client: str, product: str) -> None:
    await api.buy(product, 2)
    one, two = [await api.activation(client, product, activationKey=key) for key in ("KEY-1", "KEY-2")]
    other = await api.client()
    moves = [
        {"activationId": one, "toClientId": other, "activationKey": "KEY-1"},
        {"activationId": two, "toClientId": client, "activationKey": "KEY-1"},
    ]

    payload = await run(api, "moveActivations", "ALL_OR_NOTHING", items=moves)

    assert statuses(payload) == ["DONE", "DONE"]
    assert (await api.stock(product))["available"] == 0


@pytest.mark.parametrize("left", ["EACH", "ALL_OR_NOTHING"])
async def test_a_replay_of_a_half_done_run_does_what_is_left(api: Api, client: str, product: str, left: str) -> None:
    await api.buy(product, 2)
    items = [license_of(client, product, f"KEY-{number}") for number in range(4)]
    half = await run(api, "activateLicenses", "EACH", items=items, idempotencyKey="same")
    assert statuses(half) == ["DONE", "DONE", "REFUSED", "REFUSED"]
    await api.buy(product, 3)

    done = await run(api, "activateLicenses", left, items=items, idempotencyKey="same")
    again = await run(api, "activateLicenses", "EACH", items=items, idempotencyKey="same")

    assert statuses(done) == ["DONE"] * 4
    assert done["results"][:2] == half["results"][:2]
    assert again == done
    assert (await api.stock(product))["activated"] == 4


async def test_a_refused_retry_still_says_which_items_are_done(api: Api, client: str, product: str) -> None:
    await api.buy(product, 2)
    items = [license_of(client, product, f"KEY-{number}") for number in range(3)]
    half = await run(api, "activateLicenses", "EACH", items=items, idempotencyKey="same")
    others = [license_of(client, product, "KEY-9"), license_of(client, product, "KEY-1")]

    together = await run(api, "activateLicenses", "ALL_OR_NOTHING", items=items + others, idempotencyKey="same")
    tried = await run(api, "activateLicenses", "ALL_OR_NOTHING", items=items, idempotencyKey="same", dryRun=True)

    assert statuses(together) == ["DONE", "DONE", "REFUSED", "REFUSED", "REFUSED"]
    assert together["results"][:2] == half["results"][:2]
    assert [(each["status"], each["activation"]) for each in tried["results"][:2]] == [("DONE", None)] * 2


@pytest.mark.parametrize("mode", ["EACH", "ALL_OR_NOTHING"])
async def test_a_replay_of_a_filter_answers_with_what_it_found(api: Api, client: str, product: str, mode: str) -> None:
    await api.buy(product, 4)
    activations = [await api.activation(client, product) for _ in range(3)]
    given: dict[str, object] = {"filter": {"productId": product}, "expectedCount": 3, "idempotencyKey": "same"}
    first = await run(api, "cancelActivations", mode, **given)
    await api.activation(client, product)

    again = await run(api, "cancelActivations", mode, **given)

    assert [result["activation"]["id"] for result in first["results"]] == activations
    assert again == first
    assert (await api.stock(product))["activated"] == 1


@pytest.mark.parametrize("mode", ["EACH", "ALL_OR_NOTHING"])
async def test_a_key_for_chosen_activations_is_refused_for_a_filter(
    api: Api, client: str, product: str, mode: str
) -> None:
    await api.buy(product, 2)
    chosen: dict[str, object] = {}
    found: dict[str, object] = {"filter": {"productId": product}, "expectedCount": 1}

    for key, first, second in (("one", found, chosen), ("two", chosen, found)):
        chosen["activationIds"] = [await api.activation(client, product)]
        await run(api, "cancelActivations", mode, **first, idempotencyKey=key)
        refused_input = await run(api, "cancelActivations", mode, **second, idempotencyKey=key)

        assert [error["code"] for error in refused_input["userErrors"]] == ["IDEMPOTENCY_CONFLICT"]


@pytest.mark.parametrize("mode", ["EACH", "ALL_OR_NOTHING"])
async def test_a_filter_with_another_count_is_refused_and_says_both(api: Api, product: str, mode: str) -> None:
    await api.buy(product, 3)
    client, other = await api.client(), await api.client()
    activations = [await api.activation(each, product) for each in (client, client, other)]
    await api.done("cancelActivation", "activation { id }", {"activationId": activations[0]})
    query = f"""mutation ($input: CancelActivationsInput!) {{ cancelActivations(input: $input) {{ {RESULTS}
        userErrors {{ __typename code path message ... on CountChangedError {{ expected actual }} }} }} }}"""
    given = {"filter": {"productId": product}, "mode": mode, "dryRun": False}

    for expected in (1, 3):
        wanted = {**given, "expectedCount": expected}
        payload = (await api.data(query, input=wanted))["cancelActivations"]

        (error,) = payload["userErrors"]
        assert error.pop("message") == (
            f"The selection has changed: the filter finds 2 activations, and you expected {expected}."
        )
        assert error == {
            "__typename": "CountChangedError",
            "code": "COUNT_CHANGED",
            "path": ["expectedCount"],
            "expected": expected,
            "actual": 2,
        }
        assert payload["results"] == []
    done = await run(api, "cancelActivations", mode, filter={"clientId": client}, expectedCount=1, reason="Fim")
    assert statuses(done) == ["DONE"]
    assert (await api.stock(product))["activated"] == 1


@pytest.mark.parametrize("statuses_of", [[], ["CANCELLED"]])
async def test_a_filter_that_matches_no_active_activation_cancels_none(
    api: Api, client: str, product: str, statuses_of: list[str]
) -> None:
    await api.buy(product, 1)
    await api.activation(client, product)
    given = {"filter": {"status": statuses_of}}

    assert await api.codes("cancelActivations", {**given, "expectedCount": 1}) == ["COUNT_CHANGED"]
    assert (await api.stock(product))["activated"] == 1


async def test_activations_are_chosen_in_one_way(api: Api, other_api: Api) -> None:
    both = {"activationIds": ["a"], "filter": {}, "expectedCount": 1}
    of_other = {"partnerId": ids.encode("Partner", other_api.partner_id)}

    inputs: list[dict[str, object]] = [
        {},
        both,
        {"filter": {}},
        {"expectedCount": 1},
        {"activationIds": []},
        {"activationIds": ["a"] * 101},
        {"filter": {}, "expectedCount": 101},
        {"filter": of_other, "expectedCount": 1},
    ]

    codes = [await api.codes("cancelActivations", given) for given in inputs]

    assert codes == [["INVALID_INPUT"]] * 7 + [["COUNT_CHANGED"]]


async def test_a_vendor_acts_on_many_for_a_partner(vendor: Api, api: Api, client: str, product: str) -> None:
    await api.buy(product, 2)
    items = [license_of(client, product, "KEY-1")]
    partner = ids.encode("Partner", api.partner_id)

    for mode in ("EACH", "ALL_OR_NOTHING"):
        unnamed = await run(vendor, "activateLicenses", mode, items=items)
        nowhere = await run(vendor, "activateLicenses", mode, items=items, partnerId="nothing")
        assert [error["path"] for error in (*unnamed["userErrors"], *nowhere["userErrors"])] == [["partnerId"]] * 2
    done = await run(vendor, "activateLicenses", "EACH", items=items, partnerId=partner)

    assert statuses(done) == ["DONE"]


async def test_a_hundred_items_take_no_more_statements_than_one(api: Api, product: str) -> None:
    await api.buy(product, 400)
    client, other = await api.client(), await api.client()
    counted = []
    for size in (1, 100):
        key = uuid4().hex[:8].upper()
        items = [license_of(client, product, f"{key}-{number}") for number in range(size)]
        sent = [await _sent(api, "activateLicenses", {"items": items, "idempotencyKey": f"a{size}"})]
        found = await api.data(
            "query ($key: String) { activations(first: 100, filter: {activationKey: $key}) { nodes { id } } }", key=key
        )
        activations = [node["id"] for node in found["activations"]["nodes"]]
        moves = [
            {"activationId": activation, "toClientId": other, "activationKey": f"{key}-{number}"}
            for number, activation in enumerate(activations)
        ]
        sent.append(await _sent(api, "moveActivations", {"items": moves, "idempotencyKey": f"m{size}"}))
        chosen = {"filter": {"clientId": other}, "expectedCount": size, "idempotencyKey": f"c{size}"}
        sent.append(await _sent(api, "cancelActivations", chosen))
        counted.append(sent)

    one, hundred = counted
    # Of many events, the last hash takes a statement of its own; one move has two.
    assert [many - few for few, many in zip(one, hundred, strict=True)] == [1, 0, 1]
    assert max(hundred) <= 22


async def _sent(api: Api, name: str, given: Mapping[str, object]) -> int:
    """Return the number of statements of a bulk mutation, which is not refused."""
    statements: list[str] = []
    api.portal.database.observers.append(statements.append)
    await api.done(name, "userErrors { code }", given)
    api.portal.database.observers.remove(statements.append)
    return len(statements)


async def test_a_printer_of_another_client_is_a_warning_of_its_item(api: Api, product: str) -> None:
    await api.buy(product, 3)
    one, other = await api.client(), await api.client()
    items = [
        {"clientId": client, "productId": product, "activationKey": "CAIXA", "ecfSerialNumber": printer}
        for client, printer in ((one, "BE01"), (other, "BE01"), (other, "BE02"))
    ]
    items[2]["activationKey"] = "CAIXA-2"
    selection = "results { activation { id } warnings { code path } }"

    made = (await api.done("activateLicenses", selection, {"items": items}))["results"]
    moves = [
        {"activationId": made[place]["activation"]["id"], "toClientId": other, "activationKey": key, **printer}
        for place, key, printer in ((1, "CAIXA", {"ecfSerialNumber": "BE03"}), (2, "CAIXA-3", {}))
    ]
    moved = (await api.done("moveActivations", selection, {"items": moves}))["results"]

    shared = [[{"code": "ECF_SERIAL_NUMBER_IN_USE", "path": ["items", str(n), "ecfSerialNumber"]}] for n in range(2)]
    assert [result["warnings"] for result in made] == [*shared, []]
    assert [result["warnings"] for result in moved] == [[], []]
    assert moved[0]["activation"] == made[1]["activation"]


async def test_a_filter_of_activations_needs_the_permission_to_read_them(api: Api) -> None:
    given = {"name": "ERP", "permissions": ["ACTIVATIONS_WRITE"]}
    script = replace(api, token=(await api.done("createApiToken", "secret", given))["secret"])
    query = """mutation ($input: CancelActivationsInput!) {
        cancelActivations(input: $input) { userErrors { code } } }"""

    error = await script.error(query, input={"filter": {"note": "x"}, "expectedCount": 1, "dryRun": True})

    assert error["extensions"] == {"code": "FORBIDDEN", "missingPermissions": ["ACTIVATIONS_READ"]}


@pytest.mark.parametrize("done", [0, 1])
@pytest.mark.parametrize(("failure", "code"), [(NotChanged, "UNAVAILABLE"), (TookTooLongError, "TIMEOUT")])
async def test_a_failure_among_items_says_whether_others_were_done(
    level: Api, done: int, failure: type[Exception], code: str
) -> None:
    product = await new_product(level.portal, level.partner_id)
    await level.buy(product, 2)
    client = await level.client()
    items = [{"clientId": client, "productId": product, "activationKey": f"KEY-{n}"} for n in range(2)]
    inserted = 0

    def fail(statement: str) -> None:
        nonlocal inserted
        inserted += "INSERT INTO activations" in statement
        if inserted > done:
            raise failure

    level.portal.database.observers.append(fail)
    query = "mutation ($input: ActivateLicensesInput!) { activateLicenses(input: $input) { userErrors { code } } }"
    error = await level.error(query, input={"items": items, "mode": "EACH"})
    level.portal.database.observers.remove(fail)

    assert error["extensions"]["code"] == code
    assert error["extensions"].get("outcome") == ("UNKNOWN" if done else None)
    assert error["extensions"].get("itemsDone") == ([0] if done else None)
    assert ("Nothing was changed" in error["message"]) is not bool(done)
    assert (await level.stock(product))["activated"] == done


@pytest.mark.parametrize("mode", ["EACH", "ALL_OR_NOTHING"])
async def test_notes_of_many_items_are_found_like_those_of_one(api: Api, client: str, product: str, mode: str) -> None:
    await api.buy(product, 4)
    items = [license_of(client, product, f"KEY-{number}", note="Caixa São José") for number in range(2)]
    made = await run(api, "activateLicenses", mode, items=items)
    first, second = (result["activation"]["id"] for result in made["results"])
    await run(api, "cancelActivations", mode, activationIds=[second], reason="Máquina quebrada")

    query = "query ($note: String!) { activations(filter: { note: $note }) { nodes { id } } }"
    noted = await api.data(query, note="caixa sao")
    cancelled = await api.data(query, note="maquina")

    assert {node["id"] for node in noted["activations"]["nodes"]} == {first, second}
    assert [node["id"] for node in cancelled["activations"]["nodes"]] == [second]
