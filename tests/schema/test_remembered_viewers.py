"""Mutations of viewers whom this process remembers from before they lost their rights in another one."""

import pytest

from db import access, users
from domain.access import ROLE_PERMISSIONS, Role, TokenKind
from domain.field_permissions import FIELD_PERMISSIONS
from resolvers import user_changes
from resolvers.access import viewer_of
from resolvers.user_changes import UpdateUser
from tests.api import Api
from tests.resolvers.test_races import raced
from tests.schema.introspection import input_name
from tests.schema.recipes import MUTATIONS
from tests.schema.test_user_management import code_of, colleague, events, of
from tests.units import writing

pytestmark = pytest.mark.stock

DEMOTED = Role.VIEWER


async def refusals(user: Api, inputs: dict[str, dict[str, object]]) -> dict[str, str]:
    """Return the code of the error with which each mutation is refused."""
    refused = {}
    for name, given in inputs.items():
        query = f"mutation ($input: {input_name(name)}!) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"
        body = await user.post(query, input=given)
        refused[name] = (
            body["errors"][0]["extensions"]["code"] if "errors" in body else body["data"][name]["userErrors"][0]["code"]
        )
    return refused


async def inputs_of(api: Api) -> dict[str, dict[str, object]]:
    """Return an input of each mutation, with which it would be done."""
    wanted = {name: dict(await recipe.given(api)) for name, recipe in MUTATIONS.items()}
    wanted["approveOrder"] = {"orderId": wanted["approveOrder"]["orderId"]}
    return wanted


async def test_no_mutation_is_done_by_a_role_that_the_user_lost(api: Api) -> None:
    user = await colleague(api, Role.MANAGER)
    assert await code_of(user) is None
    inputs = {
        name: given
        for name, given in (await inputs_of(api)).items()
        if FIELD_PERMISSIONS[f"Mutation.{name}"] not in ROLE_PERMISSIONS[DEMOTED]
    }
    before = await events(api, 1)
    # Without what follows a commit, as in another process: this one goes on to remember the user.
    async with writing(api.portal.database) as tx:
        await users.update(tx, api.partner_id, user.user_id, {"role": DEMOTED})

    refused = await refusals(user, inputs)

    assert refused == dict.fromkeys(inputs, "FORBIDDEN")
    assert await events(api, 1) == before


@pytest.mark.parametrize("kind", TokenKind)
async def test_no_mutation_is_done_by_a_token_that_was_revoked(api: Api, kind: TokenKind) -> None:
    inputs = await inputs_of(api)
    before = await events(api, 1)
    refused = dict[str, str]()

    for name, given in inputs.items():
        user = await colleague(api, Role.MANAGER, kind=kind)
        viewer = await viewer_of(api.portal, user.token or "", None)
        assert viewer is not None
        async with writing(api.portal.database) as tx:
            await access.revoke(tx, api.partner_id, viewer.token_id, kind, at=api.portal.now())
        refused |= await refusals(user, {name: given})

    # Some are for persons only, which is refused first.
    expected = {"UNAUTHENTICATED"} | ({"SESSION_REQUIRED"} if kind is TokenKind.API else set())
    assert set(refused.values()) == expected
    assert await events(api, 1) == before


async def test_a_demoted_user_promotes_no_accomplice(api: Api) -> None:
    user, accomplice = await colleague(api, Role.MANAGER), await colleague(api)
    assert await code_of(user) is None

    refused = await raced(
        api,
        user_changes.update,
        UpdateUser(user.user_id, None, DEMOTED),
        promoted(user, accomplice),
    )

    assert refused == ["FORBIDDEN"]


async def promoted(by: Api, whom: Api) -> list[str]:
    return [
        str(code) for code in (await refusals(by, {"updateUser": {"userId": of(whom), "role": "MANAGER"}})).values()
    ]


async def test_a_demoted_user_ends_no_sessions_of_others(api: Api) -> None:
    user, other = await colleague(api, Role.MANAGER), await colleague(api, kind=TokenKind.SESSION)
    assert await code_of(user) is None
    async with writing(api.portal.database) as tx:
        await users.update(tx, api.partner_id, user.user_id, {"role": DEMOTED})

    assert await refusals(user, {"signOutEverywhere": {"userId": of(other)}}) == {
        "signOutEverywhere": "UNAUTHENTICATED"
    }
    assert await code_of(other) is None
