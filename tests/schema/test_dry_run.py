"""A dry run does all that a mutation does, says what changed, and leaves nothing of it."""

from collections import Counter

import pytest

from db.engine import Database
from db.tables import metadata
from tests.api import Api, Json
from tests.factories import new_product
from tests.schema.introspection import inputs_of
from tests.schema.recipes import MUTATIONS
from tests.units import every_row, reading

_COUNTERS = """purchased bonus activated available
    additionalSeatsTotal additionalSeatsAllocated additionalSeatsAvailable"""

PREVIEW = f"""dryRun preview {{
    events {{ type count }}
    licenseStock {{ product {{ id }} before {{ {_COUNTERS} }} after {{ {_COUNTERS} }} }}
    erased {{ kind count }}
    quote {{ totalWithSetupFee validUntil items {{ quantity monthlyTotal product {{ name }} }} }} }}"""

TRIED = [name for name in MUTATIONS if "dryRun" in inputs_of(name) and name != "importClients"]


@pytest.fixture(scope="module")
def database(database_of_module: Database) -> Database:
    """Database of these tests, which read all of its rows again and again."""
    return database_of_module


async def rows_of(api: Api) -> Json:
    """Return every row of every table that a mutation may write."""
    async with reading(api.portal.database) as connection:
        # Tokens note when they were last used.
        tables = [table for table in metadata.sorted_tables if table.name != "tokens"]
        return {table.name: await every_row(connection, table) for table in tables}


async def counters(api: Api) -> Json:
    """Return the counters of the partner's stock by product."""
    found = await api.data("{ licenseStock { product { id } } }")
    products = [stock["product"]["id"] for stock in found["licenseStock"]]
    stocks = {product: await api.stock(product) for product in products}
    return {product: {name: stock[name] for name in _COUNTERS.split()} for product, stock in stocks.items()}


async def event_types(api: Api) -> Counter[str]:
    """Return how many events of each type the partner has."""
    nodes = (await api.data("{ events(last: 100) { nodes { type } } }"))["events"]["nodes"]
    return Counter(node["type"] for node in nodes)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("name", TRIED)
async def test_a_dry_run_changes_no_row_and_says_what_is_done_then(api: Api, name: str) -> None:
    given = {**await MUTATIONS[name].given(api), "idempotencyKey": "same"}
    rows, before, events = await rows_of(api), await counters(api), await event_types(api)

    tried = await api.done(name, f"{PREVIEW} {MUTATIONS[name].selection}", {**given, "dryRun": True})

    assert await rows_of(api) == rows
    payload = await api.done(name, f"{PREVIEW} {MUTATIONS[name].selection}", given)
    assert (tried["dryRun"], payload["dryRun"], payload["preview"]) == (True, False, None)
    assert {each["type"]: each["count"] for each in tried["preview"]["events"]} == await event_types(api) - events
    after = await counters(api)
    changed = {product: stock for product, stock in after.items() if stock != before.get(product)}
    shown = {each["product"]["id"]: each for each in tried["preview"]["licenseStock"]}
    assert {product: shown[product]["after"] for product in changed} == changed
    nothing = dict.fromkeys(_COUNTERS.split(), 0)
    assert all(each["before"] == before.get(product, nothing) for product, each in shown.items())
    again = await api.done(name, PREVIEW, {**given, "dryRun": True})
    assert again["preview"] == {"events": [], "licenseStock": [], "erased": [], "quote": None}


async def test_a_dry_run_is_refused_as_the_mutation_would_be(api: Api, product: str) -> None:
    order = await api.order((product, 1))
    await api.approve(order)

    payload = await api.mutate("approveOrder", PREVIEW, {"orderId": order, "dryRun": True})

    assert [error["code"] for error in payload["userErrors"]] == ["ORDER_TRANSITION"]
    assert (payload["dryRun"], payload["preview"]) == (True, None)


async def test_a_dry_run_with_a_used_key_and_another_input_is_refused(api: Api, product: str) -> None:
    given = {"type": "PURCHASE", "items": [{"productId": product, "quantity": 1}], "idempotencyKey": "same"}
    await api.done("createOrder", "order { id }", given)

    codes = await api.codes("createOrder", {**given, "note": "Urgente", "dryRun": True})

    assert codes == ["IDEMPOTENCY_CONFLICT"]


async def test_a_dry_run_of_an_order_prices_it(api: Api, product: str) -> None:
    lines = [{"productId": product, "quantity": 2}]
    query = """query ($items: [OrderItemInput!]!) { quoteOrder(input: { type: PURCHASE, items: $items }) { quote {
        totalWithSetupFee validUntil items { quantity monthlyTotal product { name } } } } }"""
    quoted = (await api.data(query, items=lines))["quoteOrder"]["quote"]

    tried = await api.done(
        "createOrder", f"order {{ id }} {PREVIEW}", {"type": "PURCHASE", "items": lines, "dryRun": True}
    )

    assert (tried["order"], tried["preview"]["quote"]) == (None, quoted)
    assert tried["preview"]["events"] == [{"type": "ORDER_CREATED", "count": 1}]


async def test_a_dry_run_of_a_cancelled_client_counts_what_it_erases(api: Api) -> None:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 2)
    client = await api.client(name="Quitanda Velha", city="Recife", state="PE")
    await api.activation(client, product, note="Caixa da Quitanda Velha", ecfSerialNumber="ECF-1")
    await api.order((product, 1), note="Para a Quitanda Velha")
    selection = f"{PREVIEW} erased {{ kind count }} cancelledActivationCount client {{ id }}"

    tried = await api.done("cancelClient", selection, {"clientId": client, "dryRun": True})

    found = await api.data("query ($id: ID!) { client(id: $id) { name status } }", id=client)
    assert found["client"] == {"name": "Quitanda Velha", "status": "ACTIVE"}
    assert (tried["client"], tried["erased"], tried["cancelledActivationCount"]) == (None, [], 0)
    done = await api.done("cancelClient", selection, {"clientId": client})
    assert tried["preview"]["erased"] == done["erased"] != []
