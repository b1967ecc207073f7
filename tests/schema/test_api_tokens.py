"""API tokens over HTTP, on both engines, with a test clock."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from db.tables import metadata, users
from domain.access import API_TOKENS_MAX, ROLE_PERMISSIONS, Permission, Role, TokenKind
from resolvers import ids
from server.background.token_usage import TokenUsageWriter
from tests.api import Api, Json
from tests.clock import Clock
from tests.factories import new_caller, with_tokens
from tests.units import execute, fetch_all, reading, writing

pytestmark = pytest.mark.usefixtures("clock")

TOKEN = "apiToken { id name prefix createdAt expiresAt lastUsedAt revokedAt permissions } secret"
VIEWER = "{ viewer { role permissions } }"
REVOKE = "apiToken { id revokedAt }"


async def create(api: Api, *permissions: Permission, **given: object) -> Json:
    """Create a token, and return the payload."""
    wanted = {"name": "Script", "permissions": [each.value for each in permissions]} | given
    return await api.done("createApiToken", TOKEN, wanted)


async def is_refused(api: Api, payload: Json) -> bool:
    """Return whether the server refuses the token."""
    headers = {"Authorization": f"Bearer {payload['secret']}"}
    response = await api.http.post("/graphql", json={"query": "{ products { id } }"}, headers=headers)
    return response.status_code == httpx.codes.UNAUTHORIZED


async def test_a_token_does_what_was_chosen_for_it_and_no_more(api: Api) -> None:
    payload = await create(api, Permission.ORDERS_READ, Permission.CLIENTS_READ, Permission.ORDERS_READ)
    script = replace(api, token=payload["secret"])

    error = await script.error("{ events { totalCount } }")

    assert payload["apiToken"]["permissions"] == ["CLIENTS_READ", "ORDERS_READ"]
    assert (await script.data(VIEWER))["viewer"]["permissions"] == ["CLIENTS_READ", "ORDERS_READ"]
    assert error["extensions"]["missingPermissions"] == ["EVENTS_READ"]


async def test_no_token_is_made_that_may_more_than_its_maker(api: Api) -> None:
    chosen = frozenset({Permission.TOKENS_MANAGE})
    maker = await new_caller(api.http, api.portal, api.partner_id, chosen=chosen)

    payload = await maker.mutate(
        "createApiToken", TOKEN, {"name": "Script", "permissions": ["TOKENS_MANAGE", "ORDERS_READ"]}
    )

    (error,) = payload["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["permissions", "1"])
    assert payload["secret"] is payload["apiToken"] is None


@pytest.mark.parametrize("expires_at", ["2026-11-24T11:59:59Z", "2026-11-24T12:00:00Z"])
async def test_a_token_expires_in_the_future(api: Api, expires_at: str) -> None:
    given = {"name": "Script", "permissions": ["ORDERS_READ"], "expiresAt": expires_at}

    payload = await api.mutate("createApiToken", TOKEN, given)

    assert [error["path"] for error in payload["userErrors"]] == [["expiresAt"]]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": " "}, "name"), ({"name": "a" * 101}, "name"), ({"name": "a\0"}, "name"), ({}, "permissions")],
)
async def test_a_token_has_a_name_and_a_permission(api: Api, given: dict[str, object], field: str) -> None:
    wanted = {"name": "Script", "permissions": ["ORDERS_READ"] if given else []} | given

    payload = await api.mutate("createApiToken", TOKEN, wanted)

    assert [error["path"] for error in payload["userErrors"]] == [[field]]


async def test_the_secret_is_shown_once_and_stored_nowhere(api: Api) -> None:
    payload = await create(api, Permission.ORDERS_READ)

    secret, prefix = payload["secret"], payload["apiToken"]["prefix"]
    listed = await api.data("{ viewer { apiTokens { id name prefix } } }")
    assert secret.startswith(prefix)
    assert secret not in str(listed)
    async with reading(api.portal.database) as connection:
        for table in metadata.sorted_tables:
            rows = str(await fetch_all(connection, sa.select(table)))
            assert secret not in rows
            assert secret.removeprefix(prefix) not in rows


async def test_a_token_that_nothing_was_chosen_for_lists_every_permission(api: Api) -> None:
    await with_tokens(api, 1)

    listed = await api.data("{ viewer { apiTokens { permissions } } }")

    assert listed["viewer"]["apiTokens"] == [{"permissions": [each.value for each in Permission]}]


async def test_an_expired_token_is_refused(api: Api, clock: Clock) -> None:
    payload = await create(api, Permission.ORDERS_READ, expiresAt="2026-11-24T12:00:03Z")
    assert not await is_refused(api, payload)

    clock.forward(seconds=3)

    assert await is_refused(api, payload)


async def test_another_manager_revokes_a_token_at_once(api: Api) -> None:
    payload = await create(api, Permission.ORDERS_READ)
    assert not await is_refused(api, payload)
    other = await new_caller(api.http, api.portal, api.partner_id)

    revoked = await other.done("revokeApiToken", REVOKE, {"apiTokenId": payload["apiToken"]["id"]})

    assert revoked["apiToken"] == {"id": payload["apiToken"]["id"], "revokedAt": "2026-11-24T12:00:00Z"}
    assert await is_refused(api, payload)


async def test_a_token_that_is_revoked_again_stays_as_it_is(api: Api, clock: Clock) -> None:
    given = {"apiTokenId": (await create(api, Permission.ORDERS_READ))["apiToken"]["id"]}
    first = await api.done("revokeApiToken", REVOKE, given)
    clock.forward(hours=1)

    again = await api.done("revokeApiToken", REVOKE, given)

    assert again == first
    events = await api.data("{ events { nodes { type } } }")
    assert [event["type"] for event in events["events"]["nodes"]] == ["TOKEN_CREATED", "TOKEN_REVOKED"]


async def test_another_partners_token_is_as_one_that_does_not_exist(api: Api, other_api: Api) -> None:
    payload = await create(api, Permission.ORDERS_READ)

    codes = await other_api.codes("revokeApiToken", {"apiTokenId": payload["apiToken"]["id"]})

    assert codes == await other_api.codes("revokeApiToken", {"apiTokenId": "nothing"}) == ["NOT_FOUND"]
    assert not await is_refused(api, payload)


async def test_the_last_use_is_written_down(api: Api, clock: Clock) -> None:
    payload = await create(api, Permission.ORDERS_READ)
    clock.forward(hours=1)
    assert not await is_refused(api, payload)

    await TokenUsageWriter(api.portal).write()

    listed = (await api.data("{ viewer { apiTokens { id lastUsedAt } } }"))["viewer"]["apiTokens"]
    assert payload["apiToken"]["lastUsedAt"] is None
    assert {"id": payload["apiToken"]["id"], "lastUsedAt": "2026-11-24T13:00:00Z"} in listed


async def test_a_token_acts_with_its_makers_role_as_it_is_now(api: Api, clock: Clock) -> None:
    payload = await create(api, Permission.ORDERS_READ, Permission.ORDERS_APPROVE)
    script = replace(api, token=payload["secret"])
    await script.data(VIEWER)

    async with writing(api.portal.database) as tx:
        await execute(tx, sa.update(users).where(users.c.id == api.user_id).values(role=Role.VIEWER))
    clock.forward(seconds=5)

    assert Permission.ORDERS_APPROVE not in ROLE_PERMISSIONS[Role.VIEWER]
    assert (await script.data(VIEWER))["viewer"] == {"role": "VIEWER", "permissions": ["ORDERS_READ"]}


async def test_an_api_token_makes_no_token(api: Api) -> None:
    script = await new_caller(api.http, api.portal, api.partner_id, kind=TokenKind.API)

    payload = await script.mutate("createApiToken", TOKEN, {"name": "Script", "permissions": ["ORDERS_READ"]})

    (error,) = payload["userErrors"]
    assert (error["code"], error["path"]) == ("SESSION_REQUIRED", None)
    assert payload["secret"] is payload["apiToken"] is None


async def test_a_partner_has_a_hundred_tokens_that_work_and_no_more(api: Api, other_api: Api) -> None:
    caller, other = await with_tokens(api, 60), await with_tokens(api, API_TOKENS_MAX - 61)
    await with_tokens(other_api, 1)
    made = await create(caller, Permission.ORDERS_READ)

    payloads = [
        await each.mutate("createApiToken", TOKEN, {"name": "Script", "permissions": ["ORDERS_READ"]})
        for each in (caller, other)
    ]

    for payload in payloads:
        assert [error["code"] for error in payload["userErrors"]] == ["API_TOKEN_LIMIT"]
        assert "100" in payload["userErrors"][0]["message"]
    await create(other_api, Permission.ORDERS_READ)
    await caller.done("revokeApiToken", REVOKE, {"apiTokenId": made["apiToken"]["id"]})
    await create(other, Permission.ORDERS_READ)


async def test_all_tokens_of_a_partner_that_work_are_listed(api: Api, clock: Clock) -> None:
    first, second = await with_tokens(api, 50), await with_tokens(api, API_TOKENS_MAX - 51)
    await create(first, Permission.ORDERS_READ)
    await with_tokens(api, 10, expires_at=clock.now)

    listed = (await second.data("{ viewer { apiTokens { expiresAt } } }"))["viewer"]["apiTokens"]

    assert listed == [{"expiresAt": None}] * API_TOKENS_MAX


async def test_tokens_that_are_expired_do_not_count(api: Api, clock: Clock) -> None:
    caller = await with_tokens(api, API_TOKENS_MAX, expires_at=clock.now + timedelta(seconds=1))
    clock.forward(seconds=1)

    await create(caller, Permission.ORDERS_READ)


async def test_a_hundred_tokens_are_listed_usable_ones_first_then_the_newest(api: Api, clock: Clock) -> None:
    oldest = await create(api, Permission.ORDERS_READ)
    await with_tokens(api, API_TOKENS_MAX, expires_at=clock.now + timedelta(seconds=1))
    clock.forward(seconds=1)
    revoked, newest = await create(api, Permission.ORDERS_READ), await create(api, Permission.ORDERS_READ)
    await api.done("revokeApiToken", REVOKE, {"apiTokenId": revoked["apiToken"]["id"]})

    listed = (await api.data("{ viewer { apiTokens { id } } }"))["viewer"]["apiTokens"]

    assert len(listed) == 100
    assert [each["id"] for each in listed[:3]] == [made["apiToken"]["id"] for made in (newest, oldest, revoked)]


async def test_the_vendor_lists_and_revokes_the_tokens_of_a_partner(api: Api, other_api: Api, vendor: Api) -> None:
    token = (await create(api, Permission.ORDERS_READ))["apiToken"]["id"]
    query = "query ($partner: ID) { apiTokens(partnerId: $partner) { id user { id } } }"
    partner, user = ids.encode("Partner", api.partner_id), {"id": ids.encode("User", api.user_id)}

    listed = [(await caller.data(query, partner=partner))["apiTokens"] for caller in (api, vendor, other_api)]
    own = (await vendor.data(query))["apiTokens"]
    await vendor.done("revokeApiToken", REVOKE, {"apiTokenId": token, "partnerId": partner})

    assert listed == [[{"id": token, "user": user}], [{"id": token, "user": user}], []]
    # Other tests made tokens of the vendor.
    assert [each for each in own if each["id"] == token or each["user"] == user] == []
    revoked = (await api.data("{ apiTokens { revokedAt } }"))["apiTokens"]
    assert [each["revokedAt"] is None for each in revoked] == [False]
