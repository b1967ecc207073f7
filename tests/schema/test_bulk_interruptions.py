"""Bulk mutations whose user loses the rights between their items."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from domain.access import Role, TokenKind
from tests.api import Api, Json
from tests.schema.test_user_management import colleague, of

ITEMS = 60

Loss = Callable[[Api, Api], Awaitable[object]]
"""Takes the rights of the second user away."""


async def _demoted(manager: Api, user: Api) -> object:
    return await manager.done("updateUser", "user { id }", {"userId": of(user), "role": "VIEWER"})


async def _deactivated(manager: Api, user: Api) -> object:
    return await manager.done("deactivateUser", "user { id }", {"userId": of(user)})


async def _signed_out(_: Api, user: Api) -> object:
    return await user.data("mutation { signOut { __typename } }")


LOSSES: list[tuple[Loss, str]] = [
    (_demoted, "FORBIDDEN"),
    (_deactivated, "UNAUTHENTICATED"),
    (_signed_out, "UNAUTHENTICATED"),
]


@dataclass(frozen=True, slots=True)
class Answered:
    """Answer to a mutation whose user lost the rights between its items."""

    error: Json
    user: Api


async def interrupted(api: Api, name: str, given: dict[str, object], statement: str, lose: Loss) -> Answered:
    """Run the mutation, and take its user's rights away when the statement is sent for the second time."""
    user = await colleague(api, kind=TokenKind.SESSION)
    query = f"""mutation ($input: {name[0].upper()}{name[1:]}Input!) {{
        {name}(input: $input) {{ results {{ index activation {{ id }} }} userErrors {{ code }} }} }}"""
    sent, begun = 0, asyncio.Event()

    def observe(each: str) -> None:
        nonlocal sent
        sent += statement in each
        if sent == 2:
            begun.set()

    api.portal.database.observers.append(observe)
    running = asyncio.ensure_future(user.error(query, input={"mode": "EACH", "idempotencyKey": "same", **given}))
    await begun.wait()
    await lose(api, user)
    error = await running
    api.portal.database.observers.remove(observe)
    return Answered(error, user)


def licenses_of(client: str, product: str, name: str, number: int) -> list[dict[str, object]]:
    """Return items of `activateLicenses`."""
    return [{"clientId": client, "productId": product, "activationKey": f"{name}-{n}"} for n in range(number)]


@pytest.mark.parametrize(("lose", "code"), LOSSES)
async def test_lost_rights_between_items_say_which_items_were_done(
    api: Api, client: str, product: str, lose: Loss, code: str
) -> None:
    await api.buy(product, ITEMS)
    given: dict[str, object] = {"items": licenses_of(client, product, "KEY", ITEMS)}

    error = (await interrupted(api, "activateLicenses", given, "INSERT INTO activations", lose)).error

    assert error["extensions"]["code"] == code
    assert error["extensions"]["outcome"] == "UNKNOWN"
    done = (await api.stock(product))["activated"]
    assert 0 < done < ITEMS
    assert error["extensions"]["itemsDone"] == list(range(done))
    assert "Some items were done" in error["message"]


@pytest.mark.parametrize("chosen", ["activationIds", "filter"])
async def test_lost_rights_between_cancellations_say_which_were_done(
    api: Api, client: str, product: str, chosen: str
) -> None:
    await api.buy(product, ITEMS)
    items = licenses_of(client, product, "KEY", ITEMS)
    made = await api.done("activateLicenses", "results { activation { id } }", {"items": items})
    activations = [result["activation"]["id"] for result in made["results"]]
    given: dict[str, object] = {"activationIds": activations}
    if chosen == "filter":
        given = {"filter": {"productId": product}, "expectedCount": ITEMS}

    error = (await interrupted(api, "cancelActivations", given, "UPDATE activations", _deactivated)).error

    left = (await api.stock(product))["activated"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert error["extensions"]["itemsDone"] == list(range(ITEMS - left))
    assert 0 < left < ITEMS


async def test_items_left_by_lost_rights_are_done_with_the_same_key(api: Api, client: str, product: str) -> None:
    await api.buy(product, ITEMS)
    given: dict[str, object] = {"items": licenses_of(client, product, "KEY", ITEMS)}
    user = (await interrupted(api, "activateLicenses", given, "INSERT INTO activations", _demoted)).user
    await api.done("updateUser", "user { id }", {"userId": of(user), "role": Role.OPERATOR.value})

    again = await user.done(
        "activateLicenses", "results { status }", {**given, "mode": "EACH", "idempotencyKey": "same"}
    )

    assert {result["status"] for result in again["results"]} == {"DONE"}
    assert (await api.stock(product))["activated"] == ITEMS
