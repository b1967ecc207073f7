"""Invitations of users: by link or e-mail, accepted once, over HTTP on both engines with a real mail server."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from db import invitations as statements
from db import tables
from domain.access import Role, TokenKind
from domain.attempts import MailLimits
from resolvers import ids
from resolvers.portal import Portal
from resolvers.viewers import digest
from tests import cnpjs
from tests.api import Api, Json
from tests.clock import Clock
from tests.factories import new_caller
from tests.smtp import PORTAL_URL, SENDER, inbox, sends_to, sent
from tests.units import execute, fetch_all, reading, writing

PASSWORD = "um jardim de girassóis"
INVITED = "invitation { id email name role delivery expiresAt invitedBy { id } partner { id } } invitationUrl"
ACCEPT = """mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
    token viewer { role user { id name email } partner { id } } userErrors { code path } } }"""
PENDING = "query ($filter: InvitationFilter) { invitations(filter: $filter) { totalCount nodes { id delivery } } }"


def person(**more: object) -> dict[str, object]:
    return {"email": f"{uuid4()}@alfa.example", "name": "Bia Reis", "role": "OPERATOR", **more}


async def invited(api: Api, **more: object) -> str:
    """Invite a person, and return the secret of the link."""
    url = (await api.done("inviteUser", INVITED, person(**more)))["invitationUrl"]
    return str(url.partition("#")[2])


async def accepted(anonymous: Api, secret: str, password: str = PASSWORD) -> Json:
    return (await anonymous.data(ACCEPT, input={"secret": secret, "password": password}))["acceptInvitation"]


async def codes(anonymous: Api, secret: str, password: str = PASSWORD) -> list[str]:
    return [error["code"] for error in (await accepted(anonymous, secret, password))["userErrors"]]


async def pending(api: Api, **chosen: object) -> list[Json]:
    return list((await api.data(PENDING, filter=chosen))["invitations"]["nodes"])


async def test_a_person_accepts_an_invitation_once_and_is_signed_in(api: Api, anonymous: Api) -> None:
    given = person(email=f" Bia.{uuid4()}@Alfa.Example")
    made = await api.done("inviteUser", INVITED, given)
    invitation, secret = made["invitation"], made["invitationUrl"].partition("#")[2]

    session = await accepted(anonymous, secret)

    email = str(given["email"]).strip().lower()
    assert (invitation["email"], invitation["delivery"], invitation["invitedBy"]["id"]) == (
        email,
        "LINK",
        ids.encode("User", api.user_id),
    )
    assert session["userErrors"] == []
    user = session["viewer"].pop("user")
    assert session["viewer"] == {"role": "OPERATOR", "partner": {"id": api.partner}}
    assert (user["name"], user["email"]) == ("Bia Reis", email)
    assert (await replace(api, token=session["token"]).data("{ clients { totalCount } }"))["clients"]["totalCount"] == 0
    assert await pending(api) == []
    assert await codes(anonymous, secret) == ["INVITATION_INVALID"]
    query = "{ events { nodes { type message user { id } actor { id } } } }"
    happened = [list(each.values()) for each in (await api.data(query))["events"]["nodes"]]
    assert happened == [
        ["USER_INVITED", "User invited.", None, {"id": ids.encode("User", api.user_id)}],
        ["USER_JOINED", "Bia Reis: new user.", {"id": user["id"]}, {"id": user["id"]}],
    ]


async def test_the_secret_of_an_invitation_is_stored_nowhere(api: Api, portal: Portal) -> None:
    secret = await invited(api)

    async with reading(portal.database) as connection:
        rows = [
            str(row)
            for table in (tables.invitations, tables.events)
            for row in await fetch_all(connection, sa.select(table).where(table.c.partner_id == api.partner_id))
        ]

    assert len(rows) == 2
    assert not [row for row in rows if secret in row]


async def test_e_mails_are_limited_by_user_and_by_partner_within_a_day(api: Api, other_api: Api, clock: Clock) -> None:
    colleague = await new_caller(api.http, api.portal, api.partner_id)
    user = {"userId": ids.encode("User", colleague.user_id)}
    invite = "mutation ($input: InviteUserInput!) { inviteUser(input: $input) { userErrors { code } } }"
    async with inbox() as found:
        sends_to(api.portal, found)
        api.portal.outbox.limits = MailLimits(by_user=4, by_partner=5)

        bodies = await asyncio.gather(*(api.post(invite, input=person()) for _ in range(7)))
        link = (
            "mutation ($input: CreatePasswordResetLinkInput!) { createPasswordResetLink(input: $input) { __typename } }"
        )
        by_link = await api.error(link, input=user)
        by_others = [await each.post(invite, input=person()) for each in (colleague, colleague, other_api)]
        clock.forward(hours=24)
        later = await api.post(invite, input=person())
        await sent(api.portal)

    refused = [body["errors"][0]["extensions"] for body in bodies if "errors" in body]
    assert [each["code"] for each in refused] == ["RATE_LIMITED"] * 3
    assert {0 < each["retryAfter"] <= 24 * 3600 for each in refused} == {True}
    assert by_link["extensions"]["code"] == "RATE_LIMITED"
    assert ["errors" in body for body in by_others] == [False, True, False]
    assert "errors" not in later
    assert len(found.mails) == 4 + 1 + 1 + 1


@pytest.mark.parametrize(("language", "subject"), [("en", "Invitation to"), ("pt-BR", "Convite para")])
async def test_an_invitation_is_sent_in_the_language_of_who_invites(
    api: Api, anonymous: Api, language: str, subject: str
) -> None:
    given = person(name="Léo", role="VIEWER")
    async with inbox() as found:
        sends_to(api.portal, found)
        made = await replace(api, language=language).done("inviteUser", INVITED, given)
        await sent(api.portal)

    # It may be sent before the payload is read.
    assert made["invitation"]["delivery"] in {"QUEUED", "SENT"}
    assert made["invitationUrl"] is None
    assert await pending(api) == [{"id": made["invitation"]["id"], "delivery": "SENT"}]
    (mail,) = found.mails
    assert found.recipients == [mail["To"]] == [given["email"]]
    assert (mail["From"], str(mail["Subject"]).startswith(subject)) == (SENDER, True)
    assert "Léo" in mail.get_content()
    assert "Alfa" in mail.get_content()
    assert f"{PORTAL_URL}/accept-invitation#" in mail.get_content()
    assert await codes(anonymous, found.secret()) == []


async def test_an_e_mail_is_tried_again_and_a_refused_one_is_shown(
    api: Api, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    later, refused = person(), person()
    async with inbox() as found:
        sends_to(api.portal, found)
        found.answers += ["451 try later"]
        await api.done("inviteUser", INVITED, later)
        await sent(api.portal)
        found.answers += ["550 no such user"]
        await api.done("inviteUser", INVITED, refused)
        await sent(api.portal)
    # The server is gone now.
    await api.done("inviteUser", INVITED, person())
    await sent(api.portal)

    assert [each["delivery"] for each in await pending(api)] == ["SENT", "FAILED", "FAILED"]
    assert found.recipients == [later["email"]]
    # Once a test has configured the log, it is not printed. The mail server of the test logs addresses.
    own = [record.getMessage() for record in caplog.records if record.name.startswith("portal")]
    log = "".join([*capsys.readouterr(), *own])
    assert "an e-mail was not sent" in log
    assert not [text for text in (str(refused["email"]), "#") if text in log]


async def test_another_invitation_of_an_address_replaces_the_first(api: Api, anonymous: Api) -> None:
    given = person()
    first = (await api.done("inviteUser", INVITED, given))["invitationUrl"].partition("#")[2]
    second = (await api.done("inviteUser", INVITED, given | {"role": "VIEWER"}))["invitationUrl"].partition("#")[2]

    assert len(await pending(api)) == 1
    assert await codes(anonymous, first) == ["INVITATION_INVALID"]
    assert (await accepted(anonymous, second))["viewer"]["role"] == "VIEWER"


async def test_an_address_is_one_users_with_separate_and_composed_accents(api: Api, anonymous: Api) -> None:
    separate = f"joa\u0303o-{uuid4()}@alfa.example"
    composed = separate.replace("a\u0303", "ã")
    session = await accepted(anonymous, await invited(api, email=separate))

    assert session["viewer"]["user"]["email"] == composed
    assert await api.codes("inviteUser", person(email=composed)) == ["EMAIL_TAKEN"]


async def test_a_revoked_or_expired_invitation_is_refused(api: Api, anonymous: Api, clock: Clock) -> None:
    revoked, expired = await invited(api), await invited(api)
    first, _ = await pending(api)
    payload = await api.done("revokeInvitation", "revokedInvitationId", {"invitationId": first["id"]})
    clock.forward(hours=72)

    assert payload["revokedInvitationId"] == first["id"]
    assert await codes(anonymous, revoked) == await codes(anonymous, expired) == ["INVITATION_INVALID"]
    api = await new_caller(api.http, api.portal, api.partner_id)
    assert await pending(api) == []
    assert await api.codes("revokeInvitation", {"invitationId": first["id"]}) == ["NOT_FOUND"]


async def test_an_address_of_another_partner_s_user_is_invited_as_any_other(
    api: Api, other_api: Api, vendor: Api, anonymous: Api
) -> None:
    email = f"{uuid4()}@beta.example"
    await new_caller(api.http, api.portal, other_api.partner_id, email=email)

    assert await other_api.codes("inviteUser", person(email=email)) == ["EMAIL_TAKEN"]
    assert await vendor.codes("inviteUser", person(email=email, partnerId=api.partner)) == ["EMAIL_TAKEN"]
    assert await codes(anonymous, await invited(api, email=email)) == ["EMAIL_TAKEN"]


async def test_a_partner_invites_for_itself_only_and_the_vendor_for_all(
    api: Api, other_api: Api, vendor: Api, anonymous: Api
) -> None:
    operator = await new_caller(api.http, api.portal, api.partner_id, role=Role.OPERATOR)
    mutation = "mutation ($input: InviteUserInput!) { inviteUser(input: $input) { invitationUrl } }"

    assert (await operator.error(mutation, input=person()))["extensions"]["missingPermissions"] == ["USERS_MANAGE"]
    assert await api.codes("inviteUser", person(role="VENDOR_VIEWER")) == ["INVALID_INPUT"]
    assert await api.codes("inviteUser", person(partnerId=other_api.partner)) == ["NOT_FOUND"]
    assert await vendor.codes("inviteUser", person(role="MANAGER")) == ["INVALID_INPUT"]
    seller = await accepted(anonymous, await invited(vendor, role="VENDOR_SALES"))
    manager = await accepted(anonymous, await invited(vendor, role="MANAGER", partnerId=api.partner))
    assert seller["viewer"]["partner"]["id"] == vendor.partner
    assert manager["viewer"]["partner"]["id"] == api.partner


async def test_pending_invitations_are_seen_by_who_manages_them(api: Api, other_api: Api, vendor: Api) -> None:
    await invited(api)
    mine = await pending(api)

    assert len(mine) == 1
    assert await pending(other_api) == await pending(other_api, partnerId=api.partner) == []
    assert await pending(vendor, partnerId=api.partner) == mine
    assert await other_api.codes("revokeInvitation", {"invitationId": mine[0]["id"]}) == ["NOT_FOUND"]
    assert (await other_api.data("query ($id: ID!) { node(id: $id) { id } }", id=mine[0]["id"]))["node"] is None


@pytest.mark.parametrize("change", [{"role": Role.OPERATOR}, {"disabled_at": "now"}])
async def test_an_invitation_ends_when_its_inviter_may_not_invite(
    api: Api, anonymous: Api, change: dict[str, object]
) -> None:
    inviter = await new_caller(api.http, api.portal, api.partner_id)
    secret = await invited(inviter, role="MANAGER")
    values = {name: api.portal.now() if value == "now" else value for name, value in change.items()}
    async with writing(api.portal.database) as tx:
        await execute(tx, sa.update(tables.users).where(tables.users.c.id == inviter.user_id).values(values))

    assert await codes(anonymous, secret) == ["INVITATION_INVALID"]


@pytest.mark.parametrize(
    ("lose", "regain"),
    [
        (("deactivateUser", {}), ("reactivateUser", {})),
        (("updateUser", {"role": "OPERATOR"}), ("updateUser", {"role": "MANAGER"})),
    ],
)
async def test_links_of_who_managed_users_before_stay_ended(
    api: Api, anonymous: Api, lose: tuple[str, dict[str, object]], regain: tuple[str, dict[str, object]]
) -> None:
    inviter = await new_caller(api.http, api.portal, api.partner_id)
    colleague = await new_caller(api.http, api.portal, api.partner_id, role=Role.OPERATOR)
    secret = await invited(inviter, role="MANAGER")
    about = {"userId": ids.encode("User", colleague.user_id)}
    link = (await inviter.done("createPasswordResetLink", "passwordResetUrl", about))["passwordResetUrl"]

    for name, more in (lose, regain):
        assert await api.codes(name, {"userId": ids.encode("User", inviter.user_id), **more}) == []

    assert await pending(api) == []
    assert await codes(anonymous, secret) == ["INVITATION_INVALID"]
    new = {"secret": link.partition("#")[2], "newPassword": PASSWORD}
    assert await anonymous.codes("resetPassword", new) == ["PASSWORD_RESET_INVALID"]


async def test_an_invitation_of_an_admin_who_sells_now_is_ended(
    http: httpx.AsyncClient, portal: Portal, vendor: Api, api: Api, anonymous: Api
) -> None:
    admin = await new_caller(http, portal, vendor.partner_id, role=Role.VENDOR_ADMIN)
    secret = await invited(admin, partnerId=api.partner, role="MANAGER")

    demoted = {"userId": ids.encode("User", admin.user_id), "role": "VENDOR_SALES"}
    assert await vendor.codes("updateUser", demoted) == []

    assert await codes(anonymous, secret) == ["INVITATION_INVALID"]
    assert await pending(api) == []


async def test_an_invitation_by_sales_is_ended_with_their_role(
    http: httpx.AsyncClient, portal: Portal, vendor: Api, anonymous: Api
) -> None:
    sales = await new_caller(http, portal, vendor.partner_id, role=Role.VENDOR_SALES)
    manager = {"name": "Rita Lopes", "email": f"{uuid4()}@gama.example"}
    given = {"name": "Gama", "cnpj": cnpjs.another(), "manager": manager}
    made = await sales.done("createPartner", "partner { id } invitationUrl", given)

    for role in ("VENDOR_VIEWER", "VENDOR_SALES"):
        assert await vendor.codes("updateUser", {"userId": ids.encode("User", sales.user_id), "role": role}) == []

    assert await codes(anonymous, made["invitationUrl"].partition("#")[2]) == ["INVITATION_INVALID"]


async def test_a_guessable_password_is_refused_and_another_one_taken(api: Api, anonymous: Api) -> None:
    secret = await invited(api, email=f"bia.reis@{uuid4()}.example")

    for password in ("girassol", "password1234", "bia reis reis", "Bia.Reis-2026", "a" * 1000, "demo-portal"):
        refused = await accepted(anonymous, secret, password)
        assert refused["userErrors"] == [{"code": "INVALID_INPUT", "path": ["password"]}]

    assert await codes(anonymous, secret) == []


async def test_of_acceptances_at_once_one_wins(api: Api, anonymous: Api) -> None:
    secret = await invited(api)

    answers = await asyncio.gather(*(codes(anonymous, secret) for _ in range(4)))

    assert sorted(answers) == [[], *[["INVITATION_INVALID"]] * 3]
    assert (await api.data("{ users { totalCount } }"))["users"]["totalCount"] == 2


async def test_an_acceptance_waits_for_another_one(api: Api, anonymous: Api, portal: Portal) -> None:
    secret = await invited(api)
    async with writing(portal.database) as tx:
        assert await statements.take(tx, digest(secret), at=portal.now()) is not None
        behind = asyncio.ensure_future(codes(anonymous, secret))
        await asyncio.wait([behind], timeout=0.3)

    assert await behind == ["INVITATION_INVALID"]
    assert (await api.data("{ users { totalCount } }"))["users"]["totalCount"] == 1


async def test_a_new_partner_s_first_manager_is_invited_with_it(
    http: httpx.AsyncClient, portal: Portal, vendor: Api, anonymous: Api
) -> None:
    sales = await new_caller(http, portal, vendor.partner_id, role=Role.VENDOR_SALES)
    manager = {"name": "Rita Lopes", "email": f"{uuid4()}@gama.example"}
    given = {"name": "Gama", "cnpj": cnpjs.another(), "manager": manager}

    made = await sales.done("createPartner", "partner { id } invitationUrl", given)

    session = await accepted(anonymous, made["invitationUrl"].partition("#")[2])
    assert session["viewer"]["role"] == "MANAGER"
    assert session["viewer"]["partner"] == made["partner"]
    query = "query ($id: ID!) { events(filter: { partnerId: $id }) { nodes { type } } }"
    happened = (await vendor.data(query, id=made["partner"]["id"]))["events"]["nodes"]
    assert [event["type"] for event in happened] == ["PARTNER_CREATED", "USER_INVITED", "USER_JOINED"]
    again = {**given, "cnpj": cnpjs.another()}
    script = await new_caller(http, portal, vendor.partner_id, role=Role.VENDOR_ADMIN, kind=TokenKind.API)
    assert await script.codes("createPartner", again) == ["SESSION_REQUIRED"]
    refused = (await sales.mutate("createPartner", "partner { id }", again))["userErrors"]
    assert [(error["code"], error["path"]) for error in refused] == [("EMAIL_TAKEN", ["manager", "email"])]
    search = "query ($cnpj: String!) { partners(filter: { cnpj: $cnpj }) { totalCount } }"
    assert (await vendor.data(search, cnpj=again["cnpj"]))["partners"]["totalCount"] == 0
    bad = {**again, "manager": {"name": " ", "email": "rita"}}
    refused = (await sales.mutate("createPartner", "partner { id }", bad))["userErrors"]
    assert [error["path"] for error in refused] == [["manager", "email"], ["manager", "name"]]
