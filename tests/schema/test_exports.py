"""Exports of lists, through the API and the URL that it returns."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO, StringIO
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from domain.access import ALL, Permission
from domain.export_columns import COLUMNS_OF
from domain.exports import ExportList
from resolvers import ids
from tests import cnpjs
from tests.api import Api
from tests.clock import Clock
from tests.factories import new_caller

Given = Mapping[str, object]
Rows = list[dict[str, Any]]


async def url(api: Api, exported: Given, **options: object) -> str:
    """Return the URL of an export."""
    payload = await api.done("createExport", "export { url }", {"list": exported} | options)
    return str(payload["export"]["url"])


async def file(api: Api, exported: Given, **options: object) -> httpx.Response:
    """Return the file of an export, for which no token is sent."""
    return await api.http.get(await url(api, exported, **options), headers={"Accept-Language": api.language})


async def rows(api: Api, exported: Given) -> Rows:
    """Return the rows of an export, of which the last line has the number."""
    *lines, last = map(orjson.loads, (await file(api, exported, format="JSONL")).content.splitlines())
    assert last == {"rowCount": len(lines)}
    return lines


def table(content: bytes, delimiter: str = ";") -> list[list[str]]:
    """Return the rows of a CSV file."""
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter, strict=True))


async def busy(api: Api, product: str) -> None:
    """Fill every list of the partner."""
    await api.buy(product, 5, seats=3)
    client = await api.client(cnpj="16.727.230/0001-97", name="Padaria São João", city="Olinda", state="PE")
    activation = await api.activation(client, product, activationKey="KEY-1", note="Caixa 1\n=1+1", additionalSeats=1)
    await api.done("cancelActivation", "activation { id }", {"activationId": activation, "reason": "Troca"})
    await api.order((product, 2), note="Urgente")


async def test_a_url_gives_the_clients_without_a_token(api: Api) -> None:
    await api.client(name="Padaria São João", city="Olinda", state="PE")
    await api.client(name="Açougue; Bom Preço", tradeName="=1+1")

    answer = await file(api, {"clients": {"columns": ["NAME", "TRADE_NAME", "CITY", "STATE", "STATUS"]}})

    assert answer.status_code == 200
    assert table(answer.content) == [
        ["Name", "Trade name", "City", "State", "Status"],
        ["Açougue; Bom Preço", "'=1+1", "", "", "Active"],
        ["Padaria São João", "", "Olinda", "PE", "Active"],
        ["Number of rows", "2"],
    ]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="clients.csv"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["accept-ranges"] == "none"


@pytest.mark.usefixtures("clock")
async def test_each_list_has_the_portal_s_labels_and_its_values(api: Api, product: str) -> None:
    await busy(api, product)
    api = replace(api, language="pt-BR")

    clients = table((await file(api, {"clients": {}})).content)
    activations = table((await file(api, {"activations": {}})).content)
    orders = table((await file(api, {"orders": {"sort": {"direction": "ASC"}}})).content)
    stock = table((await file(api, {"licenseStock": {}})).content)
    events = table((await file(api, {"events": {"columns": ["NUMBER", "TYPE", "CLIENT", "ORDER", "USER"]}})).content)

    noon = "24/11/2026 12:00:00"
    assert dict(zip(*clients[:2], strict=True)) == {
        "Razão Social": "Padaria São João",
        "Nome Fantasia": "",
        "CNPJ": "16.727.230/0001-97",
        "Município": "Olinda",
        "UF": "PE",
        "Situação": "Ativo",
        "Cadastrado em (UTC)": noon,
        "Cancelado em (UTC)": "",
        "Cancelado por": "",
        "Motivo do cancelamento": "",
    }
    assert clients[2:] == [["Total de registros", "1"]]
    activation = dict(zip(*activations[:2], strict=True))
    assert len(activation.pop("Código de autorização da licença")) == 29
    assert len(activation.pop("Código do produto")) == 32
    assert activation == {
        "Cliente": "Padaria São João",
        "CNPJ": "16.727.230/0001-97",
        "Produto": "Moderniza Completo",
        "Chave de ativação": "KEY-1",
        "Número de série do ECF": "",
        "Usuários": "3",
        "Usuários adicionais": "1",
        "Data/hora da ativação (UTC)": noon,
        "Usuário que fez a ativação": "Ana",
        "Observação": "Caixa 1\n=1+1",
        "Situação": "Cancelada",
        "Cancelado em (UTC)": noon,
        "Cancelado por": "Ana",
        "Tipo de cancelamento": "Cancelamento de licença",
        "Motivo do cancelamento": "Troca",
    }
    assert [row[:8] for row in orders[:2]] == [
        [
            *("Id", "Tipo", "Situação", "Pauta Preço"),
            *("Valor Total Mensal", "Valor Total Adesão", "Valor Total com Adesão", "Observação"),
        ],
        ["1", "Compra", "Finalizado", orders[1][3], "500,00", "250,00", "750,00", ""],
    ]
    assert orders[3][1:3] == ["Compra", "Confirmação Pendente"]
    assert orders[2][1] == "Adicional"
    assert stock[1][0] == "Moderniza Completo"
    assert stock[1][2:] == ["5", "0", "0", "5", "3", "0", "3"]
    assert events[1:3] == [["1", "Pedido criado", "", "1", ""], ["2", "Pedido aprovado", "", "1", ""]]
    assert ["5", "Cliente cadastrado", "Padaria São João", "", ""] in events
    assert events[-1] == ["Total de registros", str(len(events) - 2)]


_PAGED = {
    "clients": "name tradeName cnpj city state status registeredAt id",
    "activations": "authorizationCode activationKey seats additionalSeats note status activatedAt id",
    "orders": "number type status monthlyTotal setupFeeTotal totalWithSetupFee note createdAt approvedAt id",
    "events": "number type occurredAt id",
}
_COLUMNS = {
    name: [
        "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in field).upper()
        for field in fields.split()
    ]
    for name, fields in _PAGED.items()
}
_TYPES = {"clients": "Client", "activations": "Activation", "orders": "Order", "events": "Event"}


async def paged(api: Api, name: str, filter_: Given | None, sort: Given | None) -> Rows:
    """Return the rows of a list, as its pages give them."""
    kind = _TYPES[name]
    given_sort = ("", "") if sort is None else (f", $sort: {kind}Sort", ", sort: $sort")
    query = f"""query ($filter: {kind}Filter, $after: String{given_sort[0]}) {{
        page: {name}(filter: $filter{given_sort[1]}, first: 3, after: $after) {{
            nodes {{ {_PAGED[name]} }} pageInfo {{ endCursor hasNextPage }} }} }}"""
    found: Rows = []
    after = None
    while True:
        page = (await api.data(query, filter=filter_, sort=sort, after=after))["page"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


_DIRECTIONS = st.sampled_from(["ASC", "DESC"])
_RANGES = st.sampled_from([{}, {"from": "2020-01-01T00:00:00Z"}, {"to": "2020-01-01T00:00:00Z"}])
_FILTERS: Mapping[str, st.SearchStrategy[dict[str, object]]] = {
    "clients": st.fixed_dictionaries(
        {},
        optional={
            "search": st.sampled_from(["padaria", "1672", "São", ""]),
            "state": st.sampled_from(["PE", "SP"]),
            "status": st.sampled_from([None, ["ACTIVE"], ["CANCELLED"], []]),
            "hasActiveActivations": st.booleans(),
            "registeredAt": _RANGES,
        },
    ),
    "activations": st.fixed_dictionaries(
        {},
        optional={
            "search": st.sampled_from(["padaria", "KEY", ""]),
            "activationKey": st.just("key-"),
            "status": st.sampled_from([None, ["ACTIVE"], ["ACTIVE", "CANCELLED"]]),
            "activatedAt": _RANGES,
        },
    ),
    "orders": st.fixed_dictionaries(
        {},
        optional={
            "number": st.integers(1, 4),
            "type": st.sampled_from(["PURCHASE", "ADDITIONAL_SEATS"]),
            "status": st.sampled_from([["PENDING"], ["COMPLETED", "CANCELLED"]]),
            "completedAt": _RANGES,
        },
    ),
    "events": st.fixed_dictionaries(
        {}, optional={"types": st.sampled_from([["CLIENT_REGISTERED", "ORDER_CREATED"], []]), "occurredAt": _RANGES}
    ),
}
_KEYS = {"clients": ["NAME", "REGISTERED_AT"], "activations": ["ACTIVATED_AT", "CLIENT_NAME"]}
_KEYS["orders"] = ["NUMBER", "CREATED_AT"]


@st.composite
def _asked(draw: st.DrawFn) -> tuple[str, dict[str, object], Given | None]:
    name = draw(st.sampled_from(sorted(_PAGED)))
    sort = None
    if name in _KEYS:
        sort = draw(st.none() | st.fixed_dictionaries({"by": st.sampled_from(_KEYS[name]), "direction": _DIRECTIONS}))
    return name, draw(_FILTERS[name]), sort


@pytest.fixture
async def busy_api(api: Api, product: str) -> Api:
    """Partner whose lists have several rows."""
    await busy(api, product)
    for number in range(4):
        await api.activation(await api.client(name=f"Padaria {number}", tradeName="@x"), product)
    gone = await api.client(name="Bar", state="SP")
    await api.done("cancelClient", "client { id }", {"clientId": gone})
    return api


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=_asked())
async def test_an_export_has_what_the_pages_of_the_list_have(
    busy_api: Api, asked: tuple[str, dict[str, object], Given | None]
) -> None:
    name, filter_, sort = asked
    exported = {"filter": filter_, "columns": _COLUMNS[name]} | ({} if sort is None else {"sort": sort})
    link = await url(busy_api, {name: exported}, format="JSONL")

    *lines, last = map(orjson.loads, (await busy_api.http.get(link)).content.splitlines())

    assert lines == await paged(busy_api, name, filter_, sort)
    assert last == {"rowCount": len(lines)}


async def test_the_stock_is_that_of_the_list(busy_api: Api, product: str) -> None:
    fields = """purchased bonus activated available
        additionalSeatsTotal additionalSeatsAllocated additionalSeatsAvailable"""
    columns = [each.name for each in COLUMNS_OF[ExportList.LICENSE_STOCK] if not each.name.startswith(("PRO", "PAR"))]

    found = await rows(busy_api, {"licenseStock": {"columns": columns}})

    assert found == (await busy_api.data(f"{{ licenseStock {{ {fields} }} }}"))["licenseStock"]
    assert await rows(busy_api, {"licenseStock": {"columns": columns, "productId": product}}) == found
    assert await rows(busy_api, {"licenseStock": {"columns": columns, "productId": "nothing"}}) == []


async def test_a_workbook_and_a_plain_file_have_the_same_rows(busy_api: Api) -> None:
    exported = {"activations": {"columns": ["CLIENT_NAME", "SEATS", "NOTE"]}}

    plain = table((await file(busy_api, exported, csvStyle="PLAIN")).content, ",")
    workbook = await file(busy_api, exported, format="XLSX")

    shown = load_workbook(BytesIO(workbook.content), read_only=True)
    values = list(shown["Activations"].iter_rows(values_only=True))
    assert plain[0] == ["clientName", "seats", "note"]
    assert values[0] == ("Client", "Seats", "Note")
    assert [[str(cell or "") for cell in row] for row in values[1:]] == plain[1:-1]
    assert plain[-1] == ["rowCount", str(len(values) - 1)]
    assert list(shown["Summary"].iter_rows(values_only=True)) == [("Number of rows", len(values) - 1)]
    assert workbook.headers["content-disposition"] == 'attachment; filename="activations.xlsx"'


async def test_an_export_has_thousands_of_rows(api: Api) -> None:
    sheet = "CNPJ;Razão Social\n" + "".join(f"{cnpjs.another()};Padaria {number}\n" for number in range(2_500))
    await api.done("importClients", "registeredCount", {"content": sheet})

    found = await rows(api, {"clients": {"columns": ["NAME"]}})

    assert sorted(row["name"] for row in found) == sorted(f"Padaria {number}" for number in range(2_500))


async def test_another_partner_s_objects_are_in_no_export(busy_api: Api, other_api: Api) -> None:
    theirs = ids.encode("Partner", busy_api.partner_id)

    for name in ("clients", "activations", "orders"):
        assert await rows(other_api, {name: {}}) == []
    assert await rows(other_api, {"licenseStock": {}}) == []
    assert {row["type"] for row in await rows(other_api, {"events": {}})} == {"EXPORT_CREATED"}
    for exported in ({"clients": {"filter": {"partnerId": theirs}}}, {"licenseStock": {"partnerId": theirs}}):
        assert await other_api.codes("createExport", {"list": exported}) == ["NOT_FOUND"]


async def test_the_vendor_exports_one_partner_or_all(busy_api: Api, vendor: Api) -> None:
    partner = ids.encode("Partner", busy_api.partner_id)
    mine = await rows(busy_api, {"clients": {}})
    events = "query ($partner: ID) { events(filter: { partnerId: $partner }, last: 1) { nodes { type actor { id } } } }"

    one = await rows(vendor, {"clients": {"filter": {"partnerId": partner}}})
    of_partner = (await vendor.data(events, partner=partner))["events"]["nodes"]
    stock = await rows(vendor, {"licenseStock": {"partnerId": partner}})
    all_clients = await rows(vendor, {"clients": {}})
    of_vendor = (await vendor.data(events, partner=ids.encode("Partner", vendor.partner_id)))["events"]["nodes"]
    unnamed = await vendor.error("mutation { createExport(input: { list: { events: {} } }) { userErrors { code } } }")

    assert [{**row, "partner": "Alfa"} for row in mine] == [
        row for row in all_clients if {key: row[key] for key in mine[0]} in mine
    ]
    assert one == mine
    assert len(stock) == 1
    event = {"type": "EXPORT_CREATED", "actor": {"id": ids.encode("User", vendor.user_id)}}
    assert of_partner == of_vendor == [event]
    assert unnamed["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_event_says_who_exported_which_list_only(api: Api) -> None:
    await url(api, {"clients": {"filter": {"search": "Segredo"}}}, idempotencyKey="a")

    answer = await api.post("{ events { nodes { type exportedList message actor { id } } } }")

    columns = {"events": {"columns": ["TYPE", "EXPORTED_LIST", "CLIENT"]}}
    plain, brazilian = await file(api, columns, csvStyle="PLAIN"), await file(api, columns)

    assert answer["data"]["events"]["nodes"] == [
        {
            "type": "EXPORT_CREATED",
            "exportedList": "CLIENTS",
            "message": "List exported: Clients.",
            "actor": {"id": ids.encode("User", api.user_id)},
        }
    ]
    assert table(plain.content, ",")[1] == ["EXPORT_CREATED", "CLIENTS", ""]
    assert table(brazilian.content)[1][1:] == ["Clients", ""]


async def test_a_replay_gives_the_same_export_and_no_event(api: Api, clock: Clock) -> None:
    given_input = {"list": {"orders": {}}, "idempotencyKey": "a"}
    first = await api.done("createExport", "export { expiresAt }", given_input)
    clock.forward(seconds=5)

    again = await api.done("createExport", "export { expiresAt }", given_input)

    assert again == first == {"export": {"expiresAt": "2026-11-24T12:10:00Z"}, "userErrors": []}
    assert (await api.data("{ events { totalCount } }"))["events"]["totalCount"] == 1
    assert await api.codes("createExport", given_input | {"format": "XLSX"}) == ["IDEMPOTENCY_CONFLICT"]
    colleague = await new_caller(api.http, api.portal, api.partner_id)
    assert await colleague.codes("createExport", given_input) == ["IDEMPOTENCY_CONFLICT"]


async def test_an_export_without_columns_is_refused(api: Api) -> None:
    payload = await api.mutate("createExport", "export { url }", {"list": {"clients": {"columns": []}}})

    assert payload["export"] is None
    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [
        ("INVALID_INPUT", ["list", "clients", "columns"])
    ]


@pytest.mark.edge
@pytest.mark.parametrize("exported", [{}, {"clients": {}, "orders": {}}, {"clients": None}])
async def test_exactly_one_list_is_exported(api: Api, exported: Given) -> None:
    query = "mutation ($input: CreateExportInput!) { createExport(input: $input) { export { url } } }"

    error = await api.error(query, input={"list": exported})

    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(("list_", "needed"), [("clients", "CLIENTS_READ"), ("licenseStock", "ACTIVATIONS_READ")])
async def test_a_list_is_exported_by_those_who_may_read_it(api: Api, list_: str, needed: str) -> None:
    query = f"mutation {{ createExport(input: {{ list: {{ {list_}: {{}} }} }}) {{ export {{ url }} }} }}"
    for missing in (needed, "EXPORTS_CREATE"):
        caller = await new_caller(api.http, api.portal, api.partner_id, chosen=ALL - {Permission[missing]})

        error = await caller.error(query)

        assert error["extensions"] == {"code": "FORBIDDEN", "missingPermissions": [missing]}
    assert (await api.data("{ events { totalCount } }"))["events"]["totalCount"] == 0


async def test_an_event_shows_no_object_that_the_viewer_may_not_read(busy_api: Api) -> None:
    caller = await new_caller(
        busy_api.http, busy_api.portal, busy_api.partner_id, chosen=ALL - {Permission.CLIENTS_READ}
    )

    found = await rows(caller, {"events": {"columns": ["CLIENT", "ACTIVATION"]}})

    assert {row["client"] for row in found} == {None}
    assert len({row["activation"] for row in found}) > 1
