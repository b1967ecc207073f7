"""End and renewal of sessions; over HTTP, on both engines, with a test clock."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.access import TokenKind
from tests.api import Api, Json
from tests.clock import Clock
from tests.factories import new_caller

RENEW = "mutation { renewSession { token expiresAt viewer { role sessionExpiresAt } userErrors { code message } } }"
STOCK = "{ licenseStock { id } }"
ENDS = "{ viewer { sessionExpiresAt } }"


async def renewed(caller: Api) -> Json:
    """Renew the session, and return the payload."""
    return (await caller.data(RENEW))["renewSession"]


@pytest.fixture
async def caller(api: Api, clock: Clock) -> Api:
    """User with a session of twelve hours."""
    return await new_caller(api.http, api.portal, api.partner_id, expires_at=clock.now + timedelta(hours=12))


async def test_a_session_says_when_it_ends(caller: Api) -> None:
    assert (await caller.data(ENDS))["viewer"] == {"sessionExpiresAt": "2026-11-25T00:00:00Z"}


async def test_an_api_token_is_no_session_that_ends(api: Api, clock: Clock) -> None:
    ends = clock.now + timedelta(hours=1)
    script = await new_caller(api.http, api.portal, api.partner_id, kind=TokenKind.API, expires_at=ends)

    assert (await script.data(ENDS))["viewer"] == {"sessionExpiresAt": None}


async def test_a_renewal_adds_twelve_hours_and_ends_the_old_session(caller: Api, clock: Clock) -> None:
    await caller.data(STOCK)
    clock.forward(hours=11)

    payload = await renewed(caller)

    assert payload["expiresAt"] == payload["viewer"]["sessionExpiresAt"] == "2026-11-25T11:00:00Z"
    assert (await caller.error(STOCK))["extensions"]["code"] == "UNAUTHENTICATED"
    clock.forward(hours=11)
    assert await replace(caller, token=payload["token"]).data(STOCK)


async def test_no_session_is_renewed_past_thirty_days_after_the_sign_in(caller: Api, clock: Clock) -> None:
    for _ in range(59):
        clock.forward(hours=12, seconds=-1)
        caller = replace(caller, token=(await renewed(caller))["token"])
    clock.forward(hours=11)

    payload = await renewed(caller)

    assert payload["expiresAt"] == "2026-12-24T12:00:00Z"
    clock.now = clock.now.replace(month=12, day=24, hour=12, minute=0, second=0)
    assert (await replace(caller, token=payload["token"]).error(RENEW))["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_session_that_has_ended_is_not_renewed(caller: Api, clock: Clock) -> None:
    clock.forward(hours=12)

    assert (await caller.error(RENEW))["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_session_that_was_renewed_is_not_renewed_again(caller: Api) -> None:
    await renewed(caller)

    assert (await caller.error(RENEW))["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_api_token_is_not_renewed(api: Api) -> None:
    script = await new_caller(api.http, api.portal, api.partner_id, kind=TokenKind.API)

    payload = await renewed(script)

    assert [error["code"] for error in payload["userErrors"]] == ["SESSION_REQUIRED"]
    assert payload["token"] is payload["expiresAt"] is payload["viewer"] is None
    assert await script.data(STOCK)
