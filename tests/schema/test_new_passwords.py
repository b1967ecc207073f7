"""New passwords: changed by the user, and chosen by a link, over HTTP on both engines with a real mail server."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field, replace
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from db import password_resets as statements
from db import users as user_statements
from db.tables import password_resets, users
from domain.access import Role
from resolvers import ids
from resolvers.mail import Outbox
from resolvers.passwords import hash_password
from resolvers.portal import Portal
from resolvers.viewers import digest
from tests.api import Api, Json
from tests.clock import Clock
from tests.factories import new_caller, new_partner
from tests.smtp import PORTAL_URL, Inbox, inbox, sends_to, sent
from tests.statements import reading as observed
from tests.units import execute, fetch_value, reading, writing

OLD, NEW = "correct horse battery", "um jardim de girassóis"
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }"
CHANGE = """mutation ($input: ChangePasswordInput!) { changePassword(input: $input) {
    endedSessions revokedApiTokens userErrors { code path } } }"""
REQUEST = """mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) {
    requested userErrors { code path message } } }"""
RESET = """mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) {
    endedSessions revokedApiTokens userErrors { code path } } }"""


@pytest.fixture
def email() -> str:
    return f"{uuid4()}@alfa.example"


@pytest.fixture
async def user(http: httpx.AsyncClient, portal: Portal, email: str) -> Api:
    """Manager with a password."""
    password_hash = await hash_password(OLD)
    return await new_caller(http, portal, await new_partner(portal), email=email, password_hash=password_hash)


@pytest.fixture
async def mail(portal: Portal) -> AsyncIterator[Inbox]:
    """Mail server that the portal sends to."""
    async with inbox() as found:
        sends_to(portal, found)
        yield found
        await sent(portal)


async def sign_in(anonymous: Api, email: str, password: str) -> str | None:
    token = (await anonymous.data(SIGN_IN, input={"email": email, "password": password}))["signIn"]["token"]
    return None if token is None else str(token)


async def change(api: Api, current: str = OLD, new: str = NEW) -> Json:
    given = {"currentPassword": current, "newPassword": new}
    return (await api.data(CHANGE, input=given))["changePassword"]


async def request(anonymous: Api, email: str) -> Json:
    return await anonymous.post(REQUEST, input={"email": email})


async def reset(anonymous: Api, secret: str, new: str = NEW) -> Json:
    return (await anonymous.data(RESET, input={"secret": secret, "newPassword": new}))["resetPassword"]


async def works(api: Api, token: str | None) -> bool:
    return "errors" not in await replace(api, token=token).post("{ clients { totalCount } }")


async def types(api: Api, last: int) -> list[str]:
    nodes = (await api.data("query ($n: Int!) { events(last: $n) { nodes { type } } }", n=last))["events"]["nodes"]
    return [node["type"] for node in nodes]


async def link_for(api: Api, user_id: int) -> str:
    given = {"userId": ids.encode("User", user_id)}
    url = (await api.done("createPasswordResetLink", "passwordResetUrl", given))["passwordResetUrl"]
    return str(url.partition("#")[2])


async def test_a_changed_password_ends_all_but_this_session(user: Api, anonymous: Api, email: str) -> None:
    other = await sign_in(anonymous, email, OLD)
    made = await user.done("createApiToken", "secret", {"name": "s", "permissions": ["CLIENTS_READ"]})

    changed = await change(user)

    assert changed == {"endedSessions": 1, "revokedApiTokens": 1, "userErrors": []}
    assert [await works(user, token) for token in (user.token, other, made["secret"])] == [True, False, False]
    assert await sign_in(anonymous, email, OLD) is None
    assert await sign_in(anonymous, email, NEW) is not None
    assert await types(user, 3) == ["TOKEN_CREATED", "PASSWORD_CHANGED", "TOKEN_REVOKED"]


async def test_a_wrong_current_password_is_refused_and_counted(user: Api, clock: Clock) -> None:
    refused = await change(user, current="wrong")
    weak = await change(user, new="password1234")

    assert refused["userErrors"] == [{"code": "INVALID_CREDENTIALS", "path": ["currentPassword"]}]
    assert weak["userErrors"] == [{"code": "INVALID_INPUT", "path": ["newPassword"]}]
    for _ in range(3):
        await change(user, current="wrong")
    # The right current password forgets the failures, as a sign-in does, although the new one is refused.
    assert (await change(user, new="password1234"))["userErrors"] == weak["userErrors"]
    for _ in range(5):
        await change(user, current="wrong")
    error = await user.error(CHANGE, input={"currentPassword": OLD, "newPassword": NEW})
    assert error["extensions"]["code"] == "RATE_LIMITED"
    clock.forward(minutes=1)
    assert (await change(user))["userErrors"] == []


async def test_an_api_token_changes_no_password(user: Api) -> None:
    made = await user.done("createApiToken", "secret", {"name": "s", "permissions": ["CLIENTS_READ"]})

    refused = await change(replace(user, token=made["secret"]))

    assert refused["userErrors"] == [{"code": "SESSION_REQUIRED", "path": None}]


async def test_a_link_by_e_mail_sets_a_password_once_and_ends_everything(
    user: Api, anonymous: Api, mail: Inbox, email: str
) -> None:
    made = await user.done("createApiToken", "secret", {"name": "s", "permissions": ["CLIENTS_READ"]})
    await request(replace(anonymous, language="pt-BR"), email.upper())
    await sent(user.portal)
    (received,) = mail.mails

    weak = await reset(anonymous, mail.secret(), "password1234")
    done = await reset(anonymous, mail.secret())

    assert (received["Subject"], mail.recipients) == ("Nova senha do Portal do Parceiro", [email])
    assert f"{PORTAL_URL}/reset-password#" in received.get_content()
    assert weak["userErrors"] == [{"code": "INVALID_INPUT", "path": ["newPassword"]}]
    assert done == {"endedSessions": 1, "revokedApiTokens": 1, "userErrors": []}
    assert [await works(user, token) for token in (user.token, made["secret"])] == [False, False]
    again = await reset(anonymous, mail.secret())
    assert again["userErrors"] == [{"code": "PASSWORD_RESET_INVALID", "path": ["secret"]}]
    session = replace(user, token=await sign_in(anonymous, email, NEW))
    assert await types(session, 3) == ["PASSWORD_RESET_LINK_CREATED", "PASSWORD_CHANGED", "TOKEN_REVOKED"]


@dataclass(slots=True)
class Waiting(Outbox):
    """Outbox that sends nothing until it is asked to."""

    works: list[Coroutine[None, None, object]] = field(default_factory=list)

    def start(self, work: Coroutine[None, None, object]) -> None:
        """Keep the work."""
        self.works.append(work)


@pytest.mark.usefixtures("user")
async def test_known_and_unknown_addresses_are_answered_by_the_same_work(
    anonymous: Api, mail: Inbox, email: str, portal: Portal
) -> None:
    waiting = Waiting(portal.outbox.mailer, PORTAL_URL)
    portal.outbox = waiting

    with observed(portal.database) as read:
        answers = [await request(anonymous, address) for address in (email, f"{uuid4()}@alfa.example")]
    for work in waiting.works:
        await work

    assert answers[0] == answers[1] == {"data": {"requestPasswordReset": {"requested": True, "userErrors": []}}}
    assert not [text for text in read if "users" in text]
    assert mail.recipients == [email]


async def test_requests_for_an_address_are_limited(user: Api, anonymous: Api, mail: Inbox, email: str) -> None:
    bodies = [await request(anonymous, email) for _ in range(6)]
    await sent(user.portal)

    assert ["errors" in body for body in bodies] == [False] * 5 + [True]
    assert bodies[-1]["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert len(mail.mails) == 5
    # Signing in is counted apart.
    assert await sign_in(anonymous, email, OLD) is not None


async def test_a_portal_without_e_mail_says_so_to_all(user: Api, anonymous: Api, email: str) -> None:
    answers = [await request(anonymous, address) for address in (email, f"{uuid4()}@alfa.example")]

    assert answers[0] == answers[1]
    (error,) = answers[0]["data"]["requestPasswordReset"]["userErrors"]
    assert (error["code"], error["path"]) == ("MAIL_NOT_CONFIGURED", None)
    assert await works(user, user.token)


async def test_a_manager_makes_a_link_for_another_user(user: Api, anonymous: Api, email: str, portal: Portal) -> None:
    manager = await new_caller(user.http, portal, user.partner_id)

    secret = await link_for(manager, user.user_id)

    async with reading(portal.database) as connection:
        stored = await fetch_value(
            connection, sa.select(password_resets.c.digest).where(password_resets.c.user_id == user.user_id)
        )
    assert bytes(stored) == digest(secret)
    assert (await reset(anonymous, secret))["userErrors"] == []
    assert await sign_in(anonymous, email, NEW) is not None
    assert await types(manager, 2) == ["PASSWORD_RESET_LINK_CREATED", "PASSWORD_CHANGED"]


@pytest.mark.parametrize("change_of", [("deactivateUser", {}), ("updateUser", {"role": "OPERATOR"})])
async def test_a_link_of_somebody_who_manages_users_no_more_is_refused(
    user: Api, anonymous: Api, portal: Portal, change_of: tuple[str, dict[str, object]]
) -> None:
    leaving = await new_caller(user.http, portal, user.partner_id)
    secret = await link_for(leaving, user.user_id)
    name, change_ = change_of

    await user.done(name, "user { id }", {"userId": ids.encode("User", leaving.user_id), **change_})

    assert [error["code"] for error in (await reset(anonymous, secret))["userErrors"]] == ["PASSWORD_RESET_INVALID"]


async def test_no_link_is_made_for_oneself_or_a_deactivated_user(user: Api) -> None:
    operator = await new_caller(user.http, user.portal, user.partner_id, role=Role.OPERATOR)
    other = {"userId": ids.encode("User", operator.user_id)}
    await user.done("deactivateUser", "user { id }", other)

    assert await user.codes("createPasswordResetLink", {"userId": ids.encode("User", user.user_id)}) == ["OWN_USER"]
    assert await user.codes("createPasswordResetLink", other) == ["USER_DEACTIVATED"]


async def test_a_link_is_sent_by_e_mail_if_the_portal_can(user: Api, mail: Inbox, portal: Portal) -> None:
    other = await new_caller(user.http, portal, user.partner_id)
    given = {"userId": ids.encode("User", user.user_id)}

    made = await other.done("createPasswordResetLink", "passwordResetUrl user { email }", given)
    await sent(portal)

    assert made["passwordResetUrl"] is None
    assert mail.recipients == [made["user"]["email"]]


async def test_an_expired_link_or_one_of_a_deactivated_user_is_refused(
    user: Api, anonymous: Api, portal: Portal, clock: Clock
) -> None:
    manager = await new_caller(user.http, portal, user.partner_id)
    old = await link_for(manager, user.user_id)
    clock.forward(hours=1)
    new = await link_for(manager, user.user_id)
    disabled = sa.update(users).where(users.c.id == user.user_id)

    assert (await reset(anonymous, old))["userErrors"][0]["code"] == "PASSWORD_RESET_INVALID"
    async with writing(portal.database) as tx:
        await execute(tx, disabled.values(disabled_at=portal.now()))
    assert (await reset(anonymous, new))["userErrors"][0]["code"] == "PASSWORD_RESET_INVALID"


async def test_of_two_uses_of_a_link_at_once_one_sets_the_password(user: Api, anonymous: Api, portal: Portal) -> None:
    manager = await new_caller(user.http, portal, user.partner_id)
    secret = await link_for(manager, user.user_id)
    async with writing(portal.database) as tx:
        await user_statements.locked_by_id(tx, user.partner_id, user.user_id)
        taken = await statements.take(tx, user.partner_id, user.user_id, digest(secret), at=portal.now())
        behind = asyncio.ensure_future(reset(anonymous, secret))
        await asyncio.wait([behind], timeout=0.3)

    assert taken is False
    assert (await behind)["userErrors"][0]["code"] == "PASSWORD_RESET_INVALID"


async def test_a_new_password_ends_the_links_that_were_made_before(user: Api, anonymous: Api, portal: Portal) -> None:
    manager = await new_caller(user.http, portal, user.partner_id)
    secret = await link_for(manager, user.user_id)

    await change(user)

    assert (await reset(anonymous, secret))["userErrors"][0]["code"] == "PASSWORD_RESET_INVALID"


@pytest.mark.edge
@pytest.mark.parametrize("text", ["", "\u200b", "a\u202eb", "a\nb", "a" * 255])
async def test_texts_beside_a_password_are_checked_by_their_fields(anonymous: Api, mail: Inbox, text: str) -> None:
    accept = "mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { userErrors { path } } }"
    given = {"secret": text, "password": ""}

    accepted = (await anonymous.data(accept, input=given))["acceptInvitation"]["userErrors"]
    changed = await reset(anonymous, text, "")
    requested = (await request(anonymous, text))["data"]["requestPasswordReset"]

    assert [error["path"] for error in accepted] == [["secret"], ["password"]]
    assert [error["path"] for error in changed["userErrors"]] == [["secret"], ["newPassword"]]
    assert (requested["requested"], [error["path"] for error in requested["userErrors"]]) == (False, [["email"]])
    assert mail.mails == []


async def test_mutations_with_passwords_are_alone_in_their_operation(anonymous: Api) -> None:
    one = 'resetPassword(input: { secret: "x", newPassword: "y" }) { userErrors { code } }'

    error = await anonymous.error(f"mutation {{ a: {one} b: {one} }}")

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
