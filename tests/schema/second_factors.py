"""People with and without a second factor, who sign in by two steps."""

from dataclasses import replace
from typing import NamedTuple
from uuid import uuid4

import httpx

from domain.access import Role
from resolvers.passwords import hash_password
from resolvers.portal import Portal
from tests.api import Api, Json
from tests.factories import App, add_app, new_caller
from tests.units import writing

PASSWORD = "correct horse"
SIGN_IN = """mutation ($input: SignInInput!) { signIn(input: $input) { token viewer { role }
    secondFactor { challenge kinds expiresAt } userErrors { code } } }"""
STATE = "{ viewer { secondFactor { enabled enabledSince required recoveryCodesLeft } user { hasSecondFactor } } }"
STOCK = "{ licenseStock { id } }"
EVENTS = "{ events { nodes { type message actor { name } } } }"


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


async def new_person(http: httpx.AsyncClient, portal: Portal, partner: int, role: Role = Role.MANAGER) -> Person:
    """Create a person of the partner, with a password and without a second factor."""
    email, password_hash = f"{uuid4()}@alfa.example", await hash_password(PASSWORD)
    return Person(await new_caller(http, portal, partner, role=role, email=email, password_hash=password_hash), email)


async def with_app(person: Person) -> App:
    """Add a confirmed app of the person."""
    async with writing(person.api.portal.database) as tx:
        return await add_app(tx, person.api.portal, person.api.partner_id, person.api.user_id)
