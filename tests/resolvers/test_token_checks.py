"""Tokens of running subscriptions are checked together."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from db import access as access_rows
from db import users
from db.engine import Database, Transaction
from domain.access import TokenKind
from resolvers import access
from resolvers.portal import Portal
from resolvers.token_checks import TokenChecks
from resolvers.viewers import Viewer
from server.identity import OpenIdProvider, Provider
from tests.api import Api
from tests.clock import Clock
from tests.factories import new_caller
from tests.provider import AUDIENCE, RealProvider, provider


async def checked(api: Api) -> Viewer | None:
    assert api.token is not None
    return await access.viewer_of(api.portal, api.token, None, read_now=True)


async def test_the_tokens_of_all_subscriptions_take_one_statement(
    api: Api, other_api: Api, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = api.portal
    clock = Clock.of(portal, portal.now())
    monkeypatch.setattr(portal, "token_checks", TokenChecks(portal.database, portal.viewers, every_seconds=0.05))
    callers = [api, other_api, *[await new_caller(api.http, portal, api.partner_id) for _ in range(10)]]
    for caller in callers:
        await checked(caller)
    clock.forward(seconds=30)
    # Another process ends a session, which this one does not hear of.
    elsewhere = Portal(Database(engine_url), portal.secret)
    ended = Api(api.http, elsewhere, token=callers[-1].token)
    viewer = await access.viewer_of(elsewhere, str(ended.token), None)
    assert viewer is not None
    await elsewhere.database.write(
        lambda tx: access_rows.revoke(tx, viewer.partner_id, viewer.token_id, TokenKind.SESSION, at=clock())
    )
    await elsewhere.database.close()

    statements = list[str]()
    portal.database.observers.append(statements.append)
    viewers = await asyncio.gather(*(checked(caller) for caller in callers))
    portal.database.observers.clear()

    assert [viewer is not None and viewer.user_id for viewer in viewers] == [
        *[caller.user_id for caller in callers[:-1]],
        False,
    ]
    assert len(statements) == 1


@pytest.fixture(scope="module")
def real() -> Iterator[RealProvider]:
    with provider() as found:
        yield found


async def signed_in(api: Api, real: RealProvider) -> Api:
    address = (await api.data("{ viewer { user { email } } }"))["viewer"]["user"]["email"]
    return replace(api, token=real.token(uuid4().hex, {"email": address, "email_verified": True}))


async def test_tokens_of_an_identity_provider_take_one_statement_too(
    api: Api, other_api: Api, real: RealProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = api.portal
    clock = Clock.of(portal, portal.now())
    monkeypatch.setattr(portal, "provider", OpenIdProvider(Provider(real.issuer, AUDIENCE)))
    monkeypatch.setattr(portal, "token_checks", TokenChecks(portal.database, portal.viewers, every_seconds=0.05))
    others = [await new_caller(api.http, portal, api.partner_id) for _ in range(10)]
    callers = [await signed_in(each, real) for each in (api, other_api, *others)]
    # Several subscriptions have one token.
    callers += callers[:2]
    for caller in callers:
        await checked(caller)
    statements, found = list[str](), []

    async def disable(tx: Transaction) -> None:
        await users.update(tx, api.partner_id, others[-1].user_id, {"disabled_at": clock()})

    for is_disabled in (False, True):
        clock.forward(seconds=30)
        if is_disabled:
            # As another process does it, of which this one does not hear.
            await portal.database.write(disable)
        else:
            portal.database.observers.append(statements.append)
        viewers = await asyncio.gather(*(checked(caller) for caller in callers))
        portal.database.observers.clear()
        found.append([viewer is not None and viewer.user_id for viewer in viewers])

    assert len(statements) == 1
    everybody = [caller.user_id for caller in callers]
    assert found == [everybody, [each != others[-1].user_id and each for each in everybody]]


async def test_a_subscription_that_ends_takes_its_check_along(api: Api) -> None:
    checks = TokenChecks(api.portal.database, api.portal.viewers, every_seconds=600)
    viewer = await checked(api)
    assert viewer is not None
    waiting = [asyncio.create_task(checks.bearer(viewer)) for _ in range(2)]
    await asyncio.sleep(0)
    reading = checks._tokens.next  # noqa: SLF001 — it shows nowhere else.
    assert reading is not None
    for each in waiting:
        each.cancel()
    await asyncio.wait([*waiting, reading.task])

    assert reading.task.cancelled()
    assert checks._tokens.next is None  # noqa: SLF001 — the same.
