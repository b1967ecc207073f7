"""Each row of a partner's sheet becomes a client, a price, or a bad row with its reason."""

import pytest

from db.client_changes import ClientDetails
from db.prices import ProductRow
from domain.languages import Language
from domain.orders import OrderType
from domain.price_tables import TIERS_MAX, PriceKey
from domain.products import ProductDetails
from domain.sheet_files import DotBothWays
from domain.text import single_spaced
from resolvers.clients import RegisterClient
from resolvers.sheets import clients as client_rows
from resolvers.sheets import prices as price_rows
from resolvers.sheets import products as product_rows
from resolvers.sheets.cells import Dots
from resolvers.sheets.clients import Repeated, Row
from resolvers.sheets.prices import Products
from resolvers.sheets.reader import BadRow, Line
from tests import cnpjs


def row(cnpj: str, **cells: str) -> Row | Repeated | BadRow:
    """Return the row with that number."""
    (read,) = client_rows.read([Line(2, {"cnpj": cnpj, "name": "Padaria Sol"} | cells)])
    return read


def reason_of(bad: BadRow, language: Language = Language.ENGLISH) -> str:
    return bad.reason(language, client_rows.LABELS)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("16.727.230/0001-97", "16727230000197"),
        ("16727230000197", "16727230000197"),
        ("16 727 230 0001 97", "16727230000197"),
        ("'16727230000197", "16727230000197"),
        ('="16727230000197"', "16727230000197"),
        ("16727230000197.0", "16727230000197"),
        ("16727230000197,00", "16727230000197"),
        ("1234567000195", "01234567000195"),
        ("1.234.567/0001-95", "01234567000195"),
        ("360305000104", "00360305000104"),
        ("12.abc.345/01de-35", "12ABC34501DE35"),
        ("\u202d16.727.230/0001-97\u202c\u200b", "16727230000197"),
        ("\ufeff360305000104", "00360305000104"),
        (cnpjs.with_check_digits("1234567E0001"), cnpjs.with_check_digits("1234567E0001")),
    ],
)
def test_a_number_is_read_however_a_spreadsheet_writes_it(written: str, meant: str) -> None:
    assert row(written) == Row(2, RegisterClient(meant, ClientDetails(name="Padaria Sol")))


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("1,67E+13", "rounded"),
        ("1.67272E+13", "rounded"),
        ("2E13", "rounded"),
        ("16727230000198", "check digits"),
        ("1234567000196", "check digits"),
        # A code of the company's own: one of a hundred has such digits by chance.
        ("191", "check digits"),
        ("1000191", "check digits"),
        ("", "check digits"),
        ("0", "check digits"),
        ("111.444.777-35", "CPF"),
        ("111.444.777-36", "CPF"),
        ("11144477735", "CPF"),
        ("1234567891", "check digits"),
    ],
)
def test_a_number_that_is_none_is_a_bad_row(written: str, reason: str) -> None:
    read = row(written)

    assert isinstance(read, BadRow)
    assert reason in reason_of(read)


@pytest.mark.parametrize("written", ["001.234.567-97", "00123456797", "123456797"])
def test_a_cpf_that_could_be_a_cnpj_is_refused(written: str) -> None:
    assert isinstance(row("00000123456797"), Row)

    read = row(written)

    assert isinstance(read, BadRow)
    assert "CPF" in reason_of(read)


def test_a_reason_is_in_the_users_language_and_names_columns() -> None:
    read = row("11144477735", name="x" * 201)
    long = row("360305000104", name="x" * 201, trade_name="y" * 201, state="XX")

    assert isinstance(read, BadRow)
    assert isinstance(long, BadRow)
    assert reason_of(read, Language.PORTUGUESE).startswith("O CNPJ informado é o CPF de uma pessoa")
    for label in ("Razão Social", "Nome Fantasia", "UF"):
        assert f"“{label}”" in reason_of(long, Language.PORTUGUESE)
    assert "trade_name" not in reason_of(long)


def test_all_errors_of_a_row_are_reported_together() -> None:
    read = row("1", name="x" * 201, city="y" * 101, state="XX")

    assert isinstance(read, BadRow)
    for field in ("CNPJ", "“Name”", "“City”", "“State”"):
        assert field in reason_of(read)


def test_a_number_repeated_in_a_file_is_registered_once() -> None:
    lines = [Line(number, {"cnpj": "16.727.230/0001-97", "name": str(number)}) for number in (2, 3)]

    assert list(client_rows.read(lines))[1] == Repeated(3, 2, "16727230000197")


PRODUCTS = Products(
    [
        ProductRow(7, "COMPLETO", "Portal Completo", included_seats=1, active=True),
        ProductRow(8, "LIGHT", "Portal Light", included_seats=1, active=True),
        ProductRow(9, "LIGHT-2", "Portal Light", included_seats=1, active=True),
        ProductRow(10, "SPED", "Completo", included_seats=1, active=True),
        ProductRow(11, "TIS", "'Tis Fiscal", included_seats=1, active=True),
    ]
)


def price(**changed: str) -> price_rows.Prices:
    """Return the prices of a row."""
    cells = {
        "product": "completo",
        "order_type": "Compra",
        "minimum_quantity": "1",
        "unit_monthly_price": "10",
        "unit_setup_fee": "0",
        "bonus_quantity": "",
    }
    return price_rows.read([Line(2, cells | changed)], PRODUCTS)


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("1.234,50", 123450),
        ("1234,5", 123450),
        ("1234.50", 123450),
        ("1,234.50", 123450),
        ("R$ 1.234,50", 123450),
        ("\u200eR$ 1.234,50\u200b", 123450),
        ("1.234.567", 123456700),
        ("0", 0),
        ("99.999.999,99", 9999999999),
        ("0.990", 99),
        ("00.500", 50),
        ("0.000", 0),
        ("R$ 0.050", 5),
        ("012.500", 1250),
    ],
)
def test_an_amount_is_read_in_both_ways_of_writing_it(written: str, cents: int) -> None:
    read = price(unit_monthly_price=written, unit_setup_fee=written)

    (tier,) = read.tiers[PriceKey(7, OrderType.PURCHASE)]
    assert (tier.unit_monthly_price, tier.unit_setup_fee, read.bad) == (cents, cents, [])


@pytest.mark.parametrize("written", ["R$ -", " R$  -   ", "R$-", "-", "R$ –", "r$ 0,00"])
def test_a_dash_of_accounting_is_zero(written: str) -> None:
    ((tier,),) = price(unit_setup_fee=written).tiers.values()

    assert tier.unit_setup_fee == 0


@pytest.mark.parametrize("written", ["Completo", "COMPLETO", "Portal Completo", "portal  completo"])
def test_a_product_is_found_by_its_code_or_else_its_name(written: str) -> None:
    assert list(price(product=single_spaced(written)).tiers) == [PriceKey(7, OrderType.PURCHASE)]


@pytest.mark.parametrize("written", ["'Tis Fiscal", "'tis", '="TIS"', "TIS"])
def test_a_product_is_found_with_its_apostrophe_or_without_a_mark(written: str) -> None:
    assert list(price(product=written).tiers) == [PriceKey(11, OrderType.PURCHASE)]


def test_a_product_keeps_the_apostrophe_of_its_name_alone() -> None:
    cells = {"code": "'tis", "name": "'Tis Fiscal", "included_seats": "'2", "active": "'sim"}

    (row,) = product_rows.read([Line(2, cells)])

    assert row == product_rows.Row(2, ProductDetails("TIS", "'Tis Fiscal", 2, active=True))


@pytest.mark.parametrize(("written", "word"), [("Portal Light", "LIGHT, LIGHT-2"), ("Nada", "COMPLETO"), ("", "SPED")])
def test_a_product_that_is_none_or_several_is_a_bad_row(written: str, word: str) -> None:
    (bad,) = price(product=written).bad

    assert word in reason_of(bad)
    assert word in reason_of(bad, Language.PORTUGUESE)


@pytest.mark.parametrize(
    ("column", "first", "second", "lines"),
    [
        ("unit_monthly_price", "84.90", "79.900", (2, 3)),
        ("unit_setup_fee", "1.250,00", "R$ 99.9", (3, 2)),
        ("unit_monthly_price", "1,234.50", "1.234", (2, 3)),
        ("minimum_quantity", "10.00", "1.000", (2, 3)),
        ("unit_monthly_price", "0.990", "84.900", (2, 3)),
        ("unit_setup_fee", "1.250", "0.000", (3, 2)),
        ("bonus_quantity", "0.000", "1.000", (2, 3)),
    ],
)
def test_a_column_with_the_dot_both_ways_is_refused_with_both_lines(
    column: str, first: str, second: str, lines: tuple[int, int]
) -> None:
    cells = {"product": "sped", "order_type": "Compra", "unit_monthly_price": "1", "unit_setup_fee": "0"}
    rows = [
        Line(2, {**cells, "minimum_quantity": "1", column: first}),
        Line(3, {**cells, "minimum_quantity": "5", column: second}),
    ]

    with pytest.raises(DotBothWays) as refused:
        price_rows.read(rows, PRODUCTS)

    assert (refused.value.facts["decimal"], refused.value.facts["thousands"]) == lines


@pytest.mark.parametrize("written", [("84.90", "79.90"), ("1.250,00", "79,90"), ("1250", "1.250.000")])
def test_a_column_with_the_dot_one_way_is_read(written: tuple[str, str]) -> None:
    cells = {"product": "sped", "order_type": "Compra", "unit_setup_fee": "0"}
    rows = [
        Line(line, {**cells, "minimum_quantity": str(line), "unit_monthly_price": each})
        for line, each in enumerate(written, 2)
    ]

    assert price_rows.read(rows, PRODUCTS).bad == []


NO_CENTS = "0.995", "001.234", "0.123.456", "0.990,50", "0,990.50"
"""Zeros before a separator of thousands, or fractions of a cent."""


@pytest.mark.parametrize(
    "written", ["", "-1", "1,234", "12.34.56", "1e3", "100.000.000,00", "dez", "1,2,3", "٣", *NO_CENTS]
)
def test_what_is_no_amount_is_a_bad_row(written: str) -> None:
    (bad,) = price(unit_monthly_price=written).bad

    assert "amount" in reason_of(bad)


@pytest.mark.parametrize(("written", "meant"), [("1", 1), ("10,00", 10), ("1.000", 1000), ("010", 10), ("10.0", 10)])
def test_a_quantity_is_read_however_a_spreadsheet_writes_it(written: str, meant: int) -> None:
    (tier,) = price(minimum_quantity=written, bonus_quantity=written).tiers[PriceKey(7, OrderType.PURCHASE)]

    assert (tier.minimum_quantity, tier.bonus_quantity) == (meant, meant)


def test_seats_and_answers_are_read_without_invisible_characters() -> None:
    cells = {"code": "P1", "name": "Módulo", "included_seats": "\u200e2\u200b", "active": "não\ufeff"}

    (row,) = product_rows.read([Line(2, cells)])

    assert row == product_rows.Row(2, ProductDetails("P1", "Módulo", 2, active=False))


@pytest.mark.parametrize("written", ["0.000", "0,000", "000", "0.0"])
def test_a_zero_with_decimals_is_a_whole_number(written: str) -> None:
    ((tier,),) = price(bonus_quantity=written).tiers.values()

    assert tier.bonus_quantity == 0


@pytest.mark.parametrize("written", ["-", " - ", "–", "—"])
def test_a_dash_is_zero_where_a_quantity_can_be_zero(written: str) -> None:
    ((tier,),) = price(bonus_quantity=written).tiers.values()
    (product,) = product_rows.read([Line(2, {"code": "P", "name": "Módulo", "included_seats": written})])
    refused = price(minimum_quantity=written)

    assert tier.bonus_quantity == 0
    assert isinstance(product, product_rows.Row)
    assert product.details.included_seats == 0
    assert (refused.tiers, len(refused.bad)) == ({}, 1)


def test_seats_with_the_dot_both_ways_are_refused_with_both_lines() -> None:
    lines = [
        Line(number, {"code": f"P{number}", "name": "Módulo", "included_seats": seats})
        for number, seats in enumerate(("0.000", "1.000"), 2)
    ]

    with pytest.raises(DotBothWays) as refused:
        list(product_rows.read(lines, Dots({"included_seats": "Usuários"}.__getitem__)))

    seats = "Usuários"
    assert refused.value.facts == {"decimals_in": seats, "decimal": 2, "thousands_in": seats, "thousands": 3}


@pytest.mark.parametrize(
    "changed",
    [
        {"minimum_quantity": "0"},
        {"minimum_quantity": "10001"},
        {"minimum_quantity": "9" * 5000},
        {"minimum_quantity": "1,5"},
        {"minimum_quantity": "0.001"},
        {"minimum_quantity": "010.000"},
        {"bonus_quantity": "0.010"},
        {"bonus_quantity": "-1"},
        {"product": "nada"},
        {"order_type": "Troca"},
    ],
)
def test_what_no_price_table_takes_is_a_bad_row(changed: dict[str, str]) -> None:
    assert [bad.line for bad in price(**changed).bad] == [2]


@pytest.mark.parametrize("written", ["Adicional", "ADDITIONAL_SEATS", "additional seats"])
def test_the_type_of_an_order_is_read_in_both_languages(written: str) -> None:
    assert list(price(order_type=written).tiers) == [PriceKey(7, OrderType.ADDITIONAL_SEATS)]


def test_invisible_characters_are_dropped_and_direction_controls_make_a_row_bad() -> None:
    kept = row("16727230000197", name="Pada\u200bria\ufeff", trade_name="\u3164", city="Recife\u00ad")
    empty = row("16727230000197", name="\u200b")
    turned = row("16727230000197", name="Pada\u202eria")

    details = ClientDetails(name="Padaria", city="Recife")
    assert kept == Row(2, RegisterClient("16727230000197", details))
    assert isinstance(empty, BadRow)
    assert isinstance(turned, BadRow)
    assert "U+202E" in reason_of(turned)


@pytest.mark.parametrize("name", ["\ufffe", "\ufffc\uffff", "\ue000", "\U0001343f", "\u0378", "\u200eSol", "Sol\u061c"])
def test_a_row_with_an_invisible_name_or_direction_control_is_bad(name: str) -> None:
    assert isinstance(row("16727230000197", name=name), BadRow)


def test_a_product_has_no_more_tiers_than_a_price_table_takes() -> None:
    cells = {"product": "sped", "order_type": "Compra", "unit_monthly_price": "10", "unit_setup_fee": "0"}
    rows = [Line(line, {**cells, "minimum_quantity": str(line)}) for line in range(1, TIERS_MAX + 3)]

    found = price_rows.read(rows, PRODUCTS)

    assert [len(tiers) for tiers in found.tiers.values()] == [TIERS_MAX]
    assert [bad.line for bad in found.bad] == [TIERS_MAX + 1, TIERS_MAX + 2]
    assert reason_of(found.bad[0]) == "Each product has at most 50 tiers for an order type."


def test_the_refusal_of_an_unknown_product_names_few_of_many() -> None:
    many = Products(
        [ProductRow(number, f"P{number:04}", f"Produto {number}", 1, active=True) for number in range(4_000)]
    )
    cells = {"product": "nenhum", "order_type": "Compra", "minimum_quantity": "1"}

    (bad,) = price_rows.read([Line(2, {**cells, "unit_monthly_price": "1", "unit_setup_fee": "0"})], many).bad

    assert "P0000, P0001, " in reason_of(bad)
    assert reason_of(bad).endswith("P0019, ….")
