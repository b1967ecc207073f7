"""Finding activations by users, notes and cancellations, over HTTP, on both engines."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from db.tables import activations
from resolvers import ids
from tests.api import Api
from tests.factories import new_caller
from tests.units import fetch_all, reading

QUERY = """query ($filter: ActivationFilter) { activations(filter: $filter, sort: { direction: ASC }) {
    totalCount nodes { activationKey } } }"""


@dataclass(frozen=True, slots=True)
class Shop:
    """Partner with activations of each status and reason, by two users."""

    ana: Api
    rui: Api
    clients: Mapping[str, str]
    activations: Mapping[str, str]

    async def keys(self, **chosen: object) -> list[str]:
        """Return the keys of the activations that the filter selects, oldest first."""
        found = (await self.ana.data(QUERY, filter=chosen))["activations"]
        assert found["totalCount"] == len(found["nodes"])
        return [node["activationKey"] for node in found["nodes"]]

    @property
    def users(self) -> tuple[str, str]:
        """Ids of both users."""
        return ids.encode("User", self.ana.user_id), ids.encode("User", self.rui.user_id)


@pytest.fixture
async def shop(api: Api, product: str) -> Shop:
    rui = await new_caller(api.http, api.portal, api.partner_id)
    await api.buy(product, 5)
    clients = {name: await api.client(name=name) for name in ("Padaria", "Quitandinha")}
    made = {
        "KEY-1": await api.activation(clients["Padaria"], product, activationKey="KEY-1", note="Balcão  da Frente"),
        "KEY-2": await rui.activation(clients["Padaria"], product, activationKey="KEY-2", note="Caixa"),
        "KEY-3": await rui.activation(clients["Padaria"], product, activationKey="KEY-3"),
        "KEY-4": await api.activation(clients["Padaria"], product, activationKey="KEY-4", note="Era da Quitandinha"),
        "KEY-5": await api.activation(clients["Quitandinha"], product, activationKey="KEY-5", note="Caixa"),
    }
    await api.done(
        "cancelActivation", "activation { id }", {"activationId": made["KEY-2"], "reason": "Fechou o balcão"}
    )
    given = {"activationId": made["KEY-3"], "toClientId": clients["Padaria"], "activationKey": "KEY-6"}
    await rui.done("moveActivation", "activation { id }", given)
    return Shop(api, rui, clients, made)


async def test_activations_are_found_by_who_made_and_who_ended_them(shop: Shop, other_api: Api) -> None:
    ana, rui = shop.users

    assert await shop.keys(activatedById=ana) == ["KEY-1", "KEY-4", "KEY-5"]
    assert await shop.keys(activatedById=rui) == ["KEY-2", "KEY-3", "KEY-6"]
    assert await shop.keys(cancelledById=ana) == ["KEY-2"]
    assert await shop.keys(cancelledById=rui, activatedById=rui) == ["KEY-3"]
    assert await shop.keys(cancelledById=rui, activatedById=ana) == []
    assert len(await shop.keys(activatedById=None, cancelledById=None, note=" ", cancellationReason=None)) == 6
    for field in ("activatedById", "cancelledById"):
        assert (await other_api.data(QUERY, filter={field: ana}))["activations"]["totalCount"] == 0


async def test_activations_are_found_by_the_reason_and_time_of_their_end(shop: Shop) -> None:
    await shop.ana.done("cancelClient", "client { id }", {"clientId": shop.clients["Quitandinha"]})
    query = "query ($id: ID!) { activation(id: $id) { cancelledAt } }"
    first, second = [
        (await shop.ana.data(query, id=shop.activations[key]))["activation"]["cancelledAt"]
        for key in ("KEY-2", "KEY-3")
    ]

    assert await shop.keys(cancellationReason=["ACTIVATION_CANCELLED"]) == ["KEY-2"]
    assert await shop.keys(cancellationReason=["MOVED"]) == ["KEY-3"]
    assert len(await shop.keys(cancellationReason=["CLIENT_CANCELLED", "MOVED"])) == 2
    assert await shop.keys(cancellationReason=[]) == []
    assert await shop.keys(cancelledAt={"from": first, "to": second}) == ["KEY-2"]
    assert await shop.keys(cancelledAt={"to": first}) == []
    assert len(await shop.keys(cancelledAt={"from": second})) == 2


@pytest.mark.parametrize("typed", ["balcao", "BALCÃO", "cão da fr", " o balcao"])
async def test_notes_are_found_without_regard_to_case_and_accents(shop: Shop, typed: str) -> None:
    expected = {" o balcao": ["KEY-2"], "cão da fr": ["KEY-1"]}

    assert await shop.keys(note=typed) == expected.get(typed.lower(), ["KEY-1", "KEY-2"])


async def test_a_note_is_found_as_it_was_corrected(shop: Shop) -> None:
    for note in ("Térreo", None):
        given = {"activationId": shop.activations["KEY-1"], "note": note}
        await shop.ana.done("updateActivation", "activation { id }", given)

        assert await shop.keys(note="terreo") == ([] if note is None else ["KEY-1"])
        assert await shop.keys(note="frente") == []


async def test_erased_notes_are_not_found_by_what_they_said(shop: Shop) -> None:
    assert await shop.keys(note="quitandinha") == ["KEY-4"]
    assert await shop.keys(note="caixa") == ["KEY-2", "KEY-5"]

    await shop.ana.done("cancelClient", "client { id }", {"clientId": shop.clients["Quitandinha"]})

    assert await shop.keys(note="quitandinha") == []
    assert await shop.keys(note="era da […]") == ["KEY-4"]
    assert await shop.keys(note="caixa") == ["KEY-2"]
    copies = sa.select(activations.c.note_folded).where(
        activations.c.partner_id == shop.ana.partner_id, activations.c.note_folded.is_not(None)
    )
    async with reading(shop.ana.portal.database) as connection:
        folded = sorted(row[0] for row in await fetch_all(connection, copies))
    assert folded == ["balcao da frente", "caixa", "era da [...]"]


@pytest.mark.parametrize("typed", ["ecf-\u0390-1", "ecf-\u1fd7", "ß\u03b0"])
async def test_a_serial_number_is_found_by_what_the_api_returned(shop: Shop, product: str, typed: str) -> None:
    given = {"clientId": shop.clients["Padaria"], "productId": product, "activationKey": "KEY-7"}
    activated = await shop.ana.done(
        "activateLicense", "activation { ecfSerialNumber }", {**given, "ecfSerialNumber": typed}
    )
    returned = activated["activation"]["ecfSerialNumber"]

    assert await shop.keys(ecfSerialNumber=returned) == ["KEY-7"]
    assert await shop.keys(search=returned) == ["KEY-7"]
    assert await shop.keys(ecfSerialNumber=typed) == ["KEY-7"]


async def test_clients_of_a_state_are_found_by_letters_of_ascii(api: Api) -> None:
    query = "query ($state: String) { clients(filter: { state: $state }) { totalCount } }"
    await api.client(state="SP")

    found = [await api.data(query, state=typed) for typed in (" sp ", "\u017fp")]

    assert [each["clients"]["totalCount"] for each in found] == [1, 0]


async def test_a_longer_text_than_a_search_is_refused(shop: Shop) -> None:
    error = await shop.ana.error(QUERY, filter={"note": "x" * 201})

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
