"""Imports of products and of prices by the vendor, over HTTP on both engines."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from resolvers import ids
from tests.api import Api, Json
from tests.statements import reading

ROWS = """rows { line status statusLabel codes reason product { id code name includedSeats active } }
    createdCount updatedCount unchangedCount invalidCount warnings { message } report"""
HEADER = "Código;Nome;Usuários incluídos;Ativo"
PRICES = """priceTable { id } version { number state items { product { code } orderType
    tiers { minimumQuantity unitMonthlyPrice unitSetupFee bonusQuantity } } } tierCount
    invalidRows { line codes reason } warnings { minimumQuantity } sheetWarnings { message } report"""
PRICE_HEADER = "produto;tipo;quantidade minima;valor mensal;adesao;bonus"


def codes(number: int) -> list[str]:
    return sorted(uuid4().hex.upper() for _ in range(number))


async def imported(vendor: Api, content: str, **given: object) -> Json:
    return await vendor.mutate("importProducts", ROWS, {"content": content, **given})


def statuses(payload: Json) -> list[tuple[int, str]]:
    return [(row["line"], row["status"]) for row in payload["rows"]]


async def new_table(vendor: Api) -> str:
    made = await vendor.done("createPriceTable", "priceTable { id }", {"name": f"Pauta {uuid4()}"})
    return str(made["priceTable"]["id"])


async def test_each_row_of_products_has_its_result_and_events(vendor: Api) -> None:
    new, other, known, same = codes(4)
    await vendor.done("createProduct", "__typename", {"code": known, "name": "Antigo", "includedSeats": 1})
    await vendor.done("createProduct", "__typename", {"code": same, "name": "Igual", "includedSeats": 1})
    lines = [
        f"{new};Módulo NFC-e;3;",
        f"{known};Novo;2;não",
        f"{same};Igual;1;",
        f"{other};;0;sim",
        f"{new};De novo;1;",
    ]
    content = "\n".join([HEADER, *lines])

    tried = await imported(vendor, content, dryRun=True)
    payload = await imported(vendor, content)

    assert (
        statuses(payload)
        == statuses(tried)
        == [
            (2, "CREATED"),
            (3, "UPDATED"),
            (4, "UNCHANGED"),
            (5, "INVALID"),
            (6, "INVALID"),
        ]
    )
    assert [payload[f"{name}Count"] for name in ("created", "updated", "unchanged", "invalid")] == [1, 1, 1, 2]
    created, updated, unchanged, nameless, repeated = payload["rows"]
    assert created["product"].items() >= {"code": new, "name": "Módulo NFC-e", "active": True}.items()
    assert updated["product"].items() >= {"name": "Novo", "includedSeats": 2, "active": False}.items()
    assert unchanged["product"]["code"] == same
    assert (nameless["codes"], repeated["codes"]) == (["INVALID_INPUT"], ["INVALID_INPUT"])
    assert "line 2" in repeated["reason"]
    assert [row["product"] and row["product"]["code"] for row in tried["rows"]] == [None, known, same, None, None]
    assert payload["report"].count("\r\n") == 3
    found = await vendor.data(
        "query ($id: ID!) { events(filter: { partnerId: $id }, last: 3) { nodes { type product { code } } } }",
        id=ids.encode("Partner", vendor.partner_id),
    )
    assert [(event["type"], event["product"]["code"]) for event in found["events"]["nodes"]] == [
        ("PRODUCT_CREATED", new),
        ("PRODUCT_UPDATED", known),
        ("PRODUCT_RETIRED", known),
    ]


async def test_a_product_that_begins_with_an_apostrophe_is_unchanged(vendor: Api) -> None:
    (code,) = codes(1)
    given = {"code": code, "name": "'Tis Fiscal", "includedSeats": 1}
    await vendor.done("createProduct", "__typename", given)

    payload = await imported(vendor, f"{HEADER}\n{code};'Tis Fiscal;1;\n")

    assert statuses(payload) == [(2, "UNCHANGED")]
    assert payload["rows"][0]["product"]["name"] == "'Tis Fiscal"


async def test_all_or_nothing_imports_no_product_beside_a_bad_row(vendor: Api) -> None:
    new, bad = codes(2)
    content = f"{HEADER}\n{new};Novo;3;\n{bad};Novo;muitos;\n"

    payload = await imported(replace(vendor, language="pt-BR"), content, allOrNothing=True)

    assert [(error["code"], error["message"]) for error in payload["userErrors"]] == [
        ("INVALID_INPUT", "Nada foi importado, porque 1 linha tem erro.")
    ]
    assert statuses(payload) == [(2, "NOT_IMPORTED"), (3, "INVALID")]
    assert new not in {each["code"] for each in (await vendor.data("{ products { code } }"))["products"]}


async def test_two_imports_with_one_key_create_the_products_once(vendor: Api) -> None:
    (new,) = codes(1)
    content, key = f"{HEADER}\n{new};Novo;3;\n", uuid4().hex

    first, second = await asyncio.gather(*(imported(vendor, content, idempotencyKey=key) for _ in range(2)))
    other = await imported(vendor, f"{HEADER}\n{new};Outro;3;\n", idempotencyKey=key)

    assert first["rows"] == second["rows"]
    assert first["rows"][0]["status"] == "CREATED"
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_CONFLICT"]


async def test_products_of_a_mended_sheet_are_imported_with_its_key(vendor: Api) -> None:
    (new,) = codes(1)
    key = uuid4().hex
    refused = await imported(vendor, f"{HEADER}\n{new};Novo;muitos;\n", idempotencyKey=key)

    mended = await imported(vendor, f"{HEADER}\n{new};Novo;3;\n", idempotencyKey=key)

    assert statuses(refused) == [(2, "INVALID")]
    assert statuses(mended) == [(2, "CREATED")]


@pytest.mark.usefixtures("clock")
async def test_many_products_of_a_sheet_are_read_by_as_few_statements(vendor: Api) -> None:
    counted = []
    await vendor.data("{ viewer { role } }")
    for number in (1, 40):
        lines = "\n".join(f"{code};Novo;3;" for code in codes(number))
        with reading(vendor.portal.database) as statements:
            payload = await imported(vendor, f"{HEADER}\n{lines}")
        assert payload["createdCount"] == number
        counted.append(len(statements))

    assert len(set(counted)) == 1


async def test_a_sheet_of_prices_is_written_to_the_draft(vendor: Api) -> None:
    (code,) = codes(1)
    await vendor.done("createProduct", "__typename", {"code": code, "name": "Módulo NFC-e", "includedSeats": 1})
    given: dict[str, object] = {"priceTableId": await new_table(vendor)}
    sheet = f"{PRICE_HEADER};vendedor\n{code};Compra;1;1.234,50;10,00;;\n{code};Compra;10;1.300,00;0;2;Ana\n"
    sheet += f"{code};Adicional;1;R$ 5,00;-;;\n"

    tried = await vendor.done("importPrices", PRICES, {**given, "content": sheet, "dryRun": True})
    done = await vendor.done("importPrices", PRICES, {**given, "content": sheet})

    assert (tried["tierCount"], tried["version"], tried["warnings"]) == (3, None, [{"minimumQuantity": 10}])
    assert (done["tierCount"], done["warnings"]) == (3, [{"minimumQuantity": 10}])
    assert done["version"]["state"] == "DRAFT"
    tiers = {item["orderType"]: item["tiers"] for item in done["version"]["items"]}
    assert [tier["unitMonthlyPrice"] for tier in tiers["PURCHASE"]] == ["1234.50", "1300.00"]
    assert tiers["PURCHASE"][1]["bonusQuantity"] == 2
    assert tiers["ADDITIONAL_SEATS"][0]["unitSetupFee"] == "0.00"
    assert done["sheetWarnings"] == [{"message": "Columns that are not used: vendedor."}]
    assert await vendor.codes("publishPriceTable", given) == []


async def test_prices_whose_dots_could_separate_decimals_are_warned_of(vendor: Api) -> None:
    (code,) = codes(1)
    await vendor.done("createProduct", "__typename", {"code": code, "name": "Módulo NFC-e", "includedSeats": 1})
    given: dict[str, object] = {"priceTableId": await new_table(vendor), "dryRun": True}
    rows = f"{code};Compra;1;12.500;%s;\n{code};Compra;10;11.250;0;\n"

    refused = await vendor.mutate("importPrices", PRICES, {**given, "content": f"{PRICE_HEADER}\n{rows % '0.990'}"})
    warned = await vendor.done("importPrices", PRICES, {**given, "content": f"{PRICE_HEADER}\n{rows % '0'}"})

    assert [error["message"] for error in refused["userErrors"]] == [
        (
            "The dot separates the decimals in line 2 of the column “adesao”, and the thousands in line 2 of the "
            "column “valor mensal”. Write the decimals with a comma."
        )
    ]
    (warning,) = warned["sheetWarnings"]
    assert "such as “12.500” (lines 2, 3)" in warning["message"]


async def test_a_sheet_without_prices_is_refused(vendor: Api) -> None:
    given: dict[str, object] = {"priceTableId": await new_table(vendor), "content": f"{PRICE_HEADER}\n"}

    payload = await vendor.mutate("importPrices", PRICES, given)

    (error,) = payload["userErrors"]
    assert (error["code"], error["path"], payload["version"]) == ("INVALID_INPUT", ["content"], None)
    assert error["message"] == "The file has no row below its line of headers."


async def test_one_bad_row_keeps_all_prices_from_the_draft(vendor: Api) -> None:
    given: dict[str, object] = {"priceTableId": await new_table(vendor)}
    sheet = f"{PRICE_HEADER}\nNENHUM;Compra;1;10,00;0;\n"

    payload = await vendor.mutate("importPrices", PRICES, {**given, "content": sheet})
    unknown = await vendor.mutate("importPrices", PRICES, {"priceTableId": "nothing", "content": sheet})

    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [("INVALID_INPUT", ["content"])]
    ((line, of_row),) = [(row["line"], row["codes"]) for row in payload["invalidRows"]]
    assert (line, of_row) == (2, ["INVALID_INPUT"])
    assert "NENHUM" in payload["report"]
    assert [(error["code"], error["path"]) for error in unknown["userErrors"]] == [("NOT_FOUND", ["priceTableId"])]
    assert await vendor.codes("discardPriceTableDraft", given) == ["NO_PRICE_TABLE_DRAFT"]


async def test_a_file_that_is_no_sheet_of_prices_or_products_is_refused(vendor: Api) -> None:
    table = await new_table(vendor)

    for payload in (
        await imported(vendor, "Nome\nA\n"),
        await vendor.mutate("importPrices", PRICES, {"priceTableId": table, "content": "Nome\nA\n"}),
    ):
        assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [("INVALID_INPUT", ["content"])]
        assert payload["report"] is None
