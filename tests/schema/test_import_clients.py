"""Import of a sheet of clients, over HTTP, on both engines."""

from asyncio import gather
from base64 import b64encode, encodebytes
from dataclasses import replace
from io import BytesIO

import openpyxl
import pytest

from domain.access import Permission, Role, TokenKind
from resolvers import ids
from tests import cnpjs
from tests.api import Api, Json
from tests.factories import new_caller

ROWS = """rows { line status codes reason client { id name city state } } registeredCount alreadyRegisteredCount
    invalidCount warnings { message lines } report"""
HEADER = "CNPJ;Razão Social;Cidade/UF"


async def imported(api: Api, content: str, **given: object) -> Json:
    return await api.mutate("importClients", ROWS, {"content": content, **given})


def statuses(payload: Json) -> list[tuple[int, str]]:
    return [(row["line"], row["status"]) for row in payload["rows"]]


async def clients_of(api: Api) -> Json:
    return (await api.data("{ clients(first: 100) { totalCount nodes { id name } } }"))["clients"]


async def test_each_row_has_its_result(api: Api) -> None:
    known, new, other = (cnpjs.another() for _ in range(3))
    client = await api.client(cnpj=known, name="Antigo")
    rows = [f"{known};Novo;", f"{cnpjs.masked(new)};Padaria;Recife/PE", "", "111.444.777-35;Ana;", f"{new};De novo;"]

    payload = await imported(api, "\r\n".join([HEADER, *rows, f"{other};;"]))

    assert statuses(payload) == [
        (2, "ALREADY_REGISTERED"),
        (3, "REGISTERED"),
        (5, "INVALID"),
        (6, "REPEATED"),
        (7, "INVALID"),
    ]
    there, registered, cpf, repeated, nameless = payload["rows"]
    assert there["client"] == {"id": client, "name": "Antigo", "city": None, "state": None}
    assert registered["client"]["name"] == "Padaria"
    assert (registered["client"]["city"], registered["client"]["state"]) == ("Recife", "PE")
    assert repeated["client"] == registered["client"]
    assert (cpf["codes"], nameless["codes"]) == (["INVALID_CNPJ"], ["INVALID_INPUT"])
    assert "CPF" in cpf["reason"]
    assert [payload[f"{name}Count"] for name in ("registered", "alreadyRegistered", "invalid")] == [1, 2, 2]
    events = (await api.data("{ events(last: 2) { nodes { type actor { id } client { id } } } }"))["events"]["nodes"]
    assert [event["type"] for event in events] == ["CLIENT_REGISTERED"] * 2
    assert events[1]["client"]["id"] == registered["client"]["id"]
    assert events[1]["actor"] == events[0]["actor"]


async def test_the_report_is_mended_and_imported_again(api: Api) -> None:
    portuguese = replace(api, language="pt-BR")
    number = cnpjs.another()
    content = f"Cidade;Nome;CNPJ;Telefone\nRecife;=Padaria;{number[:-1]};+55 81\nOlinda;Bar;{number};1;2\n"

    report = (await imported(portuguese, content))["report"]

    lines = report.removeprefix("\ufeff").split("\r\n")
    assert lines[0] == "motivo;Cidade;Nome;CNPJ;Telefone"
    assert lines[1].startswith('"linha 2: O CNPJ') or lines[1].startswith("linha 2: O CNPJ")
    assert "'=Padaria" in lines[1]
    assert "'+55 81" in lines[1]
    mended = "\r\n".join([lines[0], lines[1].replace(number[:-1], number)])
    payload = await imported(portuguese, mended)
    assert [row["client"]["name"] for row in payload["rows"]] == ["=Padaria"]
    assert payload["report"] is None
    assert [warning["message"] for warning in payload["warnings"]] == ["Colunas não usadas: Telefone."]


async def test_a_dry_run_says_what_would_be_done_and_changes_nothing(api: Api) -> None:
    known = cnpjs.another()
    client = await api.client(cnpj=known)
    content = f"{HEADER}\n{known};A;\n{cnpjs.another()};B;\n1;C;\n"
    before = await clients_of(api)

    tried = await imported(api, content, dryRun=True)
    after = await clients_of(api)
    done = await imported(api, content)

    assert after == before
    assert statuses(tried) == statuses(done) == [(2, "ALREADY_REGISTERED"), (3, "REGISTERED"), (4, "INVALID")]
    assert [row["client"] and row["client"]["id"] for row in tried["rows"]] == [client, None, None]
    assert (await clients_of(api))["totalCount"] == before["totalCount"] + 1


async def test_all_or_nothing_refuses_the_whole_sheet_and_shows_its_rows(api: Api) -> None:
    content = f"{HEADER}\n{cnpjs.another()};A;\n1;B;\n2;C;\n"

    payload = await imported(replace(api, language="pt-BR"), content, allOrNothing=True)

    (error,) = payload["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["content"])
    assert error["message"] == "Nada foi importado, porque 2 linhas têm erro."
    assert statuses(payload) == [(2, "NOT_IMPORTED"), (3, "INVALID"), (4, "INVALID")]
    assert (await clients_of(api))["totalCount"] == 0
    good = await imported(api, f"{HEADER}\n{cnpjs.another()};A;\n", allOrNothing=True)
    assert statuses(good) == [(2, "REGISTERED")]


@pytest.mark.parametrize(
    ("content", "encoding", "word"),
    [
        ("", "TEXT", "empty"),
        ("Nome\nA\n", "TEXT", "“CNPJ”"),
        ("CNPJ;Nome\n", "BASE64", "Base64"),
        ("Q05QSjtOb21lCg=", "BASE64", "Base64"),
        ("Q05Q SjtObçmlC", "BASE64", "Base64"),
        (b64encode(b"PK\x03\x04").decode(), "BASE64", "XLSX"),
        ("CNPJ;Nome\n" + "1;A\n" * 5_001, "TEXT", "5,000"),
    ],
)
async def test_a_file_that_is_no_sheet_is_refused_by_its_field(
    api: Api, content: str, encoding: str, word: str
) -> None:
    payload = await imported(api, content, contentEncoding=encoding)

    (error,) = payload["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["content"])
    assert word in error["message"]
    assert (payload["rows"], payload["report"]) == ([], None)


async def test_files_in_any_encoding_and_workbooks_come_in_base64(api: Api) -> None:
    book = openpyxl.Workbook()
    for row in (["CNPJ", "Razão Social"], [cnpjs.another(), "Açougue Três Irmãos"]):
        book.worksheets[0].append(row)
    workbook = BytesIO()
    book.save(workbook)
    text = f"CNPJ;Razão Social\n{cnpjs.another()};Açougue Três Irmãos\n"

    for file in (workbook.getvalue(), text.encode("cp850"), text.encode("utf-16"), text.encode()):
        payload = await imported(api, b64encode(file).decode(), contentEncoding="BASE64")

        assert [row["status"] for row in payload["rows"]] in (["REGISTERED"], ["ALREADY_REGISTERED"])
        assert payload["rows"][0]["client"]["name"] == "Açougue Três Irmãos"


@pytest.mark.parametrize("lost", [chr(0), chr(0xD800), chr(0xDFFF)])
async def test_a_character_that_can_not_be_stored_costs_its_row_only(api: Api, lost: str) -> None:
    content = f"CNPJ;Nome\n{cnpjs.another()};A{lost}\n{cnpjs.another()};B\n"

    assert statuses(await imported(api, content)) == [(2, "INVALID"), (3, "REGISTERED")]


async def test_a_repeated_request_with_a_key_registers_once_and_answers_the_same(api: Api) -> None:
    content = f"{HEADER}\n{cnpjs.another()};A;\n1;B;\n{cnpjs.another()};C;\n"

    tried = await imported(api, content, idempotencyKey="once", dryRun=True)
    first = await imported(api, content, idempotencyKey="once")
    again = await imported(api, content, idempotencyKey="once")
    other = await imported(api, f"{content}\n1;D;", idempotencyKey="once")

    assert tried["registeredCount"] == first["registeredCount"] == 2
    assert first == again
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_CONFLICT"]
    assert (await clients_of(api))["totalCount"] == 2


@pytest.mark.parametrize("bad", ["1;B;\n2;C;\n", ""])
async def test_a_sheet_without_a_good_row_leaves_its_key_free(api: Api, bad: str) -> None:
    refused = await imported(api, f"{HEADER}\n{bad}", idempotencyKey="same")
    mended = f"{HEADER}\n{cnpjs.another()};B;\n{cnpjs.another()};C;\n"

    first = await imported(api, mended, idempotencyKey="same")
    other = await imported(api, f"{HEADER}\n{cnpjs.another()};D;\n", idempotencyKey="same")

    assert (refused["registeredCount"], first["registeredCount"]) == (0, 2)
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_CONFLICT"]


async def test_two_imports_of_the_same_clients_at_once_register_each_once(api: Api) -> None:
    ascending = [cnpjs.another() for _ in range(60)]
    numbers = ascending[1::2] + ascending[::2]
    contents = ["CNPJ;Nome\n" + "".join(f"{number};A\n" for number in each) for each in (numbers, numbers[::-1])]

    one, two = await gather(*(imported(api, content) for content in contents))

    assert one["registeredCount"] + two["registeredCount"] == 60
    assert one["alreadyRegisteredCount"] + two["alreadyRegisteredCount"] == 60
    assert {row["client"]["id"] for row in one["rows"]} == {row["client"]["id"] for row in two["rows"]}
    events = (await api.data("{ events(last: 100) { nodes { number } } }"))["events"]["nodes"]
    assert [event["number"] for event in events] == list(range(1, 61))
    # In the order of the file, each import would wait for what the other one has, until the database ends one of them.
    for payload, in_file in ((one, numbers), (two, numbers[::-1])):
        created = {cnpj: row["client"]["id"] for cnpj, row in zip(in_file, payload["rows"], strict=True)}
        by_number = [ids.number("Client", created[cnpj]) for cnpj in sorted(numbers)]
        assert by_number == sorted(by_number)


async def test_a_caller_that_may_not_read_clients_sees_none(api: Api) -> None:
    known = cnpjs.another()
    await api.client(cnpj=known, name="Segredo")
    writer = await new_caller(
        api.http, api.portal, api.partner_id, kind=TokenKind.API, chosen=frozenset({Permission.CLIENTS_WRITE})
    )

    payload = await imported(writer, f"CNPJ;Nome\n{known};A\n{cnpjs.another()};B\n", dryRun=True)

    assert statuses(payload) == [(2, "ALREADY_REGISTERED"), (3, "REGISTERED")]
    assert [row["client"] for row in payload["rows"]] == [None, None]


async def test_clients_of_another_partner_are_not_known(api: Api, other_api: Api) -> None:
    number = cnpjs.another()
    await other_api.client(cnpj=number)

    payload = await imported(api, f"CNPJ;Nome\n{number};A\n")

    assert statuses(payload) == [(2, "REGISTERED")]
    assert (await clients_of(api))["nodes"] == [{"id": payload["rows"][0]["client"]["id"], "name": "A"}]


async def test_an_operation_imports_one_sheet(api: Api) -> None:
    content = f"CNPJ;Nome\n{cnpjs.another()};A\n"
    one = "importClients(input: $input) { registeredCount }"

    error = await api.error(
        f"mutation ($input: ImportClientsInput!) {{ {one} two: {one} }}", input={"content": content}
    )

    assert "must be the only field of its operation" in error["message"]
    assert (await clients_of(api))["totalCount"] == 0


async def test_a_caller_without_the_permission_imports_nothing(api: Api) -> None:
    reader = await new_caller(api.http, api.portal, api.partner_id, role=Role.VIEWER)

    error = await reader.error(
        "mutation ($input: ImportClientsInput!) { importClients(input: $input) { registeredCount } }",
        input={"content": f"CNPJ;Nome\n{cnpjs.another()};A\n"},
    )

    assert error["extensions"]["missingPermissions"] == ["CLIENTS_WRITE"]


async def test_five_thousand_long_rows_are_registered_by_few_statements(api: Api) -> None:
    name = "Comércio de Alimentos e Bebidas " * 3
    rows = [f"{cnpjs.masked(cnpjs.another())};{name}{number};{name}" for number in range(5_000)]
    content = "\r\n".join(["CNPJ;Razão Social;Nome Fantasia", *rows])
    sent: list[str] = []
    api.portal.database.observers.append(sent.append)

    payload = await api.done(
        "importClients", "registeredCount rows { status client { name } }", {"content": content, "idempotencyKey": "k"}
    )

    api.portal.database.observers.remove(sent.append)
    assert payload["registeredCount"] == 5_000
    assert payload["rows"][-1] == {"status": "REGISTERED", "client": {"name": f"{name}4999"}}
    assert 10 < len(sent) < 40


@pytest.mark.parametrize(
    "form", [{"format": "CSV"}, {"format": "CSV", "csvStyle": "PLAIN"}, {"format": "XLSX"}], ids=str
)
@pytest.mark.parametrize("language", ["pt-BR", "en"])
async def test_an_exported_file_is_imported_by_another_partner(
    api: Api, other_api: Api, form: Json, language: str
) -> None:
    names = ["Peças _x0041_ Ltda", "=Padaria", "Sol"]
    for name in names:
        await api.client(name=name, city="Recife", state="PE")
    exporting = replace(api, language=language)
    payload = await exporting.done("createExport", "export { url }", {"list": {"clients": {}}, **form})
    file = await api.http.get(payload["export"]["url"])

    done = await imported(other_api, b64encode(file.content).decode(), contentEncoding="BASE64")

    assert [row["status"] for row in done["rows"]] == ["REGISTERED"] * 3
    assert sorted(row["client"]["name"] for row in done["rows"]) == sorted(names)


@pytest.mark.parametrize("end", ["\n", "\r\n", " \t\n"])
async def test_base64_may_have_line_breaks(api: Api, end: str) -> None:
    rows = [f"{cnpjs.another()};Padaria São João" for _ in range(10)]
    lines = encodebytes("\n".join(["CNPJ;Nome", *rows]).encode()).decode()

    payload = await imported(api, lines.replace("\n", end), contentEncoding="BASE64")

    assert payload["registeredCount"] == 10
