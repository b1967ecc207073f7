"""Second factors: enrolled, confirmed, and asked for by each sign-in; over HTTP, on both engines, with a test clock."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from pyotp import TOTP, parse_uri

from db import users
from domain.access import TokenKind
from resolvers.passwords import hash_password
from resolvers.portal import Portal
from server.app import create_app
from server.graphql.documents import Documents
from server.settings import Settings
from tests.api import Api, address
from tests.clock import Clock
from tests.factories import App, new_caller, new_partner
from tests.schema.second_factors import (
    EVENTS,
    PASSWORD,
    STATE,
    Person,
    new_person,
    with_app,
)
from tests.units import writing


@pytest.fixture
async def person(http: httpx.AsyncClient, portal: Portal, clock: Clock) -> Person:
    """Manager with a password and without a second factor."""
    del clock
    return await new_person(http, portal, await new_partner(portal))


@pytest.fixture
async def app(person: Person) -> App:
    """Confirmed app of the person."""
    return await with_app(person)


@pytest.fixture
async def elsewhere(portal: Portal, documents: Documents) -> AsyncIterator[Api]:
    """Caller without a token, of another network."""
    transport = httpx.ASGITransport(create_app(portal, Settings(), documents=documents), client=(address(), 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        yield Api(http, portal)


async def test_a_user_enrolls_confirms_and_signs_in_by_two_steps(person: Person, clock: Clock) -> None:
    enrolled = await person.api.done("enrollTotp", "secret uri", {"password": PASSWORD})
    app = App(enrolled["secret"], ())
    totp = parse_uri(enrolled["uri"])
    assert isinstance(totp, TOTP)
    assert (totp.secret, totp.name, totp.issuer) == (enrolled["secret"], person.email, "Moderniza")
    assert (await person.sign_in())["token"]
    confirmed = await person.api.done(
        "confirmTotp", "recoveryCodes viewer { secondFactor { enabled } }", {"code": app.code(clock.now)}
    )
    assert confirmed["viewer"] == {"secondFactor": {"enabled": True}}
    assert len(set(confirmed["recoveryCodes"])) == 10

    first = await person.sign_in()

    assert first["token"] is first["viewer"] is None
    assert first["userErrors"] == []
    assert first["secondFactor"]["kinds"] == ["TOTP", "RECOVERY_CODE"]
    assert first["secondFactor"]["expiresAt"] == "2026-11-24T12:05:00Z"
    clock.forward(seconds=30)
    second = await replace(person.api, token=None).done(
        "confirmSignIn",
        "token expiresAt viewer { role }",
        {
            "challenge": first["secondFactor"]["challenge"],
            "code": f" {app.code(clock.now)[:3]} {app.code(clock.now)[3:]}",
        },
    )
    assert second["viewer"] == {"role": "MANAGER"}
    signed_in = replace(person.api, token=second["token"])
    assert (await signed_in.data(STATE))["viewer"] == {
        "secondFactor": {
            "enabled": True,
            "enabledSince": "2026-11-24T12:00:00Z",
            "required": False,
            "recoveryCodesLeft": 10,
        },
        "user": {"hasSecondFactor": True},
    }
    assert (await signed_in.data("mutation { renewSession { token } }"))["renewSession"]["token"]
    assert (await person.api.data(EVENTS))["events"]["nodes"] == [
        {"type": "SECOND_FACTOR_ENABLED", "message": "Ana: two-step verification turned on.", "actor": {"name": "Ana"}}
    ]


async def test_confirming_an_app_ends_the_sessions_of_the_password_alone(person: Person, clock: Clock) -> None:
    other = replace(person.api, token=(await person.sign_in())["token"])
    script = replace(
        person.api,
        token=(await person.api.done("createApiToken", "secret", {"name": "s", "permissions": ["ORDERS_READ"]}))[
            "secret"
        ],
    )
    await other.data("{ products { id } }")
    app = App((await person.api.done("enrollTotp", "secret", {"password": PASSWORD}))["secret"], ())

    await person.api.done("confirmTotp", "recoveryCodes", {"code": app.code(clock.now)})

    assert (await other.error("{ products { id } }"))["extensions"]["code"] == "UNAUTHENTICATED"
    await script.data("{ products { id } }")
    await person.api.data("{ products { id } }")


async def test_an_app_is_confirmed_within_a_quarter_of_an_hour(person: Person, clock: Clock) -> None:
    app = App((await person.api.done("enrollTotp", "secret", {"password": PASSWORD}))["secret"], ())

    clock.forward(minutes=15)

    assert await person.api.codes("confirmTotp", {"code": app.code(clock.now)}) == ["SECOND_FACTOR_NOT_ENABLED"]


async def test_enrolling_needs_the_password_and_a_session(person: Person, clock: Clock) -> None:
    script = await new_caller(person.api.http, person.api.portal, person.api.partner_id, kind=TokenKind.API)

    assert await person.api.codes("enrollTotp", {"password": "wrong"}) == ["INVALID_CREDENTIALS"]
    assert await script.codes("enrollTotp", {"password": PASSWORD}) == ["SESSION_REQUIRED"]
    assert await person.api.codes("confirmTotp", {"code": "12345"}) == ["SECOND_FACTOR_NOT_ENABLED"]
    old = await person.api.done("enrollTotp", "secret", {"password": PASSWORD})
    new = await person.api.done("enrollTotp", "secret", {"password": PASSWORD})
    assert await person.api.codes("confirmTotp", {"code": App(old["secret"], ()).code(clock.now)}) == ["INVALID_CODE"]
    code = App(new["secret"], ()).code(clock.now)
    assert await person.api.codes("confirmTotp", {"code": code}) == []
    assert await person.api.codes("confirmTotp", {"code": code}) == ["SECOND_FACTOR_ENABLED"]
    assert await person.api.codes("enrollTotp", {"password": PASSWORD}) == ["SECOND_FACTOR_ENABLED"]
    # The code that confirmed the app starts no session.
    assert await person.confirm(await person.challenge(), code) == "INVALID_CODE"


async def test_a_code_and_a_challenge_work_once(person: Person, app: App, clock: Clock) -> None:
    one, another = await person.challenge(), await person.challenge()

    assert await person.confirm(one, app.code(clock.now)) == ""
    assert await person.confirm(another, app.code(clock.now)) == "INVALID_CODE"
    assert await person.confirm(one, app.code(clock.now, later=1)) == "SIGN_IN_EXPIRED"
    assert await person.confirm(another, app.code(clock.now, later=-1)) == "INVALID_CODE"
    assert await person.confirm(another, app.code(clock.now, later=1)) == ""


async def test_one_code_at_once_for_several_challenges_works_once(person: Person, app: App, clock: Clock) -> None:
    challenges = [await person.challenge() for _ in range(4)]

    codes = await asyncio.gather(*(person.confirm(each, app.code(clock.now)) for each in challenges))

    assert sorted(codes) == ["", *["INVALID_CODE"] * 3]


async def test_one_recovery_code_at_once_for_several_challenges_works_once(person: Person, app: App) -> None:
    challenges = [await person.challenge() for _ in range(4)]
    typed = app.recovery_codes[3].replace("-", " ").lower().replace("0", "o").replace("1", "l")

    codes = await asyncio.gather(*(person.confirm(each, typed) for each in challenges))

    assert sorted(codes) == ["", *["INVALID_CODE"] * 3]
    assert (await person.api.data(STATE))["viewer"]["secondFactor"]["recoveryCodesLeft"] == 9
    assert [each["type"] for each in (await person.api.data(EVENTS))["events"]["nodes"]] == ["RECOVERY_CODE_USED"]


async def test_two_codes_at_once_answer_one_challenge_once(person: Person, app: App, clock: Clock) -> None:
    challenge = await person.challenge()

    codes = await asyncio.gather(
        person.confirm(challenge, app.code(clock.now)), person.confirm(challenge, app.recovery_codes[0])
    )

    assert sorted(codes) == ["", "SIGN_IN_EXPIRED"]


async def test_five_wrong_codes_void_a_challenge(person: Person, app: App, clock: Clock, elsewhere: Api) -> None:
    challenge = await person.challenge()

    assert {await person.confirm(challenge, "12345") for _ in range(5)} == {"INVALID_CODE"}

    assert await person.confirm(challenge, app.code(clock.now), caller=elsewhere) == "SIGN_IN_EXPIRED"
    another = await person.challenge()
    # The user's codes are counted beyond the challenge, as passwords are.
    assert await person.confirm(another, app.code(clock.now)) == "RATE_LIMITED"
    assert await person.confirm(another, app.code(clock.now), caller=elsewhere) == ""


async def test_a_challenge_ends_after_five_minutes_or_with_another_password(
    person: Person, app: App, clock: Clock
) -> None:
    late, of_old_password = await person.challenge(), await person.challenge()
    async with writing(person.api.portal.database) as tx:
        new = await hash_password(PASSWORD)
        await users.update(tx, person.api.partner_id, person.api.user_id, {"password_hash": new})

    assert await person.confirm(of_old_password, app.code(clock.now)) == "SIGN_IN_EXPIRED"
    assert await person.confirm("unknown", app.code(clock.now)) == "SIGN_IN_EXPIRED"
    clock.forward(minutes=5)
    assert await person.confirm(late, app.code(clock.now)) == "SIGN_IN_EXPIRED"
