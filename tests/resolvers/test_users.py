"""Users changed by the vendor: what ends at once, and what can't begin meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from threading import Event
from uuid import uuid4

import httpx
import pytest
from argon2 import PasswordHasher

from db import tokens as token_statements
from db import users as user_statements
from domain.access import Permission, Role
from resolvers import tokens, users
from resolvers.portal import Portal
from resolvers.users import UserChange, UserUpdated
from tests.api import Api, Json
from tests.clock import Clock
from tests.factories import add_user, new_partner
from tests.units import writing

PASSWORD = "correct horse"
OTHER_PASSWORD = "battery staple"
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code message } } }"
VIEWER = "{ viewer { role } clients { totalCount } }"
EVENTS = "{ events(first: 100) { nodes { type actor { id } } } }"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
AHEAD_SECONDS = 0.3
"""Seconds for a rival to run as far as it can."""

Change = Callable[[Portal, str], Awaitable[UserUpdated]]


async def disable(portal: Portal, email: str) -> UserUpdated:
    return await users.update(portal, email, UserChange(disabled=True, even_last=True))


async def set_password(portal: Portal, email: str) -> UserUpdated:
    return await users.update(portal, email, UserChange(password=OTHER_PASSWORD))


ENDING = pytest.mark.parametrize("change", [disable, set_password])


@pytest.fixture
async def email(portal: Portal) -> str:
    """Address of a manager of a new partner."""
    address = f"{uuid4()}@alfa.example"
    partner_id = await new_partner(portal)
    async with writing(portal.database) as tx:
        await add_user(tx, partner_id, email=address, password_hash=CHEAP.hash(PASSWORD))
    return address


@pytest.fixture
def elsewhere(portal: Portal) -> Portal:
    """Another process on the same database, with a viewer cache of its own."""
    return Portal(portal.database, portal.secret, now=portal.now, monotonic=portal.monotonic)


async def sign_in(anonymous: Api, email: str, password: str = PASSWORD) -> Json:
    return (await anonymous.data(SIGN_IN, input={"email": email, "password": password}))["signIn"]


async def signed_in(anonymous: Api, email: str) -> Api:
    return replace(anonymous, token=(await sign_in(anonymous, email))["token"])


async def refused(caller: Api) -> bool:
    body = await caller.post(VIEWER)
    return [error["extensions"]["code"] for error in body.get("errors", ())] == ["UNAUTHENTICATED"]


@ENDING
async def test_sessions_and_tokens_end_at_once(anonymous: Api, portal: Portal, email: str, change: Change) -> None:
    session = await signed_in(anonymous, email)
    script = replace(anonymous, token=await tokens.issue(portal, email, "script", chosen=None, expires_at=None))
    await session.data(VIEWER)
    await script.data(VIEWER)

    ended = await change(portal, email)

    assert ended == UserUpdated(sessions=1, api_tokens=1)
    assert await refused(session)
    assert await refused(script)


@ENDING
async def test_in_other_processes_sessions_end_within_five_seconds(
    anonymous: Api, elsewhere: Portal, email: str, change: Change, clock: Clock
) -> None:
    session = await signed_in(anonymous, email)
    await session.data(VIEWER)

    await change(elsewhere, email)
    clock.forward(seconds=5)

    assert await refused(session)


async def test_a_disabled_user_is_answered_as_after_a_wrong_password(
    anonymous: Api, portal: Portal, email: str
) -> None:
    wrong = await sign_in(anonymous, email, "wrong")
    await disable(portal, email)

    assert await sign_in(anonymous, email) == wrong


async def test_the_token_row_of_a_disabled_user_is_worth_nothing(anonymous: Api, portal: Portal, email: str) -> None:
    session = await signed_in(anonymous, email)
    async with writing(portal.database) as tx:
        found = await user_statements.locked(tx, email)
        assert found is not None
        await user_statements.update(tx, found.partner_id, found.id, {"disabled_at": portal.now()})
    portal.viewers.forget_user(found.partner_id, found.id)

    assert await refused(session)


async def test_an_enabled_user_signs_in_anew_and_gets_no_token_back(anonymous: Api, portal: Portal, email: str) -> None:
    session = await signed_in(anonymous, email)
    await disable(portal, email)

    ended = await users.update(portal, email, UserChange(disabled=False))

    assert ended == UserUpdated(sessions=0, api_tokens=0)
    assert await refused(session)
    assert (await sign_in(anonymous, email))["token"] is not None


async def test_a_new_password_is_the_only_one(anonymous: Api, portal: Portal, email: str) -> None:
    await set_password(portal, email)

    assert (await sign_in(anonymous, email))["token"] is None
    assert (await sign_in(anonymous, email, OTHER_PASSWORD))["token"] is not None


async def test_a_new_role_applies_at_once_and_elsewhere_within_five_seconds(
    anonymous: Api, portal: Portal, elsewhere: Portal, email: str, clock: Clock
) -> None:
    session = await signed_in(anonymous, email)
    roles = [(await session.data(VIEWER))["viewer"]["role"]]

    ended = await users.update(portal, email, UserChange(role=Role.VIEWER, even_last=True))
    roles.append((await session.data(VIEWER))["viewer"]["role"])
    await users.update(elsewhere, email, UserChange(role=Role.OPERATOR, even_last=True))
    clock.forward(seconds=5)
    roles.append((await session.data(VIEWER))["viewer"]["role"])

    assert ended == UserUpdated(sessions=0, api_tokens=0)
    assert roles == ["MANAGER", "VIEWER", "OPERATOR"]


async def test_revoking_an_api_token_is_an_event_unlike_a_sessions_end(
    anonymous: Api, portal: Portal, email: str
) -> None:
    await signed_in(anonymous, email)
    await tokens.issue(portal, email, "script", chosen=None, expires_at=None)

    await set_password(portal, email)

    session = replace(anonymous, token=(await sign_in(anonymous, email, OTHER_PASSWORD))["token"])
    happened = (await session.data(EVENTS))["events"]["nodes"]
    assert [event["type"] for event in happened] == ["TOKEN_CREATED", "PASSWORD_CHANGED", "TOKEN_REVOKED"]
    assert [event["actor"] for event in happened[1:]] == [None, None]


@ENDING
async def test_a_sign_in_whose_password_was_being_checked_leaves_no_session(
    anonymous: Api, portal: Portal, email: str, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    checking, changed = Event(), Event()
    verify = PasswordHasher.verify

    def wait_and_verify(hasher: PasswordHasher, password_hash: str, password: bytes) -> bool:
        checking.set()
        assert changed.wait(60)
        return verify(hasher, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", wait_and_verify)
    rival = asyncio.ensure_future(sign_in(anonymous, email))
    try:
        assert await asyncio.to_thread(checking.wait, 60)
        await change(portal, email)
    finally:
        changed.set()

    payload = await rival

    assert [error["code"] for error in payload["userErrors"]] == ["INVALID_CREDENTIALS"]
    await users.update(portal, email, UserChange(disabled=False))
    assert await live(portal, email) == []


async def test_a_sign_in_waits_for_a_user_who_is_being_disabled(anonymous: Api, portal: Portal, email: str) -> None:
    async with writing(portal.database) as tx:
        found = await user_statements.locked(tx, email)
        assert found is not None
        await user_statements.update(tx, found.partner_id, found.id, {"disabled_at": portal.now()})
        await token_statements.revoke_all(tx, found.partner_id, found.id, at=portal.now())
        rival = asyncio.ensure_future(sign_in(anonymous, email))
        await asyncio.wait([rival], timeout=AHEAD_SECONDS)

    payload = await rival

    assert payload["token"] is None
    await users.update(portal, email, UserChange(disabled=False))
    assert await live(portal, email) == []


@ENDING
async def test_a_viewer_who_is_remembered_makes_no_token_that_outlives_the_change(
    anonymous: Api, portal: Portal, elsewhere: Portal, email: str, change: Change
) -> None:
    session = await signed_in(anonymous, email)
    await session.data(VIEWER)
    await change(elsewhere, email)

    query = "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }"
    error = await session.error(query, input={"name": "script", "permissions": [Permission.CLIENTS_READ.value]})

    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    await users.update(portal, email, UserChange(disabled=False))
    assert await live(portal, email) == []


async def live(portal: Portal, email: str) -> list[token_statements.LiveToken]:
    return await tokens.live(portal, token_statements.TokenFilter(email=email))


async def test_a_token_is_revoked_by_either_id_its_prefix_or_its_secret(
    http: httpx.AsyncClient, portal: Portal, email: str
) -> None:
    secrets = [await tokens.issue(portal, email, f"script {n}", chosen=None, expires_at=None) for n in range(4)]
    first, second, *_ = await live(portal, email)
    caller = Api(http, portal, token=secrets[3])
    listed = (await caller.data("{ viewer { apiTokens { id name } } }"))["viewer"]["apiTokens"]
    (api_id,) = (token["id"] for token in listed if token["name"] == "script 1")

    revoked = [await tokens.revoke(portal, named) for named in (str(first.id), api_id, secrets[2], secrets[3][:12])]

    assert [token.name for token in revoked] == ["script 0", "script 1", "script 2", "script 3"]
    assert revoked[1] == second
    assert await live(portal, email) == []
    assert await refused(caller)


@pytest.mark.parametrize("named", ["", "ppt_", "0", "9" * 30, "ppt_unknown", "ppt_" + "x" * 43, "%", "Q2xpZW50OjE"])
async def test_what_names_no_token_revokes_none(portal: Portal, email: str, named: str) -> None:
    await tokens.issue(portal, email, "script", chosen=None, expires_at=None)

    with pytest.raises(tokens.UnknownTokenError):
        await tokens.revoke(portal, named)

    assert len(await live(portal, email)) == 1
