"""Second factors: enrolled, confirmed, and asked for by each sign-in; over HTTP, on both engines, with a test clock."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from pyotp import TOTP, parse_uri
from structlog.testing import capture_logs

from db import users
from db.tables import recovery_codes, sign_in_challenges, totp_secrets
from domain.access import Role, TokenKind
from resolvers import ids, passwords
from resolvers.passwords import hash_password
from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests.api import Api, Json, address
from tests.clock import Clock
from tests.factories import App, add_app, new_caller, new_partner
from tests.units import execute, fetch_all, reading, writing

PASSWORD = "correct horse"
SIGN_IN = """mutation ($input: SignInInput!) { signIn(input: $input) { token viewer { role }
    secondFactor { challenge kinds expiresAt } userErrors { code } } }"""
STATE = "{ viewer { secondFactor { enabled enabledSince required recoveryCodesLeft } user { hasSecondFactor } } }"
STOCK = "{ licenseStock { id } }"
EVENTS = "{ events { nodes { type message actor { name } } } }"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with the least work that argon2 allows."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(passwords, "_DECOY_HASH", passwords._decoy_hash())  # noqa: SLF001 — it costs as little then.


class Person(NamedTuple):
    """User with a session, a password and an e-mail address."""

    api: Api
    email: str

    async def sign_in(self, password: str = PASSWORD) -> Json:
        """Return the payload of a sign-in."""
        given = {"email": self.email, "password": password}
        return (await replace(self.api, token=None).data(SIGN_IN, input=given))["signIn"]

    async def challenge(self) -> str:
        """Return the challenge of a new sign-in."""
        return str((await self.sign_in())["secondFactor"]["challenge"])

    async def confirm(self, challenge: str, code: str, *, caller: Api | None = None) -> str:
        """Return the code of the answer to the second step; an empty text if it starts a session."""
        return await answered(caller or replace(self.api, token=None), challenge, code)


async def answered(caller: Api, challenge: str, code: str) -> str:
    """Confirm a sign-in, and return the code of the refusal or error; an empty text if it starts a session."""
    query = """mutation ($input: ConfirmSignInInput!) { confirmSignIn(input: $input) { token userErrors { code } } }"""
    body = await caller.post(query, input={"challenge": challenge, "code": code})
    if "errors" in body:
        return str(body["errors"][0]["extensions"]["code"])
    payload = body["data"]["confirmSignIn"]
    assert (payload["token"] is None) is bool(payload["userErrors"])
    return "".join(error["code"] for error in payload["userErrors"])


@pytest.fixture
async def person(http: httpx.AsyncClient, portal: Portal, clock: Clock) -> Person:
    """Manager with a password and without a second factor."""
    del clock
    return await new_person(http, portal, await new_partner(portal))


async def new_person(http: httpx.AsyncClient, portal: Portal, partner: int, role: Role = Role.MANAGER) -> Person:
    email, password_hash = f"{uuid4()}@alfa.example", await hash_password(PASSWORD)
    return Person(await new_caller(http, portal, partner, role=role, email=email, password_hash=password_hash), email)


async def with_app(person: Person) -> App:
    """Add a confirmed app of the person."""
    async with writing(person.api.portal.database) as tx:
        return await add_app(tx, person.api.portal, person.api.partner_id, person.api.user_id)


@pytest.fixture
async def app(person: Person) -> App:
    """Confirmed app of the person."""
    return await with_app(person)


@pytest.fixture
async def elsewhere(portal: Portal) -> AsyncIterator[Api]:
    """Caller without a token, of another network."""
    transport = httpx.ASGITransport(create_app(portal, Settings()), client=(address(), 1))
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


async def test_the_second_factor_is_turned_off_by_password_or_code(person: Person, app: App, clock: Clock) -> None:
    nothing = await person.api.codes("disableTotp", {})
    both = await person.api.codes("disableTotp", {"password": PASSWORD, "code": app.code(clock.now)})
    assert nothing == both == ["INVALID_INPUT"]
    assert await person.api.codes("disableTotp", {"password": "wrong"}) == ["INVALID_CREDENTIALS"]
    assert await person.api.codes("disableTotp", {"code": "000"}) == ["INVALID_CODE"]
    challenge = await person.challenge()

    off = await person.api.done(
        "disableTotp", "viewer { secondFactor { enabled recoveryCodesLeft } }", {"code": app.recovery_codes[0]}
    )

    assert off["viewer"] == {"secondFactor": {"enabled": False, "recoveryCodesLeft": 0}}
    assert await person.confirm(challenge, app.code(clock.now)) == "SIGN_IN_EXPIRED"
    assert (await person.sign_in())["token"]
    types = [each["type"] for each in (await person.api.data(EVENTS))["events"]["nodes"]]
    assert types == ["RECOVERY_CODE_USED", "SECOND_FACTOR_DISABLED"]
    for given in ({"password": PASSWORD}, {"code": app.code(clock.now)}):
        assert await person.api.codes("disableTotp", given) == ["SECOND_FACTOR_NOT_ENABLED"]
    await with_app(person)
    assert await person.api.codes("disableTotp", {"password": PASSWORD}) == []


@pytest.mark.edge
async def test_codes_with_hidden_characters_are_refused_by_their_field(person: Person) -> None:
    for text in ("123\u200b456", " ", "9" * 101):
        for name, given in (("confirmTotp", {}), ("disableTotp", {}), ("confirmSignIn", {"challenge": "x"})):
            payload = await person.api.mutate(name, "__typename", given | {"code": text})
            assert [error["path"] for error in payload["userErrors"]] == [["code"]]


async def test_new_recovery_codes_void_the_old_ones(person: Person, app: App) -> None:
    renewed = await person.api.done("renewRecoveryCodes", "recoveryCodes", {"password": PASSWORD})

    assert len(set(renewed["recoveryCodes"]) - set(app.recovery_codes)) == 10
    challenge = await person.challenge()
    assert await person.confirm(challenge, app.recovery_codes[0]) == "INVALID_CODE"
    assert await person.confirm(challenge, renewed["recoveryCodes"][9]) == ""


async def test_those_who_manage_users_reset_the_second_factor_of_others(
    person: Person, app: App, vendor: Api, other_api: Api
) -> None:
    del app
    api, given = person.api, {"userId": ids.encode("User", person.api.user_id)}
    colleague = await new_caller(api.http, api.portal, api.partner_id)
    operator = await new_caller(api.http, api.portal, api.partner_id, role=Role.OPERATOR)
    query = "query ($id: ID!) { node(id: $id) { ... on User { hasSecondFactor } } }"

    seen = [(await each.data(query, id=given["userId"]))["node"] for each in (colleague, operator, vendor, other_api)]
    assert seen == [{"hasSecondFactor": True}, {"hasSecondFactor": None}, {"hasSecondFactor": True}, None]
    assert await api.codes("resetSecondFactor", given) == ["OWN_USER"]
    assert await other_api.codes("resetSecondFactor", given) == ["NOT_FOUND"]
    assert await colleague.codes("resetSecondFactor", given) == []

    assert (await person.sign_in())["token"]
    await with_app(person)
    on_behalf = given | {"partnerId": ids.encode("Partner", api.partner_id)}
    done = await vendor.done("resetSecondFactor", "user { hasSecondFactor }", on_behalf)
    assert done["user"] == {"hasSecondFactor": False}
    assert await vendor.codes("resetSecondFactor", on_behalf) == []
    happened = (await api.data("{ events { nodes { type user { id } actor { id } } } }"))["events"]["nodes"]
    assert [(each["type"], each["user"]["id"], each["actor"]["id"]) for each in happened] == [
        ("SECOND_FACTOR_DISABLED", given["userId"], ids.encode("User", by.user_id)) for by in (colleague, vendor)
    ]


async def test_a_required_second_factor_is_enrolled_before_anything_else(
    person: Person, vendor: Api, clock: Clock
) -> None:
    api = person.api
    script = await new_caller(api.http, api.portal, api.partner_id, kind=TokenKind.API)
    await api.data(STOCK)
    given = {"partnerId": ids.encode("Partner", api.partner_id), "secondFactorRequired": True}
    done = await vendor.done("setPartnerPolicy", "partner { policy { secondFactorRequired } }", given)
    assert done["partner"] == {"policy": {"secondFactorRequired": True}}
    clock.forward(seconds=5)

    for query in (
        STOCK,
        "{ partners { nodes { name } } }",
        '{ node(id: "UGFydG5lcjox") { id } }',
        "{ viewer { partner { clients { totalCount } } } }",
        "{ viewer { partner { contacts { name } } } }",
        "mutation { disableTotp(input: {}) { userErrors { code } } }",
    ):
        error = await api.error(query)
        assert error["extensions"]["code"] == "SECOND_FACTOR_REQUIRED"
        assert "authenticator app" in error["message"]
    signed_in = replace(api, token=(await person.sign_in())["token"])
    seen = await signed_in.data("{ viewer { permissions secondFactor { required } user { name } partner { name } } }")
    assert (seen["viewer"]["permissions"], seen["viewer"]["secondFactor"]) == ([], {"required": True})
    assert await script.data(STOCK)

    enrolled = await signed_in.done("enrollTotp", "secret", {"password": PASSWORD})
    code = App(enrolled["secret"], ()).code(clock.now)
    confirmed = await signed_in.done("confirmTotp", "viewer { permissions }", {"code": code})
    assert "ORDERS_APPROVE" in confirmed["viewer"]["permissions"]
    assert await signed_in.data(STOCK)
    assert (await api.error(STOCK))["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_setting_requires_a_second_factor_of_the_vendors_users(vendor: Api, person: Person) -> None:
    portal = vendor.portal
    portal.vendor_second_factor = True

    assert (await vendor.error("{ partners { nodes { id } } }"))["extensions"]["code"] == "SECOND_FACTOR_REQUIRED"
    assert (await vendor.data(STATE))["viewer"]["secondFactor"]["required"] is True
    assert await person.api.data(STOCK)
    async with writing(portal.database) as tx:
        await add_app(tx, portal, vendor.partner_id, vendor.user_id)
    portal.viewers.forget_user(vendor.partner_id, vendor.user_id)
    assert await vendor.data("{ partners(first: 1) { nodes { id } } }")


async def test_secrets_are_neither_stored_in_clear_nor_logged(person: Person, clock: Clock) -> None:
    with capture_logs() as logs:
        enrolled = await person.api.done("enrollTotp", "secret uri", {"password": PASSWORD})
        code = App(enrolled["secret"], ()).code(clock.now)
        confirmed = await person.api.done("confirmTotp", "recoveryCodes", {"code": code})
        challenge = await person.challenge()
        await person.confirm(challenge, "12345")
        await person.confirm(challenge, confirmed["recoveryCodes"][0])

    async with reading(person.api.portal.database) as connection:
        tables = (totp_secrets, recovery_codes, sign_in_challenges)
        rows = [await fetch_all(connection, sa.select(table)) for table in tables]
    stored = b"".join(value for table in rows for row in table for value in row if isinstance(value, bytes))
    codes = confirmed["recoveryCodes"]
    for secret in (enrolled["secret"], code, challenge, *codes, *(each.replace("-", "") for each in codes)):
        assert secret not in str(logs)
        assert secret.encode() not in stored
    assert [each["event"] for each in logs if each["event"] != "request"] == [
        "second step begun",
        "second step failed",
        "sign-in succeeded",
    ]


async def test_a_secret_of_another_user_or_key_gives_no_session(person: Person, app: App, clock: Clock) -> None:
    portal = person.api.portal
    other = await new_person(person.api.http, portal, person.api.partner_id)
    await with_app(other)
    mine = totp_secrets.c.user_id == person.api.user_id
    async with writing(portal.database) as tx:
        sealed = (await fetch_all(tx, sa.select(totp_secrets.c.sealed).where(mine)))[0][0]
        copied = sa.update(totp_secrets).where(totp_secrets.c.user_id == other.api.user_id).values(sealed=sealed)
        await execute(tx, copied)
    challenge = await other.challenge()

    assert await other.confirm(challenge, app.code(clock.now)) == "INVALID_CODE"
    portal.secret = b"another secret of thirty-two byte"
    assert await person.confirm(await person.challenge(), app.code(clock.now)) == "INVALID_CODE"
