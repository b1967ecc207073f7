"""Cancelling a client, over HTTP, on both engines."""

import pytest
import sqlalchemy as sa

from db import audit
from db.tables import activations, events, metadata
from domain.access import Permission, Permissions
from domain.bulk import BULK_MAX
from domain.events import EventType
from tests import cnpjs
from tests.api import Api, Json
from tests.factories import new_caller, new_product
from tests.statements import every_statement
from tests.units import fetch_all, fetch_values, reading

CANCELLED = """client { id name tradeName cnpj city state status cancellationNote viewerCanCancel
        cancelledAt cancelledBy { name } cancellationImpact { activationCount } }
    cancelledActivationCount releasedLicenses { licenses additionalSeats product { id } }
    cancelledActivations { id status cancellationReason client { activeActivationCount } }
    licenseStock { id available additionalSeatsAvailable }"""


async def test_a_cancelled_client_gives_back_its_licenses_and_seats(api: Api) -> None:
    one, two = [await new_product(api.portal, api.partner_id) for _ in range(2)]
    await api.buy(one, 3, seats=5)
    await api.buy(two, 1)
    client, other = await api.client(), await api.client()
    await api.activation(client, one, additionalSeats=2)
    await api.activation(client, one, additionalSeats=1)
    await api.activation(client, two)
    await api.activation(other, one)

    payload = await _cancel(api, client)

    assert payload["cancelledActivationCount"] == 3
    assert payload["releasedLicenses"] == [
        {"licenses": 2, "additionalSeats": 3, "product": {"id": one}},
        {"licenses": 1, "additionalSeats": 0, "product": {"id": two}},
    ]
    stock = await api.stock(one)
    assert (stock["activated"], stock["available"], stock["additionalSeatsAllocated"]) == (1, 2, 0)
    assert (await api.stock(two))["available"] == 1


async def test_it_answers_with_what_it_cancelled_and_the_stock_that_it_changed(api: Api) -> None:
    one, two = [await new_product(api.portal, api.partner_id) for _ in range(2)]
    await api.buy(one, 3, seats=5)
    await api.buy(two, 1)
    await api.buy(await new_product(api.portal, api.partner_id), 1)
    client, other = await api.client(), await api.client()
    before = await api.activation(client, one)
    await api.done("cancelActivation", "activation { id }", {"activationId": before})
    ended = [await api.activation(client, product) for product in (two, one)]
    await api.activation(other, one, additionalSeats=4)

    payload = await _cancel(api, client)

    assert payload["cancelledActivations"] == [
        {
            "id": activation,
            "status": "CANCELLED",
            "cancellationReason": "CLIENT_CANCELLED",
            "client": {"activeActivationCount": 0},
        }
        for activation in ended
    ]
    stock = [await api.stock(product) for product in (one, two)]
    assert payload["licenseStock"] == [
        {name: each[name] for name in ("id", "available", "additionalSeatsAvailable")} for each in stock
    ]
    assert [each["available"] for each in stock] == [2, 1]


async def test_it_returns_the_first_hundred_cancelled_activations_by_id(api: Api, product: str) -> None:
    await api.buy(product, 101)
    client = await api.client()
    ended = await _activate(api, client, product, 101)

    payload = await _cancel(api, client, idempotencyKey="once")

    assert payload["cancelledActivationCount"] == 101
    assert [activation["id"] for activation in payload["cancelledActivations"]] == ended[:100]
    assert await _cancel(api, client, idempotencyKey="once") == payload


async def test_each_active_activation_gets_a_reason_a_ledger_line_and_an_event(api: Api, product: str) -> None:
    await api.buy(product, 3, seats=4)
    client = await api.client()
    before = await api.activation(client, product)
    await api.done("cancelActivation", "activation { id }", {"activationId": before})
    ended = [await api.activation(client, product, additionalSeats=seats) for seats in (0, 4)]

    await _cancel(api, client)

    query = """query ($client: ID) { activations(filter: {clientId: $client}) {
        nodes { id status cancellationReason cancelledBy { name } cancelledAt viewerCanCancel } } }"""
    nodes = {node["id"]: node for node in (await api.data(query, client=client))["activations"]["nodes"]}
    reasons = {activation: node["cancellationReason"] for activation, node in nodes.items()}
    assert reasons == {before: "ACTIVATION_CANCELLED"} | dict.fromkeys(ended, "CLIENT_CANCELLED")
    assert all(nodes[activation]["cancelledBy"] == {"name": "Ana"} for activation in ended)
    assert not any(node["viewerCanCancel"] for node in nodes.values())
    assert await _released_lines(api, product) == {before: (-1, 0), ended[0]: (-1, 0), ended[1]: (-1, -4)}
    assert await _last_events(api, 3) == [
        ("ACTIVATION_CANCELLED", ended[0]),
        ("ACTIVATION_CANCELLED", ended[1]),
        ("CLIENT_CANCELLED", None),
    ]


# The clock is stopped: otherwise a cached viewer expires after five seconds and is read again.
@pytest.mark.usefixtures("clock")
async def test_more_activations_are_cancelled_by_no_more_statements(api: Api, product: str) -> None:
    await api.buy(product, 600)
    counted: dict[int, list[int]] = {100: [], 200: []}
    for size in (100, 200, 100, 200):
        client = await api.client()
        await _activate(api, client, product, size)
        with every_statement(api.portal.database) as sent:
            await api.done("cancelClient", "client { id }", {"clientId": client})
        counted[size].append(len(sent))

    assert min(counted[100]) == min(counted[200])


async def test_events_of_many_cancelled_activations_are_one_chain_in_order(api: Api, product: str) -> None:
    await api.buy(product, 150)
    client = await api.client()
    await _activate(api, client, product, 150)

    await api.done("cancelClient", "client { id }", {"clientId": client})

    found = sa.select(events.c.number, events.c.activation_id, events.c.actor_id, events.c.id)
    of_partner = activations.c.partner_id == api.partner_id
    ended = found.where(events.c.partner_id == api.partner_id, events.c.type == EventType.ACTIVATION_CANCELLED)
    async with reading(api.portal.database) as connection:
        chain = await audit.verify(connection, api.partner_id)
        rows = await fetch_all(connection, ended.order_by(events.c.number))
        own = await fetch_values(connection, sa.select(activations.c.id).where(of_partner).order_by(activations.c.id))
    assert chain is not None
    assert chain.broken_at is None
    assert [row.number for row in rows] == list(range(chain.last_number - 150, chain.last_number))
    assert [row.activation_id for row in rows] == own
    assert {row.actor_id for row in rows} == {api.user_id}
    assert [row.id for row in rows] == sorted(row.id for row in rows)


async def test_what_remains_of_a_cancelled_client_says_not_who_it_was(api: Api) -> None:
    client = await api.client(name="Padaria Exata", tradeName="Pão", city="Recife", state="PE")

    payload = await _cancel(api, client, reason="Closed")

    read = payload["client"]
    assert read.pop("cancelledAt") is not None
    assert read == {
        "id": client,
        "name": "Cliente removido",
        "tradeName": None,
        "cnpj": None,
        "city": None,
        "state": None,
        "status": "CANCELLED",
        "cancellationNote": "Closed",
        "viewerCanCancel": False,
        "cancelledBy": {"name": "Ana"},
        "cancellationImpact": None,
    }


async def test_no_column_of_any_row_holds_what_was_erased(api: Api, product: str) -> None:
    number = cnpjs.another()
    await api.buy(product, 3)
    given = {"name": "Zaqueu Alimentos", "tradeName": "Mercadão Zebu", "city": "Quixeramobim", "state": "CE"}
    client = await api.client(cnpj=number, **given, idempotencyKey=f"Zaqueu {number}")
    other = await api.client()
    note = f"Zaqueu Alimentos, Mercadão Zebu, {number}, Quixeramobim"
    ended = await api.activation(client, product, note=note)
    await api.done("cancelActivation", "activation { id }", {"activationId": ended, "reason": note})
    moved = await api.activation(client, product, note=note)
    await api.done(
        "moveActivation",
        "activation { id }",
        {"activationId": moved, "toClientId": other, "activationKey": "MOVED-1"},
    )
    await api.activation(client, product, note=note, idempotencyKey=note)
    await api.done("updateClient", "client { id }", {"clientId": client, "tradeName": "Mercadão do Zebu"})
    await api.done("updateClient", "client { id }", {"clientId": client, "tradeName": "Mercadão Zebu"})
    reason = f"{note} / {cnpjs.masked(number)} / ZAQUEU ALIMENTOS / mercadao zebu / zaqueu  alimentos"

    await _cancel(api, client, reason=reason, idempotencyKey=note)

    erased = ("zaqueu", "mercadão", "mercadao", "zebu", "quixeramobim", number, cnpjs.masked(number))
    assert await _holding(api, erased) == []


async def test_the_notes_of_the_client_that_a_license_was_moved_to_stay(api: Api, product: str) -> None:
    await api.buy(product, 1)
    client, other = await api.client(), await api.client(name="Outra")
    moved = await api.activation(client, product)
    given = {"activationId": moved, "toClientId": other, "activationKey": "MOVED-1", "note": "Kept"}
    payload = await api.done("moveActivation", "activation { id }", given)

    await _cancel(api, client)

    query = "query ($id: ID!) { activation(id: $id) { note status client { name } } }"
    read = (await api.data(query, id=payload["activation"]["id"]))["activation"]
    assert read == {"note": "Kept", "status": "ACTIVE", "client": {"name": "Outra"}}


async def test_a_cancelled_client_is_found_by_nothing_that_it_was(api: Api) -> None:
    number = cnpjs.another()
    client = await api.client(cnpj=number, name="Padaria", city="Recife", state="PE")

    await _cancel(api, client)

    query = """query ($filter: ClientFilter) { clients(filter: $filter) { nodes { id } } }"""
    for chosen in ({"search": "padaria"}, {"search": number}, {"cnpj": number}, {"city": "recife"}, {"state": "PE"}):
        found = await api.data(query, filter=chosen | {"status": None})
        assert found["clients"]["nodes"] == [], chosen
    by_cnpj = await api.data("query ($cnpj: CNPJ!) { clientByCnpj(cnpj: $cnpj) { id } }", cnpj=number)
    assert by_cnpj["clientByCnpj"] is None


async def test_its_cnpj_can_be_registered_again_at_once_and_again(api: Api) -> None:
    number = cnpjs.another()

    clients = []
    for _ in range(3):
        clients.append(await api.client(cnpj=number))
        await _cancel(api, clients[-1])

    assert len(set(clients)) == 3


async def test_the_impact_says_before_what_the_cancellation_gives_back(api: Api, product: str) -> None:
    await api.buy(product, 2, seats=3)
    client = await api.client()
    await api.activation(client, product, additionalSeats=3)
    await api.activation(client, product)

    impact = await _impact(api, client)

    released = [{"licenses": 2, "additionalSeats": 3, "product": {"id": product}}]
    assert impact == {"activationCount": 2, "releasedLicenses": released}
    assert (await _cancel(api, client))["releasedLicenses"] == released
    assert await _impact(api, client) is None


async def test_a_client_without_activations_has_no_impact(api: Api, client: str) -> None:
    assert await _impact(api, client) == {"activationCount": 0, "releasedLicenses": []}
    assert (await _cancel(api, client))["cancelledActivationCount"] == 0


async def test_a_client_is_cancelled_once(api: Api, product: str) -> None:
    await api.buy(product, 1)
    client = await api.client()
    await api.activation(client, product)
    await _cancel(api, client)

    payload = await api.mutate("cancelClient", CANCELLED, {"clientId": client})

    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [("CLIENT_CANCELLED", ["clientId"])]
    assert (payload["client"], payload["cancelledActivationCount"], payload["releasedLicenses"]) == (None, 0, [])
    assert (payload["cancelledActivations"], payload["licenseStock"]) == ([], [])
    assert (await api.stock(product))["activated"] == 0


async def test_the_same_key_answers_the_same(api: Api, product: str) -> None:
    await api.buy(product, 1)
    client = await api.client()
    await api.activation(client, product)

    first = await _cancel(api, client, idempotencyKey="cancel")
    again = await _cancel(api, client, idempotencyKey="cancel")

    assert first == again
    assert (first["cancelledActivationCount"], len(first["cancelledActivations"])) == (1, 1)
    assert [stock["available"] for stock in first["licenseStock"]] == [1]
    assert (await api.stock(product))["available"] == 1


async def test_cancelling_needs_its_own_permission(api: Api, client: str) -> None:
    chosen: Permissions = frozenset({Permission.CLIENTS_READ, Permission.CLIENTS_WRITE})
    writer = await new_caller(api.http, api.portal, api.partner_id, chosen=chosen)

    error = await writer.error(
        "mutation ($id: ID!) { cancelClient(input: {clientId: $id}) { client { id } } }", id=client
    )

    assert error["extensions"]["missingPermissions"] == ["CLIENTS_CANCEL"]
    query = "query ($id: ID!) { client(id: $id) { status viewerCanCancel } }"
    assert (await writer.data(query, id=client))["client"] == {"status": "ACTIVE", "viewerCanCancel": False}


async def _cancel(api: Api, client: str, **given: object) -> Json:
    return await api.done("cancelClient", CANCELLED, {"clientId": client} | given)


async def _activate(api: Api, client: str, product: str, size: int) -> list[str]:
    """Activate many licenses for a client, and return the ids of the activations."""
    items = [{"clientId": client, "productId": product, "activationKey": f"KEY-{each}"} for each in range(size)]
    ended = []
    for first in range(0, size, BULK_MAX):
        given = {"mode": "ALL_OR_NOTHING", "items": items[first : first + BULK_MAX]}
        payload = await api.mutate("activateLicenses", "results { activation { id } }", given)
        ended += [result["activation"]["id"] for result in payload["results"]]
    return ended


async def _impact(api: Api, client: str) -> Json:
    query = """query ($id: ID!) { client(id: $id) { cancellationImpact {
        activationCount releasedLicenses { licenses additionalSeats product { id } } } } }"""
    return (await api.data(query, id=client))["client"]["cancellationImpact"]


async def _released_lines(api: Api, product: str) -> dict[str, tuple[int, int]]:
    query = """query ($product: ID) { licenseStock(productId: $product) { movements(first: 100) {
        nodes { type activated additionalSeatsAllocated activation { id } } } } }"""
    (stock,) = (await api.data(query, product=product))["licenseStock"]
    lines = [line for line in stock["movements"]["nodes"] if line["type"] == "RELEASED"]
    return {line["activation"]["id"]: (line["activated"], line["additionalSeatsAllocated"]) for line in lines}


async def _last_events(api: Api, size: int) -> list[tuple[str, str | None]]:
    query = "query ($size: Int) { events(last: $size) { nodes { type activation { id } } } }"
    events = (await api.data(query, size=size))["events"]["nodes"]
    return [(event["type"], event["activation"] and event["activation"]["id"]) for event in events]


async def _holding(api: Api, values: tuple[str, ...]) -> list[str]:
    """Return the columns of the partner's rows that contain any of the values, in any case."""
    holding = []
    async with reading(api.portal.database) as connection:
        for table in metadata.sorted_tables:
            own = table.c.get("partner_id", table.c.id if table.name == "partners" else None)
            rows = sa.select(table) if own is None else sa.select(table).where(own == api.partner_id)
            for row in await fetch_all(connection, rows):
                texts = {name: repr(value).casefold() for name, value in row._asdict().items()}
                holding += [
                    f"{table.name}.{name}: {text}"
                    for name, text in texts.items()
                    if any(value.casefold() in text for value in values)
                ]
    return holding
