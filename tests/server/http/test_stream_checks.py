"""Checks of the callers of subscriptions: once for each, and no longer than there are subscriptions."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from db.tables import tokens
from domain.access import TokenKind
from domain.errors import ApiError
from resolvers.token_checks import EVERY_SECONDS
from resolvers.viewers import NEW_SECONDS, REMEMBERED_SECONDS, Viewer
from server.app import create_app
from server.http.stream_checks import CHECK_SECONDS, Check, StreamChecks
from server.settings import Settings
from tests import streams
from tests.api import Api
from tests.clock import Clock
from tests.executors import DOCUMENTS
from tests.factories import new_caller
from tests.units import execute, writing


class Watcher:
    """Subscription that keeps what it is given."""

    def __init__(self, checks: StreamChecks, api: Api) -> None:
        self.told: asyncio.Queue[Viewer | ApiError] = asyncio.Queue()
        self.checks: list[Check] = []
        self.leave = checks.watch([f"Bearer {api.token}"], None, self._tell)

    def _tell(self, check: Check) -> None:
        self.told.put_nowait(check.found)
        self.checks.append(check)


@pytest.fixture(autouse=True)
def _checking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.http.stream_checks.CHECK_SECONDS", 0.05)


async def test_all_subscriptions_of_a_caller_are_told_of_one_check(api: Api) -> None:
    checks, colleague = StreamChecks(api.portal), await new_caller(api.http, api.portal, api.partner_id)
    watchers = [Watcher(checks, caller) for caller in (api, api, colleague)]

    async with asyncio.timeout(20):
        found = [await each.told.get() for each in watchers]
        while not any(one is other for one in watchers[0].checks for other in watchers[1].checks):
            await watchers[0].told.get()
    for each in watchers:
        each.leave()

    viewers = [each for each in found if isinstance(each, Viewer)]
    assert [each.user_id for each in viewers] == [api.user_id, api.user_id, colleague.user_id]


async def test_nothing_is_checked_after_the_last_subscription(api: Api) -> None:
    checks = StreamChecks(api.portal)
    first, second = Watcher(checks, api), Watcher(checks, api)
    running = checks._running  # noqa: SLF001 — it shows nowhere else.
    assert running is not None
    first.leave()
    assert not running.cancelling()
    second.leave()
    await asyncio.wait((running,), timeout=20)

    assert running.cancelled()
    again = Watcher(checks, api)
    async with asyncio.timeout(20):
        assert isinstance(await again.told.get(), Viewer)
    again.leave()


@pytest.mark.parametrize("ended", ["revoked here", "revoked elsewhere", "expired"])
async def test_a_viewer_that_was_just_read_is_not_trusted_after_its_end(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    app = create_app(api.portal, Settings(), documents=DOCUMENTS)
    expires_at = clock() + timedelta(seconds=2)
    script = await new_caller(api.http, api.portal, api.partner_id, kind=TokenKind.API, expires_at=expires_at)
    checked = asyncio.Event()

    def note(statement: str) -> None:
        if "tokens.revoked_at IS NULL" in statement:
            checked.set()

    # The event of the revocation itself may be sent before the process has heard of its commit.
    chosen = {"types": ["CLIENT_REGISTERED"]}
    async with streams.streaming(script, app=app, filter=chosen) as stream:
        api.portal.database.observers.append(note)
        async with asyncio.timeout(20):
            await checked.wait()
        api.portal.database.observers.remove(note)
        monkeypatch.setattr("server.http.stream_checks.CHECK_SECONDS", 600)
        if ended == "expired":
            clock.forward(seconds=2)
        elif ended == "revoked elsewhere":
            async with writing(api.portal.database) as tx:
                of_script = (tokens.c.partner_id == api.partner_id) & (tokens.c.kind == TokenKind.API)
                await execute(tx, sa.update(tokens).where(of_script).values(revoked_at=clock()))
            # The age of what was read is none of the time of day.
            clock.set_back(hours=1)
            clock.forward(seconds=4)
        else:
            (token,) = await api_tokens(api)
            await api.done("revokeApiToken", "__typename", {"apiTokenId": token["id"]})
        await api.client()

        assert await stream.end() == "UNAUTHENTICATED"


async def test_a_subscription_that_begins_with_a_remembered_viewer_is_checked_at_once(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.http.stream_checks.CHECK_SECONDS", 600)
    app = create_app(api.portal, Settings(), documents=DOCUMENTS)
    script = await new_caller(api.http, api.portal, api.partner_id, kind=TokenKind.API)
    await script.data("{ viewer { role } }")
    async with writing(api.portal.database) as tx:
        # As another process does, of whose revocations this one is not told.
        await execute(tx, sa.update(tokens).where(tokens.c.kind == TokenKind.API).values(revoked_at=clock()))
    clock.forward(seconds=4)
    await script.data("{ viewer { role } }")

    async with streams.streaming(script, app=app) as stream:
        assert await stream.end() == "UNAUTHENTICATED"


def test_a_subscription_ends_as_soon_as_a_viewer_is_forgotten() -> None:
    longest = NEW_SECONDS + CHECK_SECONDS + EVERY_SECONDS

    assert longest <= REMEMBERED_SECONDS - 0.5, "A busy process needs some time too."


async def api_tokens(api: Api) -> list[dict[str, str]]:
    found: list[dict[str, str]] = (await api.data("{ apiTokens { id } }"))["apiTokens"]
    return found
