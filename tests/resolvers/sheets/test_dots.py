"""The dot of numbers in a sheet separates decimals or thousands, in all columns alike."""

import pytest

from db.prices import ProductRow
from domain.sheet_files import DotBothWays
from resolvers.sheets import prices as price_rows
from resolvers.sheets import products as product_rows
from resolvers.sheets.cells import Dots
from resolvers.sheets.prices import Products
from resolvers.sheets.reader import Line

PRODUCTS = Products([ProductRow(10, "SPED", "Completo", included_seats=1, active=True)])
CELLS = {
    "product": "sped",
    "order_type": "Compra",
    "minimum_quantity": "1",
    "unit_monthly_price": "1",
    "unit_setup_fee": "0",
    "bonus_quantity": "",
}


@pytest.mark.parametrize(
    ("first", "second", "places"),
    [
        (
            {"unit_monthly_price": "12.500", "unit_setup_fee": "0.990"},
            {},
            ("unit_setup_fee", 2, "unit_monthly_price", 2),
        ),
        (
            {"unit_monthly_price": "12.500", "unit_setup_fee": "10.50"},
            {"unit_monthly_price": "11.250", "unit_setup_fee": "9.75"},
            ("unit_setup_fee", 2, "unit_monthly_price", 2),
        ),
        (
            {"unit_monthly_price": "84.90"},
            {"minimum_quantity": "1.000"},
            ("unit_monthly_price", 2, "minimum_quantity", 3),
        ),
        ({"unit_setup_fee": "1.250,00"}, {"minimum_quantity": "10.00"}, ("minimum_quantity", 3, "unit_setup_fee", 2)),
        ({"unit_setup_fee": "1.234.567"}, {"bonus_quantity": "0.000"}, ("bonus_quantity", 3, "unit_setup_fee", 2)),
    ],
)
def test_a_sheet_with_the_dot_both_ways_is_refused_with_both_columns(
    first: dict[str, str], second: dict[str, str], places: tuple[str, int, str, int]
) -> None:
    rows = [Line(2, {**CELLS, **first}), Line(3, {**CELLS, "minimum_quantity": "5", **second})]

    with pytest.raises(DotBothWays) as refused:
        price_rows.read(rows, PRODUCTS)

    facts = refused.value.facts
    assert tuple(facts[each] for each in ("decimals_in", "decimal", "thousands_in", "thousands")) == places


@pytest.mark.parametrize(
    ("prices", "warned"),
    [
        (["12.500", "11.250"], ("12.500", (2, 3))),
        (["12", "R$ 11.250"], ("11.250", (3,))),
        (["12.500", "x"], ("12.500", (2,))),
        (["1.250"] * 7, ("1.250", (2, 3, 4, 5, 6))),
        (["12.500", "11,25"], None),
        (["12.500", "1.250,00"], None),
        (["1.250.000", "12.500"], None),
        (["12.50", "11.25"], None),
        (["12500", "0"], None),
    ],
)
def test_numbers_that_can_be_read_in_two_ways_are_warned_of(
    prices: list[str], warned: tuple[str, tuple[int, ...]] | None
) -> None:
    dots = Dots()

    price_rows.read(
        [Line(n, {**CELLS, "unit_monthly_price": each}) for n, each in enumerate(prices, 2)], PRODUCTS, dots
    )

    found = [(each.facts["written"], each.lines) for each in dots.warnings()]
    assert found == ([] if warned is None else [warned])


def test_a_line_with_two_such_numbers_is_named_once() -> None:
    dots = Dots()

    price_rows.read([Line(2, {**CELLS, "unit_monthly_price": "1.250", "unit_setup_fee": "2.500"})], PRODUCTS, dots)

    assert [each.lines for each in dots.warnings()] == [(2,)]


def test_seats_that_can_be_read_in_two_ways_are_warned_of() -> None:
    dots = Dots()
    lines = [
        Line(n, {"code": f"P{n}", "name": "Módulo", "included_seats": each}) for n, each in enumerate(("1", "1.000"), 2)
    ]

    read = list(product_rows.read(lines, dots))

    assert [row.details.included_seats for row in read if isinstance(row, product_rows.Row)] == [1, 1000]
    assert [each.lines for each in dots.warnings()] == [(3,)]
