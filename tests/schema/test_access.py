"""Signing in and out over HTTP, on both engines, with a test clock."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from domain.access import ROLE_PERMISSIONS, Permission, Role, TokenKind
from resolvers.passwords import hash_password
from resolvers.portal import Portal
from tests.api import Api, Json
from tests.clock import Clock
from tests.factories import new_caller, new_partner

pytestmark = pytest.mark.usefixtures("clock")

PASSWORD = "correct horse"
SIGN_IN = """mutation ($input: SignInInput!) { signIn(input: $input) {
    token expiresAt viewer { role } userErrors { code message path } } }"""
STOCK = "{ licenseStock { id } }"
VIEWER = "{ viewer { role permissions user { id name email } partner { id name } } }"


@pytest.fixture
def email() -> str:
    return f"{uuid4()}@alfa.example"


@pytest.fixture
async def user(http: httpx.AsyncClient, portal: Portal, email: str) -> Api:
    """Operator with a password."""
    password_hash = await hash_password(PASSWORD)
    partner = await new_partner(portal)
    return await new_caller(http, portal, partner, role=Role.OPERATOR, email=email, password_hash=password_hash)


async def sign_in(anonymous: Api, email: str, password: str = PASSWORD) -> Json:
    """Return the payload of a sign-in."""
    return (await anonymous.data(SIGN_IN, input={"email": email, "password": password}))["signIn"]


async def session(anonymous: Api, email: str) -> Api:
    """Sign in, and return a caller with the session's token."""
    return replace(anonymous, token=(await sign_in(anonymous, email))["token"])


async def fail(anonymous: Api, email: str, times: int) -> None:
    for _ in range(times):
        assert (await sign_in(anonymous, email, "wrong"))["token"] is None


async def retry_after(anonymous: Api, email: str, password: str = PASSWORD) -> int:
    """Return the seconds to wait in the error of a sign-in."""
    error = await anonymous.error(SIGN_IN, input={"email": email, "password": password})
    assert error["extensions"]["code"] == "RATE_LIMITED"
    return int(error["extensions"]["retryAfter"])


@pytest.mark.usefixtures("user")
async def test_the_right_password_begins_a_session_of_twelve_hours(anonymous: Api, email: str) -> None:
    payload = await sign_in(anonymous, email)

    assert (payload["userErrors"], payload["viewer"]) == ([], {"role": "OPERATOR"})
    assert payload["expiresAt"] == "2026-11-25T00:00:00Z"


@pytest.mark.usefixtures("user")
async def test_the_email_is_taken_without_regard_to_case_and_blanks(anonymous: Api, email: str) -> None:
    payload = await sign_in(anonymous, f"  {email.upper()}\n")

    assert payload["token"] is not None


@pytest.mark.usefixtures("user")
async def test_a_wrong_password_and_an_unknown_email_answer_the_same(anonymous: Api, email: str) -> None:
    wrong = await sign_in(anonymous, email, "wrong")
    unknown = await sign_in(anonymous, f"{uuid4()}@alfa.example")

    assert wrong == unknown
    assert wrong["token"] is None
    assert [error["code"] for error in wrong["userErrors"]] == ["INVALID_CREDENTIALS"]


async def test_a_session_shows_who_is_signed_in(anonymous: Api, user: Api, email: str) -> None:
    caller = await session(anonymous, email)

    viewer = (await caller.data(VIEWER))["viewer"]

    assert viewer["role"] == "OPERATOR"
    assert viewer["permissions"] == [each.value for each in Permission if each in ROLE_PERMISSIONS[Role.OPERATOR]]
    assert viewer["user"].items() >= {"name": "Ana", "email": email}.items()
    assert viewer["partner"]["name"] == "Alfa"
    assert viewer == (await user.data(VIEWER))["viewer"]


@pytest.mark.usefixtures("user")
async def test_a_session_ends_after_twelve_hours(anonymous: Api, email: str, clock: Clock) -> None:
    caller = await session(anonymous, email)

    clock.forward(hours=12)

    assert (await caller.error(STOCK))["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await caller.data(VIEWER))["viewer"] is None


@pytest.mark.usefixtures("user")
async def test_signing_out_ends_the_session_at_once(anonymous: Api, email: str) -> None:
    caller = await session(anonymous, email)
    await caller.data(VIEWER)

    signed_out = await caller.data("mutation { signOut { signedOut } }")

    assert signed_out == {"signOut": {"signedOut": True}}
    assert (await caller.error(STOCK))["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await caller.data(VIEWER))["viewer"] is None


async def test_signing_out_without_a_session_ends_nothing(anonymous: Api, user: Api) -> None:
    script = await new_caller(user.http, user.portal, user.partner_id, kind=TokenKind.API)

    answers = [await caller.data("mutation { signOut { signedOut } }") for caller in (anonymous, script)]

    assert answers == [{"signOut": {"signedOut": False}}] * 2
    assert (await script.data(VIEWER))["viewer"] is not None


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
@pytest.mark.usefixtures("user")
async def test_five_failures_block_sign_ins_from_the_address_for_a_minute(
    anonymous: Api, email: str, clock: Clock, password: str
) -> None:
    await fail(anonymous, email, 5)

    waits = [await retry_after(anonymous, email, password)]
    clock.forward(seconds=59.5)
    waits.append(await retry_after(anonymous, email, password))
    clock.forward(seconds=0.5)
    payload = await sign_in(anonymous, email)

    assert waits == [60, 1]
    assert payload["token"] is not None


async def test_an_unknown_email_is_slowed_down_as_any_other(anonymous: Api) -> None:
    email = f"{uuid4()}@alfa.example"
    await fail(anonymous, email, 5)

    assert await retry_after(anonymous, email.upper()) == 60


async def test_the_wait_doubles_to_fifteen_minutes(anonymous: Api, email: str, clock: Clock) -> None:
    await fail(anonymous, email, 5)
    waits = [await retry_after(anonymous, email)]

    for _ in range(5):
        clock.forward(seconds=waits[-1])
        await fail(anonymous, email, 1)
        waits.append(await retry_after(anonymous, email))

    assert waits == [60, 120, 240, 480, 900, 900]


async def test_twenty_wrong_tries_at_once_get_no_more_than_five_looks(anonymous: Api, email: str) -> None:
    given = {"email": email, "password": "wrong"}

    bodies = await asyncio.gather(*(anonymous.post(SIGN_IN, input=given) for _ in range(20)))

    limited = [body["errors"][0]["extensions"]["code"] for body in bodies if "errors" in body]
    assert limited == ["RATE_LIMITED"] * 15


@pytest.mark.usefixtures("user")
async def test_a_success_forgets_the_failures(anonymous: Api, email: str) -> None:
    await fail(anonymous, email, 4)
    await sign_in(anonymous, email)

    await fail(anonymous, email, 5)

    assert await retry_after(anonymous, email) == 60


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": " \n"}, "email"),
        ({"email": "a\0@alfa.example"}, "email"),
        ({"email": "a\ud800@alfa.example"}, "email"),
        ({"email": "a" * 255}, "email"),
        ({"password": ""}, "password"),
        ({"password": "a\0"}, "password"),
        ({"password": "a\udfff"}, "password"),
        ({"password": "a" * 1001}, "password"),
    ],
)
async def test_what_no_user_can_have_is_refused_by_its_field(anonymous: Api, given: dict[str, str], field: str) -> None:
    body = await anonymous.data(SIGN_IN, input={"email": "ana@alfa.example", "password": PASSWORD} | given)

    (error,) = body["signIn"]["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID_INPUT", [field])
