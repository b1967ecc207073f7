"""Passwords in other forms of Unicode, over HTTP on both engines: keyboards differ in how they compose a letter."""

import unicodedata
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from resolvers import passwords
from resolvers.portal import Portal
from tests.api import Api, From, Json, address
from tests.factories import new_caller, new_partner

PASSWORD = "Maçã-verão-côrtes-São-João-77"
DECOMPOSED = unicodedata.normalize("NFD", PASSWORD)
WRONG = unicodedata.normalize("NFD", "pão com maçã e côco")
OLD = "correct horse battery"
SIGN_IN = """mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }"""
CHANGE = """mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { userErrors { path message } } }"""

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def email() -> str:
    return f"{uuid4()}@alfa.example"


async def user_with(http: httpx.AsyncClient, portal: Portal, email: str, password_hash: str) -> Api:
    return await new_caller(http, portal, await new_partner(portal), email=email, password_hash=password_hash)


@pytest.fixture
async def user(http: httpx.AsyncClient, portal: Portal, email: str) -> Api:
    return await user_with(http, portal, email, await passwords.hash_password(OLD))


async def answered(caller: Api, email: str, password: str) -> str:
    """Return the code of a sign-in's answer; an empty text if it starts a session."""
    body: Json = await caller.post(SIGN_IN, input={"email": email, "password": password})
    if "errors" in body:
        return str(body["errors"][0]["extensions"]["code"])
    return "".join(error["code"] for error in body["data"]["signIn"]["userErrors"])


async def change(user: Api, new: str) -> list[Json]:
    given = {"currentPassword": OLD, "newPassword": new}
    errors: list[Json] = (await user.data(CHANGE, input=given))["changePassword"]["userErrors"]
    return errors


@pytest.mark.parametrize("chosen", [PASSWORD, DECOMPOSED], ids=["composed", "decomposed"])
async def test_a_password_is_the_same_however_its_letters_are_composed(
    user: Api, anonymous: Api, email: str, chosen: str
) -> None:
    assert await change(user, chosen) == []

    assert [await answered(anonymous, email, typed) for typed in (PASSWORD, DECOMPOSED, PASSWORD.lower())] == [
        "",
        "",
        "INVALID_CREDENTIALS",
    ]


async def test_a_password_that_was_hashed_as_typed_keeps_working(
    http: httpx.AsyncClient, portal: Portal, email: str, caller_from: From
) -> None:
    hashed = passwords._hasher.hash(DECOMPOSED)  # noqa: SLF001 — it hashes the text as it is.
    await user_with(http, portal, email, hashed)
    caller = caller_from(address())

    # No try of the right one is counted, or the network would have to wait after 50.
    assert {await answered(caller, email, DECOMPOSED) for _ in range(27)} == {""}
    assert await answered(caller, email, PASSWORD) == "INVALID_CREDENTIALS"


@pytest.mark.usefixtures("user")
async def test_a_wrong_password_with_two_forms_counts_as_two_tries(caller_from: From, email: str) -> None:
    caller = caller_from(address())

    codes = [await answered(caller, email, WRONG) for _ in range(4)]

    assert codes == ["INVALID_CREDENTIALS"] * 3 + ["RATE_LIMITED"]


async def test_the_characters_of_a_composed_password_are_counted(user: Api) -> None:
    eight = unicodedata.normalize("NFD", "ãçéõúôíâ")

    (error,) = await change(replace(user, language="en"), eight)

    assert error == {"path": ["newPassword"], "message": "The password must have 12 to 1,000 characters."}


@pytest.mark.parametrize(
    "common",
    ["ｐａｓｓｗｏｒｄ１２３４", "passwórd1234", "pássẃórd1234", "pass\u200bword1234"],  # noqa: RUF001 — wide letters.
)
async def test_a_common_password_in_other_letters_is_refused(user: Api, common: str) -> None:
    (error,) = await change(replace(user, language="en"), common)

    assert error["message"].startswith("This password is easy to guess.")
