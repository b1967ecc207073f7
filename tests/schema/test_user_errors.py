"""Numbers of user errors, which are no larger than the SDL says."""

from collections.abc import Iterator, Mapping

import pytest

from schema import list_sizes
from tests.api import Api, Json
from tests.schema.introspection import payload_of
from tests.schema.pricing import new_table

BAD = {"activationKey": "é", "additionalSeats": -1, "ecfSerialNumber": "é", "note": "\u0001"}
TIER = {"minimumQuantity": 0, "unitMonthlyPrice": "999999999.99", "unitSetupFee": "999999999.99", "bonusQuantity": -1}


def inputs(table: str) -> Mapping[str, Mapping[str, object]]:
    """Return inputs with as many bad fields as fit."""
    moved = {"activationId": "a", "toClientId": "c"} | {name: BAD[name] for name in BAD if name != "additionalSeats"}
    price = {"productId": "p", "orderType": "PURCHASE", "tiers": [TIER] * 50}
    return {
        "activateLicenses": {"items": [{"clientId": "c", "productId": "p", **BAD}] * 100},
        "moveActivations": {"items": [moved] * 100},
        "createOrder": {"items": [{"productId": "p", "quantity": 0}] * 50, "type": "PURCHASE", "note": "\u0001"},
        "draftPriceTable": {"priceTableId": table, "prices": [price] * 3},
    }


def lists_of(name: str, payload: Json) -> Iterator[tuple[str, str, int]]:
    """Yield the type, name and length of each list of user errors, and of each path in them."""
    of_item = {"activateLicenses": "LicenseActivationResult", "moveActivations": "ActivationMoveResult"}.get(name, "")
    holders = [(f"{name[0].upper()}{name[1:]}Payload", payload)]
    holders += [(of_item, result) for result in payload.get("results", [])]
    for holder, each in holders:
        yield holder, "userErrors", len(each["userErrors"])
        yield from (("UserError", "path", len(error["path"])) for error in each["userErrors"])


@pytest.mark.parametrize("name", inputs(""))
async def test_user_errors_are_no_more_than_the_sdl_says(api: Api, vendor: Api, name: str) -> None:
    of_vendor = name == "draftPriceTable"
    given = inputs(await new_table(vendor) if of_vendor else "")[name]
    results = "results { userErrors { path } }" if "results" in payload_of(name).fields else ""

    payload = await (vendor if of_vendor else api).mutate(name, f"{results} userErrors {{ code path }}", given)

    found = list(lists_of(name, payload))
    assert len(found) > 50
    assert [each for each in found if each[2] > (list_sizes.stated(*each[:2]) or 0)] == []
