"""Tokens of an identity provider as bearer tokens, from a real provider, on both engines."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from db import identities, users
from domain.access import Role
from resolvers import ids
from resolvers.portal import Portal
from server.identity import OpenIdProvider, Provider
from tests.api import Api
from tests.clock import Clock
from tests.factories import new_caller
from tests.provider import AUDIENCE, RealProvider, email_of, is_refused, provider, signed_in
from tests.smtp import inbox, sends_to, sent
from tests.units import writing

WHO = "{ viewer { role user { email } sessionExpiresAt permissions } }"


def encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


async def test_a_verified_email_links_the_user_to_its_subject(api: Api, real: RealProvider) -> None:
    email, subject = await email_of(api), str(uuid4())
    assert await is_refused(signed_in(api, real, subject))

    first = signed_in(api, real, subject, email=email.upper(), email_verified=True)
    viewer = (await first.data(WHO))["viewer"]
    later = signed_in(api, real, subject, email="other@elsewhere.example", email_verified=True)
    happened = (await api.data("{ events { nodes { type message user { email } actor { email } } } }"))["events"]

    assert (viewer["role"], viewer["user"]["email"]) == ("MANAGER", email)
    assert viewer["permissions"] == (await api.data(WHO))["viewer"]["permissions"]
    assert datetime.fromisoformat(viewer["sessionExpiresAt"]) > datetime.now(UTC)
    assert (await later.data(WHO))["viewer"]["user"]["email"] == email
    by_user = {"user": {"email": email}, "actor": {"email": email}}
    assert happened["nodes"] == [
        {"type": "IDENTITY_LINKED", "message": "Ana: identity of the provider linked.", **by_user}
    ]


@pytest.mark.parametrize("claims", [{"email_verified": False}, {}, {"email_verified": "true"}, {"email_verified": [1]}])
async def test_an_email_that_is_not_verified_links_no_user(
    api: Api, real: RealProvider, claims: dict[str, object]
) -> None:
    assert await is_refused(signed_in(api, real, str(uuid4()), email=await email_of(api), **claims))


async def test_another_subject_with_the_users_email_is_refused(api: Api, real: RealProvider) -> None:
    email = await email_of(api)
    own, other = [signed_in(api, real, str(uuid4()), email=email, email_verified=True) for _ in range(2)]

    assert not await is_refused(own)
    assert await is_refused(other)
    assert not await is_refused(own)


async def test_a_user_deactivated_here_is_refused_with_any_token(api: Api, vendor: Api, real: RealProvider) -> None:
    leaving = await new_caller(api.http, api.portal, api.partner_id, role=Role.OPERATOR)
    subject, claims = str(uuid4()), {"email": await email_of(leaving), "email_verified": True}
    linked = signed_in(leaving, real, subject, **claims)
    assert not await is_refused(linked)

    given = {"userId": ids.encode("User", leaving.user_id), "partnerId": ids.encode("Partner", api.partner_id)}
    await vendor.done("deactivateUser", "user { id }", given)

    assert await is_refused(linked)
    assert await is_refused(signed_in(leaving, real, subject, **claims))
    assert await is_refused(signed_in(leaving, real, str(uuid4()), **claims))


async def test_tokens_for_others_or_of_others_are_refused(api: Api, real: RealProvider) -> None:
    claims: dict[str, object] = {"email": await email_of(api), "email_verified": True}
    with provider() as foreign:
        # The same issuer by name, and other keys.
        forged = foreign.token(str(uuid4()), claims)
    head, _, signature = forged.split(".")
    elsewhere = real.token(str(uuid4()), claims, audience="another")
    _, body, _ = real.token(str(uuid4()), claims).split(".")
    unsigned = encoded(b'{"alg":"none","typ":"JWT"}')

    for token in (forged, elsewhere, f"{head}.{body}.{signature}", f"{unsigned}.{body}.", f"{head}.{body}", "a.b.c"):
        assert await is_refused(replace(api, token=token)), token


async def test_a_token_ends_when_the_provider_says(api: Api, portal: Portal, real: RealProvider) -> None:
    linked = signed_in(api, real, str(uuid4()), email=await email_of(api), email_verified=True)
    assert not await is_refused(linked)
    clock = Clock.of(portal, datetime.now(UTC))

    clock.forward(minutes=59)
    refused = [await is_refused(linked)]
    clock.forward(minutes=2)

    assert [*refused, await is_refused(linked)] == [False, True]


async def test_a_person_of_the_provider_makes_api_tokens_but_no_session(api: Api, real: RealProvider) -> None:
    linked = signed_in(api, real, str(uuid4()), email=await email_of(api), email_verified=True)

    made = await linked.done("createApiToken", "secret", {"name": "Script", "permissions": ["ORDERS_READ"]})
    renewed = await linked.data("mutation { renewSession { token userErrors { code } } }")
    ended = await linked.data("mutation { signOut { signedOut } }")

    assert not await is_refused(replace(api, token=made["secret"]))
    assert renewed["renewSession"] == {"token": None, "userErrors": [{"code": "SESSION_REQUIRED"}]}
    assert ended["signOut"] == {"signedOut": False}
    assert not await is_refused(linked)


async def test_an_address_that_was_never_proved_links_no_user(api: Api, portal: Portal, real: RealProvider) -> None:
    email = f"{uuid4()}@alfa.example"
    made = await api.done("inviteUser", "invitationUrl", {"email": email, "name": "Bia Reis", "role": "OPERATOR"})
    accept = """mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
        token viewer { user { id } } userErrors { code } } }"""
    secret = made["invitationUrl"].partition("#")[2]
    given = {"secret": secret, "password": "um jardim de girassóis"}
    joined = (await replace(api, token=None).data(accept, input=given))["acceptInvitation"]
    linked = signed_in(api, real, str(uuid4()), email=email, email_verified=True)
    refused = [await is_refused(linked)]
    async with inbox() as mail:
        sends_to(portal, mail)
        await api.done("createPasswordResetLink", "passwordResetUrl", {"userId": joined["viewer"]["user"]["id"]})
        await sent(portal)
    reset = "mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { userErrors { code } } }"
    chosen = {"secret": mail.secret(), "newPassword": "dois jardins de girassóis"}

    assert (await replace(api, token=None).data(reset, input=chosen))["resetPassword"]["userErrors"] == []

    assert [*refused, await is_refused(linked)] == [True, False]


async def test_an_invitation_by_e_mail_proves_the_address_until_it_changes(
    api: Api, portal: Portal, real: RealProvider
) -> None:
    email = f"{uuid4()}@alfa.example"
    async with inbox() as mail:
        sends_to(portal, mail)
        await api.done("inviteUser", "invitationUrl", {"email": email, "name": "Bia Reis", "role": "OPERATOR"})
        await sent(portal)
    accept = """mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
        viewer { user { id } } userErrors { code } } }"""
    given = {"secret": mail.secret(), "password": "um jardim de girassóis"}
    joined = (await replace(api, token=None).data(accept, input=given))["acceptInvitation"]
    user_id = ids.number("User", joined["viewer"]["user"]["id"])
    assert not await is_refused(signed_in(api, real, str(uuid4()), email=email, email_verified=True))

    other = f"{uuid4()}@alfa.example"
    async with writing(portal.database) as tx:
        await identities.unlink(tx, api.partner_id, user_id)
        await users.update(tx, api.partner_id, user_id, {"email": other})

    assert await is_refused(signed_in(api, real, str(uuid4()), email=other, email_verified=True))


async def test_who_is_unlinked_elsewhere_makes_no_token_and_reads_no_export(api: Api, real: RealProvider) -> None:
    leaving = await new_caller(api.http, api.portal, api.partner_id)
    linked = signed_in(leaving, real, str(uuid4()), email=await email_of(leaving), email_verified=True)
    wanted = {"list": {"clients": {"columns": ["NAME"]}}}
    export = (await linked.done("createExport", "export { url }", wanted))["export"]["url"]
    assert (await api.http.get(export)).is_success
    # As another process does it: this one goes on to remember the user.
    async with writing(api.portal.database) as tx:
        assert await identities.unlink(tx, api.partner_id, leaving.user_id)

    new = {"name": "kept", "permissions": ["CLIENTS_READ"]}
    body = await linked.post(
        "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret userErrors { code } } }",
        input=new,
    )

    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await api.http.get(export)).status_code == HTTPStatus.FORBIDDEN


async def test_an_address_whose_lower_case_is_another_links_no_user(api: Api, real: RealProvider) -> None:
    user = await new_caller(api.http, api.portal, api.partner_id, email=f"kate.{uuid4()}@alfa.example")
    address = (await email_of(user)).replace("k", "\N{KELVIN SIGN}", 1)

    assert await is_refused(signed_in(user, real, str(uuid4()), email=address, email_verified=True))


async def test_a_person_of_the_provider_resets_second_factors(api: Api, real: RealProvider) -> None:
    manager = signed_in(api, real, str(uuid4()), email=await email_of(api), email_verified=True)
    user = await new_caller(api.http, api.portal, api.partner_id)

    assert await manager.codes("resetSecondFactor", {"userId": ids.encode("User", user.user_id)}) == []


async def test_two_first_tokens_at_once_link_the_user_once(api: Api, portal: Portal, real: RealProvider) -> None:
    email, subject = await email_of(api), str(uuid4())
    tokens = [signed_in(api, real, subject, email=email, email_verified=True) for _ in range(3)]
    assert portal.provider is not None

    refused = await asyncio.gather(*(is_refused(each) for each in tokens))

    assert refused == [False] * 3


@pytest.fixture(scope="module")
def keys_of(real: RealProvider, tmp_path_factory: pytest.TempPathFactory) -> Path:
    keys = tmp_path_factory.mktemp("provider") / "keys.json"
    keys.write_bytes(real.keys())
    return keys


@pytest.fixture(scope="module")
def own_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "own", "use": "sig", "alg": "RS256"})


@pytest.fixture
def issued(portal: Portal, own_key: RSAKey, tmp_path: Path) -> Callable[..., str]:
    """Factory of tokens with any header and claims, signed by a key that the portal reads from a file."""
    keys = tmp_path / "own.json"
    keys.write_bytes(json.dumps({"keys": [own_key.as_dict(private=False)]}).encode())
    portal.provider = OpenIdProvider(Provider("https://id.example", AUDIENCE, str(keys)))

    def token(header: Mapping[str, object], **claims: object) -> str:
        expires_at = int(datetime.now(UTC).timestamp()) + 600
        body = {"iss": "https://id.example", "aud": AUDIENCE, "exp": expires_at, "email_verified": True, **claims}
        whole = {"alg": "RS256", "typ": "JWT", "kid": "own", **header}
        head = {name: value for name, value in whole.items() if value is not None}
        parts = [encoded(json.dumps(part).encode()) for part in (head, body)]
        signed = own_key.raw_value.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr]  # It has the private key.
        return ".".join([*parts, encoded(signed)])

    return token


async def test_headers_of_real_providers_are_accepted_and_huge_ones_refused(
    api: Api, issued: Callable[..., str]
) -> None:
    email, subject = await email_of(api), str(uuid4())
    accepted: list[dict[str, object]] = [
        {},
        {"x5t": "nOo3ZDrODXEK1jKWhXslHR_KXEg", "x5t#S256": "x" * 43},
        {"x5c": ["M" * 1_400, "M" * 1_600], "jku": "https://id.example/keys"},
        {"nonce": "AQABAAAAAADX8GCi6Js6SK82TsD2Pb7r", "unknown": {"to": ["us"]}},
    ]
    refused: list[dict[str, object]] = [
        {"x5c": ["M" * 20_000]},
        {"crit": ["unknown"], "unknown": 1},
        {"x5c": "M" * 2_000},
    ]

    for header in accepted:
        assert not await is_refused(replace(api, token=issued(header, sub=subject, email=email))), header
    for header in refused:
        assert await is_refused(replace(api, token=issued(header, sub=subject, email=email))), header


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/jwt", None])
async def test_tokens_for_access_are_accepted_for_any_client(
    api: Api, issued: Callable[..., str], kind: str | None
) -> None:
    person: dict[str, object] = {"sub": str(uuid4()), "email": await email_of(api)}
    clients: list[dict[str, object]] = [{}, {"azp": "spa"}, {"aud": [AUDIENCE, "account"], "azp": "spa"}]

    for client in clients:
        assert not await is_refused(replace(api, token=issued({"typ": kind}, **person, **client))), client


async def test_other_tokens_of_the_provider_are_refused(api: Api, issued: Callable[..., str]) -> None:
    person: dict[str, object] = {"sub": str(uuid4()), "email": await email_of(api)}
    kinds = "logout+jwt", "application/logout+jwt", "secevent+jwt", "dpop+jwt", "introspection+jwt", "", 7, ["JWT"]
    events_of: list[object] = [{"http://schemas.openid.net/event/backchannel-logout": {}}, None, []]

    for kind in kinds:
        assert await is_refused(replace(api, token=issued({"typ": kind}, **person))), kind
    for events in events_of:
        assert await is_refused(replace(api, token=issued({}, **person, events=events))), events


async def test_claims_that_can_not_be_stored_are_refused(api: Api, issued: Callable[..., str]) -> None:
    email = await email_of(api)
    texts = "a\0b", "a\ud800b", "a" * 10_000, ""
    bad: list[dict[str, object]] = [{"sub": text, "email": email} for text in (*texts, 7, None, ["a"])]
    bad += [{"sub": str(uuid4()), "email": text} for text in (*(f"{each}@alfa.example" for each in texts), 7, [email])]

    for claims in bad:
        assert await is_refused(replace(api, token=issued({}, **claims))), claims

    assert not await is_refused(replace(api, token=issued({}, sub="a" * 200 + str(api.user_id), email=email)))


@given(
    parts=st.lists(st.text("abcXYZ019-_", max_size=12) | st.binary(max_size=40).map(encoded), min_size=1, max_size=4)
)
def test_any_text_is_a_token_or_is_not_valid(real: RealProvider, keys_of: Path, parts: list[str]) -> None:
    found = OpenIdProvider(Provider(real.issuer, AUDIENCE, str(keys_of)))

    assert asyncio.run(found.claims(".".join(parts), datetime.now(UTC))) is None
