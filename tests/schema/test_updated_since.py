"""`updatedSince` finds every change of clients and activations, and nothing that has not changed, on both engines."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from db import change_times
from db.client_changes import ClientDetails
from db.tables import activations, clients, partner_counters
from domain.timestamps import utc_now
from resolvers import imports
from resolvers.clients import RegisterClient
from tests import cnpjs
from tests.api import Api
from tests.schema.recipes import MUTATIONS
from tests.units import execute, fetch_all, reading, writing

TABLES = clients, activations
CHANGED_BY = {
    *("registerClient", "importClients", "updateClient", "cancelClient"),
    *("activateLicense", "activateLicenses", "cancelActivation", "cancelActivations"),
    *("moveActivation", "moveActivations", "updateActivation"),
}
"""Mutations that change clients or activations."""

LATER = timedelta(hours=1)
BOTH = """query ($since: DateTime) {
    clients(filter: {updatedSince: $since, status: null}, sort: {by: UPDATED_AT, direction: ASC}) {
        nodes { id status } }
    activations(filter: {updatedSince: $since}, sort: {by: UPDATED_AT, direction: ASC}) {
        nodes { id status note } } }"""

Rows = Mapping[tuple[str, int], Mapping[str, Any]]


_NOT_DETAILS = dict.fromkeys(("updated_at", "last_activated_at", "active_activations"))
"""Columns that may differ though a row was not changed: clients keep the last two of their activations."""


async def _rows(api: Api) -> Rows:
    """Return the partner's clients and activations, by table and id."""
    found: dict[tuple[str, int], Mapping[str, Any]] = {}
    async with reading(api.portal.database) as connection:
        for table in TABLES:
            rows = await fetch_all(connection, sa.select(table).where(table.c.partner_id == api.partner_id))
            found |= {(table.name, row.id): row._asdict() for row in rows}
    return found


def _changed(before: Rows, after: Rows) -> set[tuple[str, int]]:
    """Return the rows that are new, or have another value in any column but the time of the change."""
    return {key for key, row in after.items() if {**row, **_NOT_DETAILS} != {**before.get(key, {}), **_NOT_DETAILS}}


def _touched(before: Rows, after: Rows) -> set[tuple[str, int]]:
    """Return the rows that are new, or have another time of the change."""
    return {key for key, row in after.items() if row["updated_at"] != before.get(key, {}).get("updated_at")}


async def _commit_at(api: Api, time: datetime) -> None:
    """Let the partner's last change be one of a process whose clock says so."""
    async with writing(api.portal.database) as tx:
        latest = {"changed_at": change_times.microseconds(time)}
        mine = partner_counters.c.partner_id == api.partner_id
        await execute(tx, sa.update(partner_counters).where(mine).values(latest))


@pytest.mark.parametrize("ahead", [timedelta(), LATER], ids=["clock-in-front", "clock-behind"])
async def test_each_mutation_gives_changed_rows_a_later_time_and_others_none(api: Api, ahead: timedelta) -> None:
    changing = set()
    for name, recipe in MUTATIONS.items():
        given = await recipe.given(api)
        before, last = await _rows(api), utc_now() + ahead
        if ahead:
            await _commit_at(api, last)
        await api.done(name, "__typename", given)
        after = await _rows(api)

        changed = _changed(before, after)
        changing |= {name} if changed else set()
        assert _touched(before, after) == changed, name
        assert all(after[key]["updated_at"] > last for key in changed), name

    assert changing == CHANGED_BY


async def test_what_an_erasure_redacts_elsewhere_is_a_change(api: Api, product: str) -> None:
    await api.buy(product, 3)
    leaving, kept = await api.client(name="Quitandinha"), await api.client(name="Padaria")
    ended = await api.activation(leaving, product)
    named = await api.activation(kept, product, note="Era da Quitandinha")
    await api.activation(kept, product, note="Caixa")
    other = await api.client(name="Bazar")
    await api.done("cancelClient", "__typename", {"clientId": other, "reason": "Agora é Quitandinha"})
    before = await _rows(api)

    await api.done("cancelClient", "__typename", {"clientId": leaving})

    after = await _rows(api)
    changed = _changed(before, after)
    notes = [after[key]["note"] for key in changed if key[0] == "activations"]
    assert len(changed) == 4
    assert sorted(map(str, notes)) == ["Era da […]", "None"]
    assert _touched(before, after) == changed
    found = await api.data(BOTH, since=_text(after[next(iter(changed))]["updated_at"]))
    assert {node["id"] for node in found["clients"]["nodes"]} == {leaving, other}
    assert named in {node["id"] for node in found["activations"]["nodes"]}
    types = "[ACTIVATION_CANCELLED, ACTIVATION_UPDATED, CLIENT_UPDATED, CLIENT_CANCELLED]"
    events = (
        f"{{ events(last: 4, filter: {{types: {types}}}) {{ nodes {{ type client {{ id }} activation {{ id }} }} }} }}"
    )
    assert [
        (event["type"], event["client"]["id"], event["activation"] and event["activation"]["id"])
        for event in (await api.data(events))["events"]["nodes"]
    ] == [
        ("ACTIVATION_CANCELLED", leaving, ended),
        ("ACTIVATION_UPDATED", kept, named),
        ("CLIENT_UPDATED", other, None),
        ("CLIENT_CANCELLED", leaving, None),
    ]


async def test_a_new_name_changes_the_activations_only_if_they_are_sorted_anew(api: Api, product: str) -> None:
    await api.buy(product, 1)
    client = await api.client(name="Padaria Sol")
    await api.activation(client, product)
    kinds = []
    for change in ({"city": "Olinda"}, {"name": "PADARIA SOL"}, {"name": "Mercearia Sol"}):
        before = await _rows(api)
        await api.done("updateClient", "__typename", {"clientId": client, **change})
        kinds.append(sorted(table for table, _ in _touched(before, await _rows(api))))

    assert kinds == [["clients"], ["clients"], ["activations", "clients"]]


@pytest.mark.parametrize("all_or_nothing", [True, False])
async def test_an_import_by_an_operator_gives_later_times(
    api: Api, monkeypatch: pytest.MonkeyPatch, *, all_or_nothing: bool
) -> None:
    monkeypatch.setattr(imports, "_EVENTS_AT_ONCE", 2)
    last = utc_now() + LATER
    await _commit_at(api, last)
    details = ClientDetails(name="Padaria")
    wanted = [[RegisterClient(cnpjs.another(), details) for _ in range(3)] for _ in range(2)]

    await imports.register_clients(
        api.portal, api.partner_id, wanted, all_or_nothing=all_or_nothing, report=lambda _: None
    )

    times = [row["updated_at"] for row in (await _rows(api)).values()]
    assert len(times) == 6
    assert min(times) > last


async def test_a_sheet_with_many_events_gives_all_clients_one_later_time(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_EVENTS_AT_ONCE", 2)
    last = utc_now() + LATER
    await _commit_at(api, last)
    lines = "".join(f"{cnpjs.another()};Padaria {number}\n" for number in range(7))

    await api.done("importClients", "__typename", {"content": f"CNPJ;Razão Social\n{lines}"})

    times = [row["updated_at"] for row in (await _rows(api)).values()]
    assert len(times) == 7
    assert set(times) == {last + timedelta(microseconds=1)}


async def test_what_ended_is_found_and_what_stayed_is_not(api: Api, product: str) -> None:
    await api.buy(product, 3)
    kept, leaving = await api.client(), await api.client()
    stays = await api.activation(kept, product)
    ended, erased = await api.activation(kept, product), await api.activation(leaving, product, note="Caixa")
    node = "query ($id: ID!) { node(id: $id) { ... on Activation { updatedAt } } }"
    since = (await api.data(node, id=erased))["node"]["updatedAt"]
    await api.done("cancelActivation", "__typename", {"activationId": ended})
    await api.done("cancelClient", "__typename", {"clientId": leaving})

    found = await api.data(BOTH, since=since)
    query = "query ($since: DateTime) { clients(filter: {updatedSince: $since}) { nodes { id } } }"
    active = await api.data(query, since=since)

    assert found["clients"]["nodes"] == [{"id": leaving, "status": "CANCELLED"}]
    assert found["activations"]["nodes"] == [
        {"id": ended, "status": "CANCELLED", "note": None},
        {"id": erased, "status": "CANCELLED", "note": None},
    ]
    assert active["clients"]["nodes"] == []
    assert stays not in str(found)


async def test_lists_are_sorted_by_their_last_changes(api: Api) -> None:
    made = [await api.client() for _ in range(4)]
    await api.done("updateClient", "__typename", {"clientId": made[1], "city": "Olinda"})
    expected = [made[0], made[2], made[3], made[1]]
    query = """query ($after: String, $direction: SortDirection!) {
        clients(sort: {by: UPDATED_AT, direction: $direction}, first: 3, after: $after) {
            nodes { id updatedAt } pageInfo { endCursor } } }"""
    found = {}
    for direction in ("ASC", "DESC"):
        first = (await api.data(query, direction=direction))["clients"]
        rest = (await api.data(query, direction=direction, after=first["pageInfo"]["endCursor"]))["clients"]
        found[direction] = [node["id"] for node in (*first["nodes"], *rest["nodes"])]

    assert found == {"ASC": expected, "DESC": expected[::-1]}


async def test_a_bulk_cancellation_takes_what_was_updated_since(api: Api, product: str) -> None:
    await api.buy(product, 3)
    client = await api.client()
    early, *late = [await api.activation(client, product) for _ in range(3)]
    query = "query ($id: ID!) { activation(id: $id) { updatedAt status } }"
    since = (await api.data(query, id=late[0]))["activation"]["updatedAt"]

    await api.done("cancelActivations", "__typename", {"filter": {"updatedSince": since}, "expectedCount": 2})

    statuses = [(await api.data(query, id=each))["activation"]["status"] for each in (early, *late)]
    assert statuses == ["ACTIVE", "CANCELLED", "CANCELLED"]


async def test_an_export_has_what_was_updated_since(api: Api) -> None:
    await api.client(name="Padaria Um")
    second = await api.client(name="Padaria Dois")
    query = "query ($id: ID!) { client(id: $id) { updatedAt } }"
    since = (await api.data(query, id=second))["client"]["updatedAt"]
    listed = {"clients": {"filter": {"updatedSince": since}, "columns": ["NAME"]}}

    made = await api.done("createExport", "export { url }", {"list": listed, "csvStyle": "PLAIN"})

    text = (await api.http.get(made["export"]["url"])).text
    assert "Padaria Dois" in text
    assert "Padaria Um" not in text


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat()
