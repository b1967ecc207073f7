"""Checks and estimates of passwords wait in queues of their own, which a request leaves when it ends, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from domain.access import Role
from domain.errors import Unavailable
from resolvers import ids, passwords
from resolvers.passwords import SignInQueue, hash_password
from resolvers.portal import Portal
from server.app import create_app
from server.graphql.documents import Documents
from server.settings import Settings
from tests.api import Api, Json, transport
from tests.factories import new_caller

SHORT = 0.3
PASSWORD, NEW, WRONG = "correct horse battery", "um jardim de girassóis", "wrong wrong wrong"
SIGN_IN = """mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }"""
CHANGE = """mutation ($input: ChangePasswordInput!) { changePassword(input: $input) {
    userErrors { code path } } }"""
RESET = """mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { userErrors { code } } }"""
ACCEPT = """mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
    token userErrors { code } } }"""


@pytest.fixture
def email() -> str:
    return f"{uuid4()}@alfa.example"


@pytest.fixture
async def user(http: httpx.AsyncClient, portal: Portal, api: Api, email: str) -> Api:
    """Viewer with a password."""
    password_hash = await hash_password(PASSWORD)
    return await new_caller(http, portal, api.partner_id, role=Role.VIEWER, email=email, password_hash=password_hash)


@asynccontextmanager
async def held(threads: asyncio.Semaphore) -> AsyncIterator[None]:
    """Hold all threads of a kind, as long work would."""
    number = threads._value  # noqa: SLF001 — no caller asks how many are free.
    for _ in range(number):
        await threads.acquire()
    try:
        yield
    finally:
        for _ in range(number):
            threads.release()


hashing, estimating = passwords._hashing, passwords._estimating  # noqa: SLF001 — the tests hold them.


@asynccontextmanager
async def limited(caller: Api, documents: Documents) -> AsyncIterator[Api]:
    """The same caller of the same portal, whose changes have little time."""
    app = create_app(caller.portal, Settings(mutation_timeout_seconds=SHORT), documents=documents)
    async with httpx.AsyncClient(transport=transport(app), base_url="http://portal.test") as http:
        yield replace(caller, http=http)


async def code(caller: Api, email: str, password: str) -> str:
    """Return the code of a sign-in's answer; an empty text if it starts a session."""
    body: Json = await caller.post(SIGN_IN, input={"email": email, "password": password})
    if "errors" in body:
        return str(body["errors"][0]["extensions"]["code"])
    return "".join(error["code"] for error in body["data"]["signIn"]["userErrors"])


def assert_nothing_changed(error: Json) -> None:
    assert error["extensions"] == {"code": "TIMEOUT", "deadlineSeconds": SHORT}
    assert "Nothing was changed" in error["message"]


async def test_estimates_delay_no_sign_in(user: Api, anonymous: Api, email: str) -> None:
    async with held(estimating):
        waiting = asyncio.ensure_future(user.data(CHANGE, input={"currentPassword": PASSWORD, "newPassword": NEW}))
        done, _ = await asyncio.wait([waiting], timeout=SHORT)
        codes = [await code(anonymous, email, PASSWORD)]
        taken = user.portal.sign_ins.taken

    assert (done, codes, taken) == (set(), [""], 0)
    assert (await waiting)["changePassword"]["userErrors"] == []


async def test_a_wrong_current_password_is_refused_without_an_estimate(user: Api) -> None:
    async with held(estimating):
        changed = await user.data(CHANGE, input={"currentPassword": WRONG, "newPassword": NEW})

    assert changed["changePassword"]["userErrors"] == [{"code": "INVALID_CREDENTIALS", "path": ["currentPassword"]}]


async def test_a_change_leaves_both_queues_at_its_deadline(
    user: Api, anonymous: Api, email: str, documents: Documents
) -> None:
    given = {"currentPassword": PASSWORD, "newPassword": NEW}
    async with limited(user, documents) as hurried:
        async with held(estimating):
            errors = [await hurried.error(CHANGE, input=given) for _ in range(6)]
        async with held(hashing):
            errors += [await hurried.error(CHANGE, input=given) for _ in range(6)]

    for error in errors:
        assert_nothing_changed(error)
    assert user.portal.sign_ins == SignInQueue()
    # The right password was right, and no try was counted.
    assert await code(anonymous, email, PASSWORD) == ""


async def test_a_link_for_a_password_works_after_a_deadline(api: Api, user: Api, documents: Documents) -> None:
    made = await api.done("createPasswordResetLink", "passwordResetUrl", {"userId": ids.encode("User", user.user_id)})
    invited = await api.done(
        "inviteUser", "invitationUrl", {"email": f"{uuid4()}@alfa.example", "name": "Bia Reis", "role": "VIEWER"}
    )
    reset = {"secret": made["passwordResetUrl"].partition("#")[2], "newPassword": NEW}
    accepted = {"secret": invited["invitationUrl"].partition("#")[2], "password": NEW}
    stranger = replace(user, token=None)

    async with limited(stranger, documents) as hurried, held(estimating):
        errors = [await hurried.error(RESET, input=reset), await hurried.error(ACCEPT, input=accepted)]

    for error in errors:
        assert_nothing_changed(error)
    assert (await stranger.data(RESET, input=reset))["resetPassword"]["userErrors"] == []
    assert (await stranger.data(ACCEPT, input=accepted))["acceptInvitation"]["userErrors"] == []


async def test_a_caller_that_disconnects_leaves_the_queue_of_estimates() -> None:
    left = asyncio.Event()
    async with held(estimating):
        waiting = asyncio.ensure_future(
            passwords.check_new_password(NEW, name="Ana", email="ana@alfa.example", gone=left.wait)
        )
        done, _ = await asyncio.wait([waiting], timeout=SHORT)
        left.set()
        await asyncio.wait([waiting])

    assert done == set()
    assert isinstance(waiting.exception(), Unavailable)


async def test_a_sign_in_that_was_not_checked_is_no_failed_try(
    user: Api, anonymous: Api, email: str, documents: Documents
) -> None:
    async with limited(anonymous, documents) as hurried, held(hashing):
        codes = [await code(hurried, email, PASSWORD) for _ in range(6)]

    assert codes == ["TIMEOUT"] * 6
    assert await code(anonymous, email, PASSWORD) == ""
    assert user.portal.sign_ins == SignInQueue()


async def test_too_many_tries_are_refused_without_waiting(user: Api, anonymous: Api, email: str) -> None:
    codes = [await code(anonymous, email, WRONG) for _ in range(5)]

    async with held(hashing):
        codes += [await code(anonymous, email, PASSWORD) for _ in range(passwords.AT_ONCE + passwords.WAITING_MAX)]
        taken = user.portal.sign_ins.taken

    assert set(codes[:5]) == {"INVALID_CREDENTIALS"}
    assert set(codes[5:]) == {"RATE_LIMITED"}
    assert taken == 0


async def test_a_proof_that_was_not_checked_is_no_failed_try(
    user: Api, anonymous: Api, email: str, documents: Documents
) -> None:
    enroll = "mutation ($input: EnrollTotpInput!) { enrollTotp(input: $input) { userErrors { code } } }"
    async with limited(user, documents) as hurried, held(hashing):
        for _ in range(6):
            assert_nothing_changed(await hurried.error(enroll, input={"password": PASSWORD}))

    assert await code(anonymous, email, PASSWORD) == ""
