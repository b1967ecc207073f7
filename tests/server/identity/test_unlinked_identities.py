"""Identities that were unlinked are refused until they may be linked again, on both engines."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
import sqlalchemy as sa

from db import identities
from db.identities import IdentifiedUser
from db.tables import unlinked_identities
from domain.access import Role
from resolvers import ids
from resolvers.identities import Claims, user_of
from tests.api import Api
from tests.factories import new_caller
from tests.provider import RealProvider, email_of, is_refused, signed_in
from tests.units import fetch_all, reading, writing


@pytest.fixture
async def leaving(api: Api) -> Api:
    """User whom the caller of `api` manages."""
    return await new_caller(api.http, api.portal, api.partner_id, role=Role.MANAGER)


def of(user: Api, **more: object) -> dict[str, object]:
    return {"userId": ids.encode("User", user.user_id), **more}


async def test_an_unlinked_identity_is_refused_and_another_is_linked(api: Api, real: RealProvider) -> None:
    leaving = await new_caller(api.http, api.portal, api.partner_id, role=Role.OPERATOR)
    email, subject = await email_of(leaving), str(uuid4())
    linked = signed_in(leaving, real, subject, email=email, email_verified=True)
    shown = "query ($id: ID!) { node(id: $id) { ... on User { identityLinkedAt } } }"
    user = ids.encode("User", leaving.user_id)
    assert (await api.data(shown, id=user))["node"] == {"identityLinkedAt": None}
    assert not await is_refused(linked)
    seen = [(await each.data(shown, id=user))["node"]["identityLinkedAt"] for each in (api, leaving)]
    colleague = await new_caller(api.http, api.portal, api.partner_id, role=Role.OPERATOR)

    payload = await api.done("unlinkIdentity", "user { identityLinkedAt }", {"userId": user})
    again = await api.done("unlinkIdentity", "user { identityLinkedAt }", {"userId": user})

    assert None not in seen
    assert (await colleague.data(shown, id=user))["node"] == {"identityLinkedAt": None}
    assert payload == again
    assert payload["user"] == {"identityLinkedAt": None}
    assert await is_refused(linked)
    assert await is_refused(signed_in(leaving, real, subject, email=email, email_verified=True))
    assert await is_refused(signed_in(leaving, real, subject, email="other@elsewhere.example", email_verified=True))
    assert not await is_refused(signed_in(leaving, real, str(uuid4()), email=email, email_verified=True))
    happened = await api.data("{ events { nodes { type message } } }")
    assert [each["type"] for each in happened["events"]["nodes"]] == [
        "IDENTITY_LINKED",
        "IDENTITY_UNLINKED",
        "IDENTITY_LINKED",
    ]
    assert happened["events"]["nodes"][1]["message"] == "Ana: identity of the provider unlinked."


async def test_an_unlinked_identity_is_linked_again_only_if_it_may(api: Api, leaving: Api, real: RealProvider) -> None:
    linked = signed_in(leaving, real, str(uuid4()), email=await email_of(leaving), email_verified=True)
    assert not await is_refused(linked)

    await api.done("unlinkIdentity", "user { id }", of(leaving))
    refused = [await is_refused(linked)]
    await api.done("unlinkIdentity", "user { id }", of(leaving, canLinkAgain=True))
    refused.append(await is_refused(linked))
    await api.done("unlinkIdentity", "user { id }", of(leaving, canLinkAgain=True))
    refused.append(await is_refused(linked))
    happened = await api.data("{ events { nodes { type } } }")

    assert refused == [True, False, False]
    types = ["IDENTITY_LINKED", "IDENTITY_UNLINKED", "IDENTITY_UNLINKED", "IDENTITY_LINKED"]
    assert [each["type"] for each in happened["events"]["nodes"]] == [*types, "IDENTITY_UNLINKED", "IDENTITY_LINKED"]


async def test_an_identity_that_was_another_persons_is_linked_to_its_own_user(
    api: Api, leaving: Api, real: RealProvider
) -> None:
    subject, own = str(uuid4()), await new_caller(api.http, api.portal, api.partner_id)
    assert not await is_refused(signed_in(leaving, real, subject, email=await email_of(leaving), email_verified=True))

    await api.done("unlinkIdentity", "user { id }", of(leaving))
    of_own = signed_in(own, real, subject, email=await email_of(own), email_verified=True)

    assert not await is_refused(of_own)
    assert (await of_own.data("{ viewer { user { email } } }"))["viewer"]["user"]["email"] == await email_of(own)


@pytest.mark.parametrize("stays", [False, True])
async def test_api_tokens_that_an_identity_created_end_with_it(
    api: Api,
    leaving: Api,
    real: RealProvider,
    stays: bool,  # noqa: FBT001 — of a table.
) -> None:
    linked = signed_in(leaving, real, str(uuid4()), email=await email_of(leaving), email_verified=True)
    token = {"name": "Script", "permissions": ["ORDERS_READ"]}
    by_identity, by_session = [
        replace(leaving, token=(await each.done("createApiToken", "secret", token))["secret"])
        for each in (linked, leaving)
    ]
    assert [await is_refused(each) for each in (by_identity, by_session)] == [False, False]

    await api.done("unlinkIdentity", "user { id }", of(leaving, canLinkAgain=stays))

    refused = [await is_refused(each) for each in (by_identity, by_session, leaving)]
    happened = await api.data("{ events(last: 1) { nodes { type } } }")
    assert refused == [not stays, False, False]
    assert happened["events"]["nodes"][0]["type"] == ("IDENTITY_UNLINKED" if stays else "TOKEN_REVOKED")


async def test_what_is_kept_of_an_unlinked_identity_is_a_hash(api: Api, leaving: Api, real: RealProvider) -> None:
    subject = str(uuid4())
    assert not await is_refused(signed_in(leaving, real, subject, email=await email_of(leaving), email_verified=True))

    for _ in range(2):
        await api.done("unlinkIdentity", "user { id }", of(leaving))

    async with reading(api.portal.database) as connection:
        mine = sa.select(unlinked_identities).where(unlinked_identities.c.user_id == leaving.user_id)
        ((partner_id, user_id, digest),) = await fetch_all(connection, mine)
    assert (partner_id, user_id, len(digest)) == (api.partner_id, leaving.user_id, 32)
    assert subject.encode() not in digest


async def test_no_token_links_an_identity_while_it_is_unlinked(api: Api, leaving: Api) -> None:
    claims = Claims("https://id.example", str(uuid4()), await email_of(leaving), api.portal.now())
    user = IdentifiedUser(api.partner_id, leaving.user_id, Role.MANAGER, of_vendor=False, points_per_second=None)
    database, identity = api.portal.database, (claims.issuer, claims.subject)

    async with writing(database) as tx:
        assert await identities.link(tx, user, *identity, at=api.portal.now())
        # It finds no identity yet, and waits for the end of this transaction to link it.
        asking = asyncio.ensure_future(user_of(database, claims, at=api.portal.now()))
        done, _ = await asyncio.wait([asking], timeout=0.3)
        await identities.unlink(tx, api.partner_id, leaving.user_id)

    assert done == set()
    assert await asking is None
    assert await user_of(database, claims, at=api.portal.now()) is None


async def test_an_unlinked_identity_that_is_linked_all_the_same_is_refused(
    api: Api, leaving: Api, real: RealProvider
) -> None:
    # As a server of a version that does not know what was unlinked would link it.
    subject, other = str(uuid4()), str(uuid4())
    linked = signed_in(leaving, real, subject, email=await email_of(leaving), email_verified=True)
    user = IdentifiedUser(api.partner_id, leaving.user_id, Role.MANAGER, of_vendor=False, points_per_second=None)
    assert not await is_refused(linked)
    await api.done("unlinkIdentity", "user { id }", of(leaving))
    database = api.portal.database
    async with writing(database) as tx:
        assert await identities.link(tx, user, real.issuer, subject, at=api.portal.now())

    async with reading(database) as connection:
        found = await identities.find_each(connection, [(real.issuer, subject), (real.issuer, other)])
    assert found == {}
    assert await is_refused(linked)

    await api.done("unlinkIdentity", "user { id }", of(leaving, canLinkAgain=True))
    assert not await is_refused(linked)


async def test_an_identity_is_found_beside_an_unlinked_one_of_its_user(api: Api, leaving: Api) -> None:
    user = IdentifiedUser(api.partner_id, leaving.user_id, Role.MANAGER, of_vendor=False, points_per_second=None)
    unlinked, linked = ("https://id.example", str(uuid4())), ("https://id.example", str(uuid4()))
    async with writing(api.portal.database) as tx:
        assert await identities.link(tx, user, *unlinked, at=api.portal.now())
        await identities.unlink(tx, api.partner_id, leaving.user_id)
        assert await identities.link(tx, user, *linked, at=api.portal.now())

    async with reading(api.portal.database) as connection:
        found = await identities.find_each(connection, [unlinked, linked])

    assert set(found) == {linked}
