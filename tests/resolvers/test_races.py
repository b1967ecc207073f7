"""Races: one transaction is held between its read and its write, while a rival runs as far as it can."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sa

from db import activation_changes, client_changes, order_changes, tables, users
from db import price_tables as price_table_statements
from db.engine import Transaction
from domain.access import API_TOKENS_MAX, Permission
from resolvers import activations, api_tokens, clients, ids, orders, price_table_changes
from resolvers.access import viewer_of
from resolvers.activations import ActivateLicense, CancelActivation
from resolvers.clients import CancelClient, RegisterClient
from resolvers.context import Context
from resolvers.moves import MoveActivation
from resolvers.mutations import Mutation, Work
from resolvers.orders import ApproveOrder, CancelOrder
from resolvers.price_table_changes import PublishPriceTable
from tests import cnpjs
from tests.api import Api
from tests.factories import with_tokens
from tests.units import fetch_all, writing

Arguments = TypeVar("Arguments", bound=tuple[Any, ...])

AHEAD_SECONDS = 0.3
"""Seconds for a rival to run as far as it can: one admitted by mistake needs much less."""


async def raced(
    api: Api,
    mutation: Mutation[Arguments, Any],
    given: Arguments,
    rival: Awaitable[list[str]],
    read: Callable[[Transaction], Awaitable[object]] | None = None,
) -> list[str]:
    """Let the mutation read, start the rival, let the mutation write and commit; return the rival's refusals."""
    viewer = await viewer_of(api.portal, api.token or "", None)
    assert viewer is not None
    async with writing(api.portal.database) as tx:
        work = Work(Context(api.portal, viewer), tx, viewer, api.partner_id, mutation.permission)
        if read is not None:
            await read(tx)
        else:
            await _work(mutation, work, given)
        behind = asyncio.ensure_future(rival)
        await asyncio.wait([behind], timeout=AHEAD_SECONDS)
        if read is not None:
            await _work(mutation, work, given)
    return await behind


async def _work(mutation: Mutation[Arguments, Any], work: Work, given: Arguments) -> None:
    await mutation._work(work, given)  # noqa: SLF001 — the transaction around it is the test's own, to be held.


async def _lock_activation(tx: Transaction, partner_id: int, activation_id: int) -> None:
    """Lock its client before, as each transaction does: in another order, the rival and this one would deadlock."""
    await client_changes.lock_of_activation(tx, partner_id, activation_id)
    await activation_changes.locked(tx, partner_id, activation_id)


async def test_no_license_is_activated_for_a_client_that_is_being_cancelled(
    api: Api, client: str, product: str
) -> None:
    await api.buy(product, 1)
    number = ids.number("Client", client)
    given = {"clientId": client, "productId": product, "activationKey": "RACE-1"}

    refused = await raced(
        api,
        clients.cancel,
        CancelClient(number, None),
        api.codes("activateLicense", given),
        lambda tx: client_changes.locked(tx, api.partner_id, [number]),
    )

    assert refused == ["CLIENT_CANCELLED"]
    assert (await api.stock(product))["available"] == 1


async def test_no_license_is_moved_to_a_client_that_is_being_cancelled(api: Api, client: str, product: str) -> None:
    await api.buy(product, 1)
    activation = await api.activation(await api.client(), product)
    number = ids.number("Client", client)
    given = {"activationId": activation, "toClientId": client, "activationKey": "RACE-1"}

    refused = await raced(
        api,
        clients.cancel,
        CancelClient(number, None),
        api.codes("moveActivation", given),
        lambda tx: client_changes.locked(tx, api.partner_id, [number]),
    )

    assert refused == ["CLIENT_CANCELLED"]


async def test_an_order_that_is_being_approved_is_not_approved_again(api: Api, product: str) -> None:
    order = await api.order((product, 10))
    number = ids.number("Order", order)

    refused = await raced(
        api,
        orders.approve,
        ApproveOrder(number),
        api.codes("approveOrder", {"orderId": order}),
        lambda tx: order_changes.locked(tx, api.partner_id, number),
    )

    assert refused == ["ORDER_TRANSITION"]
    assert (await api.stock(product))["purchased"] == 10


async def test_an_order_that_is_being_cancelled_is_not_approved(api: Api, product: str) -> None:
    order = await api.order((product, 10))
    number = ids.number("Order", order)

    refused = await raced(
        api,
        orders.cancel,
        CancelOrder(number, None),
        api.codes("approveOrder", {"orderId": order}),
        lambda tx: order_changes.locked(tx, api.partner_id, number),
    )

    assert refused == ["ORDER_TRANSITION"]
    assert (await api.data("{ licenseStock { id } }"))["licenseStock"] == []


async def test_an_activation_that_is_being_cancelled_gives_its_license_back_once(
    api: Api, client: str, product: str
) -> None:
    await api.buy(product, 2)
    activation = await api.activation(client, product)
    await api.activation(client, product)
    number = ids.number("Activation", activation)

    refused = await raced(
        api,
        activations.cancel,
        CancelActivation(number, None),
        api.codes("cancelActivation", {"activationId": activation}),
        lambda tx: _lock_activation(tx, api.partner_id, number),
    )

    assert refused == ["ACTIVATION_CANCELLED"]
    assert (await api.stock(product))["available"] == 1


async def test_an_activation_that_is_being_cancelled_is_not_moved(api: Api, client: str, product: str) -> None:
    await api.buy(product, 2)
    activation = await api.activation(client, product)
    await api.activation(client, product)
    number = ids.number("Activation", activation)
    given = {"activationId": activation, "toClientId": client, "activationKey": "RACE-1"}

    refused = await raced(
        api,
        activations.cancel,
        CancelActivation(number, None),
        api.codes("moveActivation", given),
        lambda tx: _lock_activation(tx, api.partner_id, number),
    )

    assert refused == ["ACTIVATION_CANCELLED"]
    assert (await api.stock(product))["available"] == 1


async def test_a_key_that_is_being_activated_is_in_use(api: Api, client: str, product: str) -> None:
    await api.buy(product, 2)
    number = ids.number("Client", client)
    activate = ActivateLicense(number, ids.number("Product", product), "RACE-1", 0, None, None)
    given = {"clientId": client, "productId": product, "activationKey": "RACE-1"}

    refused = await raced(
        api,
        activations.activate,
        activate,
        api.codes("activateLicense", given),
        lambda tx: client_changes.locked(tx, api.partner_id, [number]),
    )

    assert refused == ["ACTIVATION_KEY_IN_USE"]
    assert (await api.stock(product))["available"] == 1


async def test_the_last_license_goes_to_one_client_of_two(api: Api, client: str, product: str) -> None:
    await api.buy(product, 1)
    activate = ActivateLicense(ids.number("Client", client), ids.number("Product", product), "RACE-1", 0, None, None)
    given = {"clientId": await api.client(), "productId": product, "activationKey": "RACE-2"}

    refused = await raced(api, activations.activate, activate, api.codes("activateLicense", given))

    assert refused == ["OUT_OF_STOCK"]
    assert (await api.stock(product))["available"] == 0


async def test_the_last_additional_seat_goes_to_one_client_of_two(api: Api, client: str, product: str) -> None:
    await api.buy(product, 2, seats=1)
    activate = ActivateLicense(ids.number("Client", client), ids.number("Product", product), "RACE-1", 1, None, None)
    given = {"clientId": await api.client(), "productId": product, "activationKey": "RACE-2", "additionalSeats": 1}

    refused = await raced(api, activations.activate, activate, api.codes("activateLicense", given))

    assert refused == ["OUT_OF_SEATS"]
    assert (await api.stock(product))["additionalSeatsAvailable"] == 0


async def test_the_last_license_is_not_activated_by_a_batch_too(api: Api, client: str, product: str) -> None:
    await api.buy(product, 2)
    activate = ActivateLicense(ids.number("Client", client), ids.number("Product", product), "RACE-1", 0, None, None)
    other = await api.client()
    items = [{"clientId": other, "productId": product, "activationKey": f"RACE-{number}"} for number in (2, 3)]

    refused = await raced(api, activations.activate, activate, api.codes("activateLicenses", {"items": items}))

    assert refused == ["OUT_OF_STOCK"]
    assert (await api.stock(product))["available"] == 1


async def test_a_filter_does_not_count_what_is_being_cancelled(api: Api, client: str, product: str) -> None:
    await api.buy(product, 2)
    activation, _ = [await api.activation(client, product) for _ in range(2)]
    cancel = CancelActivation(ids.number("Activation", activation), None)
    given = {"filter": {"clientId": client}, "expectedCount": 2}

    refused = await raced(api, activations.cancel, cancel, api.codes("cancelActivations", given))

    assert refused == ["COUNT_CHANGED"]
    assert (await api.stock(product))["available"] == 1


async def test_two_moves_between_two_clients_do_not_deadlock(api: Api, client: str, product: str) -> None:
    await api.buy(product, 2)
    other = await api.client()
    mine, theirs = await api.activation(client, product), await api.activation(other, product)
    move = MoveActivation(ids.number("Activation", mine), ids.number("Client", other), "RACE-1", None, None)
    given = {"activationId": theirs, "toClientId": client, "activationKey": "RACE-2"}

    refused = await raced(api, activations.move, move, api.codes("moveActivation", given))

    assert refused == []
    assert (await api.stock(product))["available"] == 0


async def test_a_cnpj_that_is_being_registered_is_taken(api: Api) -> None:
    cnpj = cnpjs.another()
    register = RegisterClient(cnpj, client_changes.ClientDetails(name="Primeira"))

    refused = await raced(api, clients.register, register, api.codes("registerClient", {"cnpj": cnpj, "name": "Outra"}))

    assert refused == ["CNPJ_ALREADY_REGISTERED"]


async def test_numbers_have_no_gaps_whatever_is_refused_meanwhile(api: Api, product: str) -> None:
    lines = [{"productId": product, "quantity": 1}]
    wanted = [{"type": "PURCHASE", "items": lines} | ({"expectedTotal": "0"} if n % 3 == 0 else {}) for n in range(18)]

    answers = await asyncio.gather(*(api.codes("createOrder", given) for given in wanted))

    assert answers.count(["PRICE_CHANGED"]) == 6
    data = await api.data("{ orders { nodes { number } } events(first: 100) { nodes { number } } }")
    assert [node["number"] for node in data["orders"]["nodes"]] == list(range(12, 0, -1))
    assert [node["number"] for node in data["events"]["nodes"]] == list(range(1, 13))


async def test_two_users_at_once_create_the_hundredth_token_once(api: Api) -> None:
    caller, other = await with_tokens(api, API_TOKENS_MAX - 2), await with_tokens(api, 1)
    given = {"name": "Script", "permissions": ["ORDERS_READ"]}
    create = api_tokens.CreateApiToken("Script", (Permission.ORDERS_READ,), None)

    refused = await raced(caller, api_tokens.create, create, other.codes("createApiToken", given))

    assert refused == ["API_TOKEN_LIMIT"]


async def test_twenty_tokens_created_at_once_keep_to_the_limit(api: Api) -> None:
    callers = await with_tokens(api, API_TOKENS_MAX - 6), await with_tokens(api, 1)
    given = {"name": "Script", "permissions": ["ORDERS_READ"]}

    codes = await asyncio.gather(*(callers[turn % 2].codes("createApiToken", given) for turn in range(20)))

    assert sorted(codes) == [[]] * 5 + [["API_TOKEN_LIMIT"]] * 15


async def test_a_session_that_is_renewed_twice_at_once_has_one_successor(api: Api) -> None:
    query = "mutation { renewSession { token userErrors { code } } }"

    bodies = await asyncio.gather(*(api.post(query) for _ in range(8)))

    renewed = [body["data"]["renewSession"]["token"] for body in bodies if "errors" not in body]
    codes = [body["errors"][0]["extensions"]["code"] for body in bodies if "errors" in body]
    assert (len(renewed), codes) == (1, ["UNAUTHENTICATED"] * 7)
    assert (await replace(api, token=renewed[0]).data("{ viewer { role } }"))["viewer"] is not None


async def test_an_order_locks_its_maker_before_the_numbers(api: Api, product: str) -> None:
    given = {"type": "PURCHASE", "items": [{"productId": product, "quantity": 1}]}
    of_partner = tables.partner_counters.c.partner_id == api.partner_id
    numbers = sa.select(of_partner).where(of_partner).with_for_update(nowait=True)

    async with writing(api.portal.database) as tx:
        # As a deactivation does, which then appends its event.
        await users.locked_by_id(tx, api.partner_id, api.user_id)
        behind = asyncio.ensure_future(api.codes("createOrder", given))
        await asyncio.wait([behind], timeout=AHEAD_SECONDS)
        assert await fetch_all(tx, numbers)

    assert await behind == []


async def test_an_order_takes_the_prices_that_began_while_it_waited(api: Api, vendor: Api, product: str) -> None:
    table = (await api.data("{ priceTable { id } }"))["priceTable"]["id"]
    number = ids.number("PriceTable", table)
    dearer = [{"minimumQuantity": 1, "unitMonthlyPrice": "999.00", "unitSetupFee": "0.00"}]
    prices = [{"productId": product, "orderType": "PURCHASE", "tiers": dearer}]
    await vendor.done("draftPriceTable", "__typename", {"priceTableId": table, "prices": prices})
    given = {"type": "PURCHASE", "items": [{"productId": product, "quantity": 1}], "expectedTotal": "999.00"}

    refused = await raced(
        vendor,
        price_table_changes.publish,
        PublishPriceTable(number, None),
        api.codes("createOrder", given),
        lambda tx: price_table_statements.locked(tx, number),
    )

    assert refused == []
