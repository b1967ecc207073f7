"""Tables of what expires stay bounded through a year, are deleted in batches, and by several processes at once."""

import asyncio
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
import sqlalchemy as sa

from db import access, attempts, idempotency
from db.access import NewToken
from db.engine import Transaction
from db.idempotency import Claim
from db.tables import idempotency_keys, sign_in_attempts, tokens
from domain.access import SESSION_LIFETIME, TokenKind
from domain.attempts import FORGOTTEN_AFTER, Failures
from resolvers.portal import Portal
from server.background import cleanup
from tests.api import Api
from tests.clock import Clock
from tests.units import fetch_all, fetch_value, reading, writing

WEEKS = 52
OF_A_WEEK = 4
SESSION_DAYS = 30

KEYS_MAX = OF_A_WEEK
"""Keys and failures are kept for a day."""

SESSIONS_MAX = OF_A_WEEK * (SESSION_DAYS // 7 + 1)


def _digest(name: str, *of: object) -> bytes:
    return sha256(repr((name, *of)).encode()).digest()


async def _use(tx: Transaction, api: Api, number: int, at: datetime) -> None:
    """Begin a session, use an idempotency key, and fail to sign in."""
    session = NewToken(
        api.user_id,
        TokenKind.SESSION,
        "",
        "pps",
        _digest("session", api.partner_id, number),
        None,
        at + SESSION_LIFETIME,
    )
    await access.add_token(tx, api.partner_id, session, at=at)
    key = _digest("key", api.partner_id, number)
    await idempotency.claim(tx, Claim(api.partner_id, "registerClient", key, key), at=at)
    failed = _failed(api, number)
    await attempts.locked(tx, [failed], at=at)
    await attempts.record(tx, {failed: Failures(1, at, at)})


def _failed(api: Api, number: int) -> bytes:
    return _digest("failed", api.partner_id, number)


async def _counts(api: Api, uses: int) -> tuple[int, int, int]:
    of_sessions = tokens.c.partner_id == api.partner_id, tokens.c.kind == TokenKind.SESSION
    of_keys = idempotency_keys.c.partner_id == api.partner_id
    async with reading(api.portal.database) as connection:
        sessions, keys = [
            int(await fetch_value(connection, sa.select(sa.func.count()).select_from(table).where(*where)))
            for table, where in ((tokens, of_sessions), (idempotency_keys, (of_keys,)))
        ]
        digests = {digest for (digest,) in await fetch_all(connection, sa.select(sign_in_attempts.c.digest))}
    return sessions, keys, len(digests.intersection(_failed(api, number) for number in range(uses)))


async def test_tables_stay_bounded_through_a_year(api: Api, clock: Clock) -> None:
    (of_caller, _, _), uses = await _counts(api, 0), 0
    for _ in range(WEEKS):
        async with writing(api.portal.database) as tx:
            for _ in range(OF_A_WEEK):
                await _use(tx, api, uses, clock())
                uses += 1

        await cleanup.delete_expired(api.portal, session_days=SESSION_DAYS)

        sessions, keys, failures = await _counts(api, uses)
        assert sessions <= of_caller + SESSIONS_MAX
        assert max(keys, failures) <= KEYS_MAX
        clock.forward(days=7)

    assert uses == WEEKS * OF_A_WEEK


async def test_several_processes_delete_in_batches_at_once(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "AT_ONCE", 3)
    uses = 20
    async with writing(api.portal.database) as tx:
        for number in range(uses):
            await _use(tx, api, number, clock())
    clock.forward(days=SESSION_DAYS + 1)

    await asyncio.gather(*(cleanup.delete_expired(api.portal, session_days=SESSION_DAYS) for _ in range(3)))
    await cleanup.delete_expired(api.portal, session_days=SESSION_DAYS)

    assert (await _counts(api, uses))[1:] == (0, 0)


async def test_a_key_that_expired_can_be_claimed_before_it_is_deleted(api: Api, portal: Portal, clock: Clock) -> None:
    key = _digest("again", api.partner_id)
    first, second = (Claim(api.partner_id, "registerClient", key, bytes([number])) for number in (1, 2))
    async with writing(portal.database) as tx:
        await idempotency.claim(tx, first, at=clock())
        await idempotency.complete(tx, first, "[1]")
    clock.forward(seconds=(idempotency.KEPT - timedelta(seconds=1)).total_seconds())
    async with writing(portal.database) as tx:
        recorded = await idempotency.claim(tx, first, at=clock())
        clock.forward(seconds=1)
        known = await idempotency.recorded(tx, [first], at=clock())
        claimed_again = await idempotency.claim(tx, second, at=clock())

    assert (known, claimed_again) == ({}, None)
    assert recorded is not None
    assert recorded.outcome == "[1]"
    assert FORGOTTEN_AFTER == idempotency.KEPT
