"""Second factors: turned off, reset and required, and what is stored of them; over HTTP, on both engines."""

from dataclasses import replace

import httpx
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from db.tables import recovery_codes, sign_in_challenges, totp_secrets
from domain.access import Role, TokenKind
from resolvers import ids
from resolvers.portal import Portal
from tests.api import Api
from tests.clock import Clock
from tests.factories import App, add_app, new_caller, new_partner
from tests.schema.second_factors import (
    EVENTS,
    PASSWORD,
    STATE,
    STOCK,
    Person,
    new_person,
    with_app,
)
from tests.units import execute, fetch_all, reading, writing


@pytest.fixture
async def person(http: httpx.AsyncClient, portal: Portal, clock: Clock) -> Person:
    """Manager with a password and without a second factor."""
    del clock
    return await new_person(http, portal, await new_partner(portal))


@pytest.fixture
async def app(person: Person) -> App:
    """Confirmed app of the person."""
    return await with_app(person)


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


async def test_what_no_proof_would_change_is_no_failed_try(person: Person, clock: Clock) -> None:
    tries = [("disableTotp", {"password": PASSWORD}), ("renewRecoveryCodes", {"password": PASSWORD})]
    for _ in range(3):
        for name, given in tries:
            assert await person.api.codes(name, given) == ["SECOND_FACTOR_NOT_ENABLED"]
        assert await person.api.codes("confirmTotp", {"code": "000000"}) == ["SECOND_FACTOR_NOT_ENABLED"]
    assert (await person.sign_in())["token"]

    app = await with_app(person)
    for _ in range(6):
        assert await person.api.codes("enrollTotp", {"password": PASSWORD}) == ["SECOND_FACTOR_ENABLED"]
        assert await person.api.codes("confirmTotp", {"code": "000000"}) == ["SECOND_FACTOR_ENABLED"]
    assert await person.confirm(await person.challenge(), app.code(clock.now)) == ""


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


async def test_a_sign_in_that_waits_for_a_code_ends_with_the_sessions(
    person: Person, app: App, clock: Clock, http: httpx.AsyncClient, portal: Portal
) -> None:
    manager = await new_caller(http, portal, person.api.partner_id)
    user = {"userId": ids.encode("User", person.api.user_id)}
    before = await person.challenge()
    assert await manager.codes("deactivateUser", user) == []
    assert await manager.codes("reactivateUser", user) == []
    later = await person.challenge()
    assert await manager.codes("signOutEverywhere", user) == []

    codes = [await person.confirm(each, app.code(clock.now)) for each in (before, later)]

    assert codes == ["SIGN_IN_EXPIRED", "SIGN_IN_EXPIRED"]


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
