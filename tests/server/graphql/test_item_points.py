"""Points of items: what a request gives many of costs for each of them."""

import math

import pytest

from domain.costs import POINTS_MAX
from tests.server.graphql.test_costs import cost
from tests.server.graphql.test_points import by_sdl, points


@pytest.mark.parametrize(
    ("variables", "prices"),
    [
        ("$prices: [PriceInput!]!", "$prices"),
        ("$one: PriceInput!, $other: PriceInput!", "[$one, $other]"),
        ("$tiers: [PriceTierInput!]!", "[{tiers: $tiers}, {tiers: [{}, {}]}]"),
    ],
)
def test_each_tier_of_each_price_costs_points(variables: str, prices: str) -> None:
    text = f"mutation ({variables}) {{ draftPriceTable(input: {{prices: {prices}}}) {{ warnings {{ orderType }} }} }}"
    one, other = ({"tiers": list[object]([{}] * count)} for count in (50, 2))
    values: dict[str, object] = {"prices": [one, other], "one": one, "other": other, "tiers": [{}] * 50}

    assert points(text, **values) == by_sdl(text, values) == math.ceil(15 + 2 + 52 * 0.2 + 0.1)


def test_a_price_table_of_10_000_tiers_can_be_drafted_at_once() -> None:
    text = "mutation ($input: DraftPriceTableInput!) { draftPriceTable(input: $input) { version { number } } }"

    assert points(text, input={"prices": [{"tiers": [{}] * 50}] * 200}) == 15 + 200 + 2_000 + 1 <= POINTS_MAX / 2


def test_each_item_of_a_bulk_mutation_costs_points() -> None:
    text = "mutation ($input: ActivateLicensesInput!) { activateLicenses(input: $input) { results { status } } }"
    many: dict[str, object] = {"items": [{}] * 100}

    assert points(text, input=many) - points(text, input={"items": [{}] * 2}) == 2 * 98
    assert points(text, input=many) == by_sdl(text, {"input": many}) <= cost(text).points_most


@pytest.mark.parametrize(("items", "expected"), [([], 5 + 1), ([{}] * 4, 5 + 1.8), ([{}] * 50, 5 + 11)])
def test_a_quote_costs_points_for_each_of_its_items(items: list[object], expected: float) -> None:
    text = "query ($items: [OrderItemInput!]!) { quoteOrder(input: {items: $items}) { userErrors { code path } } }"

    assert points(text, items=items) == by_sdl(text, {"items": items}) == math.ceil(expected)


@pytest.mark.parametrize(
    ("name", "given", "itself"),
    [
        ("activateLicenses", "items: []", 20),
        ("moveActivations", "items: []", 20),
        ("cancelActivations", "filter: {}", 220),
    ],
)
def test_the_results_of_a_bulk_mutation_count_in_full(name: str, given: str, itself: int) -> None:
    selected = "results { activation { activationKey client { name } product { name } } }"
    text = f"mutation {{ {name}(input: {{{given}}}) {{ {selected} }} }}"

    # 100 results with three objects and three values each.
    assert points(text) == by_sdl(text, {}) == math.ceil(itself + 0.1 + 100 * 3 * (0.03 + 0.003))
