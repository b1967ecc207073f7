"""Tables of what expires stay bounded through a year, are deleted in batches, and by several processes at once."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from db import idempotency, rates
from db.engine import Database
from db.idempotency import Claim
from db.tables import (
    idempotency_keys,
    invitations,
    metadata,
    password_resets,
    rate_buckets,
    sign_in_attempts,
    sign_in_challenges,
    tokens,
)
from domain.access import SESSION_LIFETIME, Role, TokenKind
from domain.attempts import FORGOTTEN_AFTER
from domain.invitations import INVITATION_LIFETIME, RESET_LIFETIME, Delivery
from domain.rates import SECOND, Limit
from domain.rates import Claim as ClaimOfPoints
from domain.second_factor import CHALLENGE_LIFETIME
from resolvers.portal import Portal
from server.background import cleanup
from tests.api import Api
from tests.clock import Clock
from tests.units import fetch_all, fetch_value, insert, reading, writing

WEEKS = 52
OF_A_WEEK = 4
SESSION_DAYS = 30
_SESSION_KEPT = timedelta(days=SESSION_DAYS)


class Use(NamedTuple):
    """What one use of the portal leaves behind."""

    partner_id: int
    user_id: int
    number: int
    at: datetime

    @property
    def digest(self) -> bytes:
        """Digest that no other use has."""
        return sha256(repr((self.partner_id, self.number)).encode()).digest()

    def token(self, kind: TokenKind, lifetime: timedelta) -> Mapping[str, object]:
        """Return a token that ends after that time."""
        return {
            **self.of_user(),
            "kind": kind,
            "name": "Script",
            "prefix": "",
            "digest": sha256(self.digest + kind.value.encode()).digest(),
            "created_at": self.at,
            "expires_at": self.at + lifetime,
        }

    def of_user(self) -> Mapping[str, object]:
        """Return the columns that name the user."""
        return {"partner_id": self.partner_id, "user_id": self.user_id}


def _mark(partner_id: int) -> int:
    """Return a number of failures that tells those of a partner, whom the table does not name."""
    return 1_000 + partner_id


class Left(NamedTuple):
    """Rows of a table that a use leaves behind, and how long they stay."""

    table: sa.Table
    row: Callable[[Use], Mapping[str, object]]
    stays: timedelta
    kind: TokenKind | None = None

    @property
    def of_weeks(self) -> int:
        """The number of weeks whose rows there are at once."""
        return self.stays // timedelta(days=7) + 1


_DAY = timedelta(days=1)
LEFT = (
    Left(
        tokens,
        lambda use: use.token(TokenKind.SESSION, SESSION_LIFETIME),
        SESSION_LIFETIME + _SESSION_KEPT,
        TokenKind.SESSION,
    ),
    Left(tokens, lambda use: use.token(TokenKind.API, _DAY), _DAY + _SESSION_KEPT, TokenKind.API),
    Left(
        idempotency_keys,
        lambda use: {
            "partner_id": use.partner_id,
            "mutation": "registerClient",
            "key_digest": use.digest,
            "input_digest": use.digest,
            "created_at": use.at,
        },
        idempotency.KEPT,
    ),
    Left(
        invitations,
        lambda use: {
            "partner_id": use.partner_id,
            "email": f"{use.digest.hex()}@alfa.example",
            "name": "Ana",
            "role": Role.OPERATOR,
            "digest": use.digest,
            "delivery": Delivery.LINK,
            "created_at": use.at,
            "expires_at": use.at + INVITATION_LIFETIME,
        },
        INVITATION_LIFETIME,
    ),
    Left(
        password_resets,
        lambda use: {**use.of_user(), "digest": use.digest, "by_email": False, "expires_at": use.at + RESET_LIFETIME},
        RESET_LIFETIME,
    ),
    Left(
        sign_in_challenges,
        lambda use: {
            **use.of_user(),
            "digest": use.digest,
            "password_digest": use.digest,
            "expires_at": use.at + CHALLENGE_LIFETIME,
            "failures": 0,
        },
        CHALLENGE_LIFETIME,
    ),
    Left(
        sign_in_attempts,
        lambda use: {
            "digest": use.digest,
            "failures": _mark(use.partner_id),
            "first_failure_at": use.at,
            "last_failure_at": use.at,
        },
        FORGOTTEN_AFTER,
    ),
)
OF_BUSINESS = frozenset(
    {
        *("activations", "clients", "identities", "license_stock", "order_items", "orders", "partner_counters"),
        *("partner_price_tables", "partners", "price_table_versions", "price_tables", "price_tiers", "products"),
        *("recovery_codes", "stock_movements", "totp_secrets", "trusted_documents", "unlinked_identities", "users"),
        "webhooks",
    }
)
"""Tables that grow only with what the business has, and are kept."""

OF_OTHER_RULES = frozenset({"events", "rate_buckets", "webhook_deliveries"})
"""Tables with tests of their own: events go after so many days only if a setting says so."""


async def _use(api: Api, uses: list[Use]) -> None:
    async with writing(api.portal.database) as tx:
        for left in LEFT:
            await insert(tx, left.table, [left.row(use) for use in uses])


async def _counts(api: Api) -> list[int]:
    """Return how many rows of each kind the partner has."""
    counts = []
    for left in LEFT:
        columns = left.table.c
        is_own = (
            columns.partner_id == api.partner_id
            if "partner_id" in columns
            else columns.failures == _mark(api.partner_id)
        )
        is_of_kind = sa.true() if left.kind is None else columns.kind == left.kind
        counts.append(sa.select(sa.func.count()).select_from(left.table).where(is_own, is_of_kind).scalar_subquery())
    async with reading(api.portal.database) as connection:
        (found,) = await fetch_all(connection, sa.select(*counts))
    return [int(count) for count in found]


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no pause between transactions take the test's time."""
    monkeypatch.setattr(cleanup, "_PAUSE_SECONDS", 0)


async def test_tables_stay_bounded_through_a_year(api: Api, clock: Clock) -> None:
    before, number = await _counts(api), 0
    for _ in range(WEEKS):
        of_week = range(number, number := number + OF_A_WEEK)
        uses = [Use(api.partner_id, api.user_id, each, clock()) for each in of_week]
        await _use(api, uses)

        await cleanup.delete_expired(api.portal, session_days=SESSION_DAYS)

        counts = await _counts(api)
        for left, count, of_caller in zip(LEFT, counts, before, strict=True):
            assert OF_A_WEEK <= count <= of_caller + OF_A_WEEK * left.of_weeks, left.table
        clock.forward(days=7)


def test_each_table_is_bounded_or_of_the_business() -> None:
    bounded = {left.table.name for left in LEFT}

    assert {table.name for table in metadata.sorted_tables} == bounded | OF_BUSINESS | OF_OTHER_RULES


async def test_points_that_were_spent_are_forgotten_through_a_year(api: Api) -> None:
    limit, prefix = Limit(per_second=100, seconds=50), f"partner {api.partner_id} "
    own = sa.select(sa.func.count()).select_from(rate_buckets).where(rate_buckets.c.bucket.startswith(prefix))
    for week in range(WEEKS):
        now = week * round(timedelta(days=7).total_seconds()) * SECOND
        names = [f"{prefix}{week} {number}" for number in range(OF_A_WEEK)]
        claims = [ClaimOfPoints(name, limit.point, limit.window, limit.window) for name in names]
        async with writing(api.portal.database) as tx:
            await rates.drop_empty(tx, now=now)
            await rates.claim(tx, claims, now=now)
            assert await fetch_value(tx, own) == OF_A_WEEK


async def test_several_processes_delete_in_batches_at_once(
    api: Api, clock: Clock, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "AT_ONCE", 3)
    before = await _counts(api)
    uses = [Use(api.partner_id, api.user_id, number, clock()) for number in range(20)]
    await _use(api, uses)
    clock.forward(days=SESSION_DAYS + 1, seconds=1)
    other = Portal(Database(engine_url), api.portal.secret, now=clock, monotonic=clock.monotonic)

    await asyncio.gather(*(cleanup.delete_expired(each, session_days=SESSION_DAYS) for each in (api.portal, other) * 2))
    await other.database.close()
    await cleanup.delete_expired(api.portal, session_days=SESSION_DAYS)

    assert await _counts(api) == before


async def test_a_dead_api_token_is_kept_while_an_event_names_it(api: Api, clock: Clock) -> None:
    await api.done("createApiToken", "__typename", {"name": "Script", "permissions": ["ORDERS_READ"]})
    (token,) = (await api.data("{ apiTokens { id } }"))["apiTokens"]
    await api.done("revokeApiToken", "__typename", {"apiTokenId": token["id"]})
    clock.forward(days=SESSION_DAYS + 1)

    await cleanup.delete_expired(api.portal, session_days=SESSION_DAYS)

    of_api = tokens.c.partner_id == api.partner_id, tokens.c.kind == TokenKind.API
    async with reading(api.portal.database) as connection:
        assert await fetch_value(connection, sa.select(sa.func.count()).select_from(tokens).where(*of_api)) == 1


async def test_a_key_that_expired_can_be_claimed_before_it_is_deleted(api: Api, portal: Portal, clock: Clock) -> None:
    key = sha256(str(api.partner_id).encode()).digest()
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
