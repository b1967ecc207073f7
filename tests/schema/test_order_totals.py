"""Totals of any order, quoted and created over HTTP, on both engines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.money import UNIT_PRICE_MAX
from domain.orders import QUANTITY_MAX, OrderType
from domain.prices import Tier
from tests.api import Api
from tests.factories import new_product, tier

VALUES = """type monthlyTotal setupFeeTotal totalWithSetupFee items { product { id }
    quantity bonusQuantity totalQuantity seats unitMonthlyPrice unitSetupFee
    monthlyTotal setupFee totalWithSetupFee }"""
QUOTE = f"""query ($input: QuoteOrderInput!) {{
    quoteOrder(input: $input) {{ quote {{ {VALUES} }} userErrors {{ code }} }} }}"""
READ = f"query ($id: ID!) {{ order(id: $id) {{ {VALUES} }} }}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Product with its prices, and the ordered quantity."""

    quantity: int
    tiers: Sequence[Tier]
    included_seats: int


cents = st.integers(0, UNIT_PRICE_MAX)


@st.composite
def wanted_products(draw: st.DrawFn) -> Wanted:
    """Draw a product whose quantity is often at the edge of a tier, and reaches the lowest one."""
    minimums = sorted(draw(st.sets(st.integers(1, QUANTITY_MAX), min_size=1, max_size=4)))
    edges = [edge for minimum in minimums for edge in (minimum - 1, minimum, minimum + 1)]
    reached = [edge for edge in edges if minimums[0] <= edge <= QUANTITY_MAX]
    quantity = draw(st.sampled_from(reached) | st.integers(minimums[0], QUANTITY_MAX))
    tiers = [
        tier(minimum, monthly=draw(cents), setup=draw(cents), bonus=draw(st.integers(0, QUANTITY_MAX)))
        for minimum in minimums
    ]
    return Wanted(quantity, draw(st.permutations(tiers)), draw(st.integers(0, 100)))


# All examples are orders of one partner: each has products of its own, so examples are independent.
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order_type=st.sampled_from(OrderType), wanted=st.lists(wanted_products(), min_size=1, max_size=8))
async def test_an_order_comes_to_what_its_tiers_say_to_the_last_cent(
    api: Api, order_type: OrderType, wanted: list[Wanted]
) -> None:
    products = [await _priced(api, order_type, each) for each in wanted]
    if order_type is OrderType.ADDITIONAL_SEATS:
        await api.approve(await api.order(*((product, 1) for product in products)))
    items = [{"productId": product, "quantity": each.quantity} for product, each in zip(products, wanted, strict=True)]
    given = {"type": order_type.value, "items": items}

    quoted = (await api.data(QUOTE, input=given))["quoteOrder"]["quote"]
    created = (await api.done("createOrder", f"order {{ id {VALUES} }}", given))["order"]
    read = (await api.data(READ, id=created.pop("id")))["order"]

    assert quoted == created == read == _expected(order_type, products, wanted)


async def _priced(api: Api, order_type: OrderType, wanted: Wanted) -> str:
    """Create a product with these tiers, which can be bought if seats are added, and return its id."""
    tiers = {OrderType.PURCHASE: [tier(1)], order_type: list(wanted.tiers)}
    return await new_product(api.portal, api.partner_id, included_seats=wanted.included_seats, tiers=tiers)


def _expected(order_type: OrderType, products: Sequence[str], wanted: Sequence[Wanted]) -> Mapping[str, object]:
    """Compute the order by the rules, not by the code: the highest reached tier applies; a bonus costs nothing."""
    monthly_total = setup_total = 0
    items = []
    for product, each in zip(products, wanted, strict=True):
        (*_, chosen) = sorted(
            (one.minimum_quantity, one.unit_monthly_price, one.unit_setup_fee, one.bonus_quantity)
            for one in each.tiers
            if one.minimum_quantity <= each.quantity
        )
        _, monthly, setup, bonus = chosen
        total_quantity = each.quantity + bonus
        monthly_total += monthly * each.quantity
        setup_total += setup * each.quantity
        items.append(
            {
                "product": {"id": product},
                "quantity": each.quantity,
                "bonusQuantity": bonus,
                "totalQuantity": total_quantity,
                "seats": total_quantity * (each.included_seats if order_type is OrderType.PURCHASE else 1),
                "unitMonthlyPrice": _reais(monthly),
                "unitSetupFee": _reais(setup),
                "monthlyTotal": _reais(monthly * each.quantity),
                "setupFee": _reais(setup * each.quantity),
                "totalWithSetupFee": _reais((monthly + setup) * each.quantity),
            }
        )
    return {
        "type": order_type.value,
        "monthlyTotal": _reais(monthly_total),
        "setupFeeTotal": _reais(setup_total),
        "totalWithSetupFee": _reais(monthly_total + setup_total),
        "items": items,
    }


def _reais(of_cents: int) -> str:
    return str(Decimal(of_cents).scaleb(-2))
