"""Anyone who has found a token can revoke it (RFC 7009), and learns nothing about it."""

from http import HTTPStatus
from uuid import uuid4

import httpx
import pytest

from db.engine import Database
from resolvers import ids
from resolvers.portal import Portal
from tests.api import Api
from tests.factories import new_caller
from tests.statements import reading

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
STOCK = "{ licenseStock { id } }"


async def revoke(http: httpx.AsyncClient, body: str, **headers: str) -> httpx.Response:
    return await http.post("/revoke", content=body, headers=FORM | headers)


async def test_a_found_token_works_no_longer(api: Api, http: httpx.AsyncClient) -> None:
    made = await api.done("createApiToken", "secret", {"name": "leaked", "permissions": ["ACTIVATIONS_READ"]})
    session = await new_caller(http, api.portal, api.partner_id)
    scripts = Api(http, api.portal, token=made["secret"])
    for caller in (scripts, session):
        await caller.data(STOCK)

    answers = [
        await revoke(http, f"token={caller.token}&token_type_hint=access_token") for caller in (scripts, session)
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {(HTTPStatus.OK, b"")}
    for caller in (scripts, session):
        assert (await caller.error(STOCK))["extensions"]["code"] == "UNAUTHENTICATED"
    happened = (await api.data("{ events(last: 2) { nodes { type actor { name } } } }"))["events"]["nodes"]
    assert happened == [{"type": "TOKEN_REVOKED", "actor": None}, {"type": "SESSIONS_ENDED", "actor": None}]


async def test_a_found_session_or_link_ends_with_an_event(api: Api, http: httpx.AsyncClient) -> None:
    session = await new_caller(http, api.portal, api.partner_id)
    person = {"email": f"{uuid4()}@alfa.example", "name": "Bia", "role": "MANAGER"}
    invitation = (await api.done("inviteUser", "invitationUrl", person))["invitationUrl"].partition("#")[2]
    user = {"userId": ids.encode("User", session.user_id)}
    made = await api.done("createPasswordResetLink", "passwordResetUrl", user)
    reset = made["passwordResetUrl"].partition("#")[2]
    anonymous = Api(http, api.portal)

    answers = [await revoke(http, f"token={found}") for found in (session.token, invitation, reset, reset)]

    assert {(answer.status_code, answer.content) for answer in answers} == {(HTTPStatus.OK, b"")}
    new = "um jardim de girassóis"
    assert await anonymous.codes("acceptInvitation", {"secret": invitation, "password": new}) == ["INVITATION_INVALID"]
    assert await anonymous.codes("resetPassword", {"secret": reset, "newPassword": new}) == ["PASSWORD_RESET_INVALID"]
    happened = await api.data("{ events(last: 2) { nodes { type actor { id } user { id } } } }")
    assert happened["events"]["nodes"] == [
        {"type": "SESSIONS_ENDED", "actor": None, "user": {"id": user["userId"]}},
        {"type": "INVITATION_REVOKED", "actor": None, "user": None},
    ]


@pytest.mark.edge
async def test_the_answer_tells_nothing_about_a_token(api: Api, http: httpx.AsyncClient) -> None:
    await revoke(http, f"token={api.token}")

    answers = [await revoke(http, f"token={tried}") for tried in (api.token, "ppt_" + "x" * 43, "x", "")]

    assert {answer.status_code for answer in answers[:3]} == {HTTPStatus.OK}
    assert {answer.content for answer in answers[:3]} == {b""}
    assert len({tuple(sorted({**answer.headers, "x-request-id": ""}.items())) for answer in answers[:3]}) == 1
    assert answers[3].status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.edge
async def test_a_part_of_a_token_revokes_nothing(api: Api, http: httpx.AsyncClient) -> None:
    assert api.token is not None

    for part in (api.token[:12], api.token[:-1], "1", "ppt_", f"{api.token} "):
        await revoke(http, f"token={part}")

    await api.data(STOCK)


@pytest.mark.edge
async def test_a_mistyped_token_is_refused_without_a_look_at_the_database(
    api: Api, http: httpx.AsyncClient, portal: Portal
) -> None:
    assert api.token is not None
    mistyped = api.token[:-1] + ("0" if api.token[-1] != "0" else "1")
    query = "mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { userErrors { code } } }"

    with reading(portal.database) as sent:
        await revoke(http, f"token={mistyped}")
        refused = await Api(http, portal, token=mistyped).error(STOCK)
        given = {"secret": f"ppi_{mistyped[4:]}", "password": "uma senha longa"}
        payload = (await Api(http, portal).data(query, input=given))["acceptInvitation"]

    assert sent == []
    assert refused["extensions"]["code"] == "UNAUTHENTICATED"
    assert payload["userErrors"] == [{"code": "INVITATION_INVALID"}]


@pytest.mark.edge
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("token=a&token=b", {}, HTTPStatus.BAD_REQUEST),
        ("other=a", {}, HTTPStatus.BAD_REQUEST),
        ("token=" + "a" * 5_000, {}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        ("&".join(f"a{number}=1" for number in range(50)), {}, HTTPStatus.BAD_REQUEST),
        ("ç", {}, HTTPStatus.BAD_REQUEST),
        ('{"token": "a"}', {"Content-Type": "application/json"}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    ],
)
async def test_what_is_no_form_with_one_token_is_refused(
    http: httpx.AsyncClient, portal: Portal, body: str, headers: dict[str, str], status: HTTPStatus
) -> None:
    del portal
    answer = await revoke(http, body, **headers)

    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.edge
async def test_only_post_revokes(http: httpx.AsyncClient, api: Api, database: Database) -> None:
    del database
    answer = await http.get("/revoke", params={"token": api.token})

    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    await api.data(STOCK)
