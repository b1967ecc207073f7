"""Changing, deactivating and reactivating users by those who manage them, over HTTP on both engines."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.client_changes import ClientDetails
from domain.access import ROLE_PERMISSIONS, VENDOR_ROLES, Permission, Role, TokenKind
from resolvers import clients, ids, user_changes
from resolvers.access import viewer_of
from resolvers.clients import RegisterClient
from resolvers.context import Context
from resolvers.mutations import Work
from resolvers.portal import Portal
from resolvers.user_changes import DeactivateUser, UpdateUser
from tests import cnpjs
from tests.api import Api, Json
from tests.factories import new_caller, new_partner
from tests.resolvers.test_races import AHEAD_SECONDS, raced
from tests.schema.introspection import input_name
from tests.schema.recipes import MUTATIONS
from tests.units import writing

USER = "user { id name role isActive disabledAt }"
SIGN_OUT = """mutation ($input: SignOutEverywhereInput) { signOutEverywhere(input: $input)
    { endedSessions userErrors { code path } } }"""


def of(api: Api) -> str:
    return ids.encode("User", api.user_id)


def partner_of(api: Api) -> str:
    return ids.encode("Partner", api.partner_id)


async def colleague(api: Api, role: Role = Role.OPERATOR, **more: object) -> Api:
    return await new_caller(api.http, api.portal, api.partner_id, role=role, **more)  # type: ignore[arg-type]  # Of a test.


async def code_of(caller: Api, query: str = "{ clients { totalCount } }", **variables: object) -> str | None:
    body = await caller.post(query, **variables)
    return body["errors"][0]["extensions"]["code"] if "errors" in body else None


async def events(api: Api, last: int) -> list[Json]:
    query = "query ($n: Int!) { events(last: $n) { nodes { type message user { id } actor { id } } } }"
    return list((await api.data(query, n=last))["events"]["nodes"])


async def test_each_change_of_a_user_is_seen_and_leaves_an_event(api: Api) -> None:
    user = await colleague(api)

    updated = await api.done("updateUser", USER, {"userId": of(user), "name": "Léo", "role": "VIEWER"})
    deactivated = await api.done("deactivateUser", USER, {"userId": of(user)})
    reactivated = await api.done("reactivateUser", USER, {"userId": of(user)})

    expected = {"id": of(user), "name": "Léo", "role": "VIEWER", "isActive": True, "disabledAt": None}
    assert updated["user"] == reactivated["user"] == expected
    assert deactivated["user"]["isActive"] is False
    assert deactivated["user"]["disabledAt"] is not None
    about = {"user": {"id": of(user)}, "actor": {"id": of(api)}}
    happened = await events(api, 3)
    assert happened == [
        {"type": "USER_UPDATED", "message": "Léo: name or role changed.", **about},
        {"type": "USER_DEACTIVATED", "message": "Léo: user deactivated.", **about},
        {"type": "USER_REACTIVATED", "message": "Léo: user reactivated.", **about},
    ]
    await api.done("updateUser", USER, {"userId": of(user), "name": "Léo", "role": "VIEWER"})
    await api.done("reactivateUser", USER, {"userId": of(user)})
    assert await events(api, 3) == happened


async def test_bad_details_of_a_user_are_refused_together(api: Api) -> None:
    user = await colleague(api)

    payload = await api.mutate("updateUser", USER, {"userId": of(user), "name": " ", "role": None})

    assert [error["path"] for error in payload["userErrors"]] == [["name"], ["role"]]


async def test_users_are_listed_by_role_and_whether_they_are_active(api: Api, vendor: Api) -> None:
    viewer, gone = await colleague(api, Role.VIEWER), await colleague(api)
    await api.done("deactivateUser", USER, {"userId": of(gone)})
    query = "query ($filter: UserFilter) { users(filter: $filter, last: 100) { totalCount nodes { id } } }"

    async def listed(caller: Api, **chosen: object) -> list[str]:
        found = (await caller.data(query, filter=chosen))["users"]
        # The vendor's users are those of all tests.
        assert min(found["totalCount"], 100) == len(found["nodes"])
        return [node["id"] for node in found["nodes"]]

    assert await listed(viewer) == [of(api), of(viewer), of(gone)]
    assert await listed(api, isActive=True) == [of(api), of(viewer)]
    assert await listed(api, isActive=False) == [of(gone)]
    assert await listed(api, role=["VIEWER", "MANAGER"], isActive=True) == [of(api), of(viewer)]
    assert await listed(vendor, partnerId=partner_of(api), role=["VIEWER"]) == [of(viewer)]
    assert of(vendor) in await listed(vendor, partnerId=partner_of(vendor), isActive=True, role=["VENDOR_ADMIN"])
    assert await listed(api, partnerId=partner_of(vendor)) == []


async def test_a_deactivated_user_is_refused_at_once_and_gets_no_token_back(api: Api) -> None:
    session = await colleague(api)
    script = await new_caller(api.http, api.portal, api.partner_id, kind=TokenKind.API)
    for caller in (session, script):
        assert await code_of(caller) is None
        await api.done("deactivateUser", USER, {"userId": of(caller)})

        assert await code_of(caller) == "UNAUTHENTICATED"
        await api.done("reactivateUser", USER, {"userId": of(caller)})
        assert await code_of(caller) == "UNAUTHENTICATED"

    kinds = [event["type"] for event in await events(api, 3)]
    assert kinds == ["USER_DEACTIVATED", "TOKEN_REVOKED", "USER_REACTIVATED"]


async def test_a_new_role_applies_at_once(api: Api) -> None:
    user = await colleague(api, Role.MANAGER)
    assert await code_of(user, "{ invitations { totalCount } }") is None

    await api.done("updateUser", USER, {"userId": of(user), "role": "OPERATOR"})

    assert await code_of(user, "{ invitations { totalCount } }") == "FORBIDDEN"


async def test_managers_neither_change_their_own_role_nor_leave_no_manager(api: Api, vendor: Api) -> None:
    on_behalf = {"userId": of(api), "partnerId": partner_of(api)}

    own = [
        await api.codes("updateUser", {"userId": of(api), "role": "VIEWER"}),
        await api.codes("deactivateUser", {"userId": of(api)}),
    ]
    last = [
        await vendor.codes("updateUser", {**on_behalf, "role": "OPERATOR"}),
        await vendor.codes("deactivateUser", on_behalf),
    ]
    await colleague(api, Role.MANAGER)

    assert own == [["OWN_USER"]] * 2
    assert last == [["LAST_MANAGER"]] * 2
    assert await api.codes("updateUser", {"userId": of(api), "name": "Ana Reis", "role": "MANAGER"}) == []
    assert await vendor.codes("deactivateUser", on_behalf) == []
    assert await vendor.codes("updateUser", {**on_behalf, "role": "VIEWER"}) == []


async def test_a_role_of_the_other_organization_is_refused(api: Api, vendor: Api) -> None:
    user, seller = await colleague(api), await colleague(vendor, Role.VENDOR_SALES)

    for caller in (api, vendor):
        wanted = {"userId": of(user), "partnerId": partner_of(api), "role": "VENDOR_VIEWER"}
        assert await caller.codes("updateUser", wanted) == ["INVALID_INPUT"]
    assert await vendor.codes("updateUser", {"userId": of(seller), "role": "MANAGER"}) == ["INVALID_INPUT"]
    assert await vendor.codes("updateUser", {"userId": of(seller), "role": "VENDOR_VIEWER"}) == []


async def test_users_of_others_are_not_found(api: Api, other_api: Api, vendor: Api) -> None:
    other = await colleague(other_api)
    seller = await colleague(vendor, Role.VENDOR_SALES)

    for name, more in {"updateUser": {"name": "X"}, "deactivateUser": {}, "createPasswordResetLink": {}}.items():
        for wanted in (other, seller):
            assert await api.codes(name, {"userId": of(wanted), **more}) == ["NOT_FOUND"]
            named = {"userId": of(wanted), "partnerId": partner_of(wanted), **more}
            assert await api.codes(name, named) == ["NOT_FOUND"]
        # The vendor's users name the partner of the user.
        assert await vendor.codes(name, {"userId": of(other), **more}) == ["NOT_FOUND"]


async def test_an_api_token_gives_no_rights(api: Api) -> None:
    user = await colleague(api)
    script = await new_caller(
        api.http, api.portal, api.partner_id, kind=TokenKind.API, chosen=frozenset({Permission.USERS_MANAGE})
    )
    person = {"email": "bia@alfa.example", "name": "Bia", "role": "MANAGER"}

    refused = [
        await script.codes("updateUser", {"userId": of(user), "role": "MANAGER"}),
        await script.codes("inviteUser", person),
        await script.codes("createPasswordResetLink", {"userId": of(user)}),
    ]

    assert refused == [["SESSION_REQUIRED"]] * 3
    assert await script.codes("deactivateUser", {"userId": of(user)}) == []
    assert await script.codes("reactivateUser", {"userId": of(user)}) == ["SESSION_REQUIRED"]


async def test_all_own_sessions_end_and_scripts_work_on(api: Api) -> None:
    script = (await api.done("createApiToken", "secret", {"name": "s", "permissions": ["CLIENTS_READ"]}))["secret"]
    refused = (await replace(api, token=script).data(SIGN_OUT))["signOutEverywhere"]
    assert [error["code"] for error in refused["userErrors"]] == ["SESSION_REQUIRED"]

    ended = (await api.data(SIGN_OUT))["signOutEverywhere"]

    assert ended == {"endedSessions": 1, "userErrors": []}
    assert await code_of(api) == "UNAUTHENTICATED"
    assert await code_of(replace(api, token=script)) is None
    (event,) = await events(await colleague(api), 1)
    assert event == {
        "type": "SESSIONS_ENDED",
        "message": "Ana: sessions ended.",
        "user": {"id": of(api)},
        "actor": {"id": of(api)},
    }


async def test_sessions_of_others_are_ended_by_those_who_manage_them(api: Api, other_api: Api, vendor: Api) -> None:
    user, operator = await colleague(api), await colleague(api)
    named = {"userId": of(user), "partnerId": partner_of(api)}

    assert await code_of(operator, SIGN_OUT, input={"userId": of(user)}) == "FORBIDDEN"
    for given_ in ({"userId": of(user)}, named):
        foreign = (await other_api.data(SIGN_OUT, input=given_))["signOutEverywhere"]
        assert foreign == {"endedSessions": None, "userErrors": [{"code": "NOT_FOUND", "path": [_place(given_)]}]}
    assert await code_of(user) is None
    assert (await vendor.data(SIGN_OUT, input=named))["signOutEverywhere"]["endedSessions"] == 1
    assert await code_of(user) == "UNAUTHENTICATED"
    assert (await api.data(SIGN_OUT, input={"userId": of(operator)}))["signOutEverywhere"]["endedSessions"] == 1


def _place(given_: Mapping[str, str]) -> str:
    return "partnerId" if "partnerId" in given_ else "userId"


async def test_two_managers_who_deactivate_each_other_leave_one(api: Api) -> None:
    other = await colleague(api, Role.MANAGER)

    answers = await asyncio.gather(
        *(
            one.post(
                "mutation ($id: ID!) { deactivateUser(input: { userId: $id }) { userErrors { code } } }", id=of(another)
            )
            for one, another in ((api, other), (other, api))
        )
    )

    done = [body for body in answers if "errors" not in body and not body["data"]["deactivateUser"]["userErrors"]]
    assert len(done) == 1


async def test_two_demotions_at_once_leave_a_manager(api: Api, vendor: Api) -> None:
    other = await colleague(api, Role.MANAGER)
    on_behalf = replace(vendor, partner_id=api.partner_id)

    refused = await raced(
        on_behalf,
        user_changes.update,
        UpdateUser(api.user_id, None, Role.OPERATOR),
        api.codes("updateUser", {"userId": of(other), "role": "VIEWER"}),
    )

    assert refused == ["LAST_MANAGER"]


async def test_no_mutation_is_done_for_a_user_who_is_being_deactivated(api: Api) -> None:
    user = await colleague(api, Role.MANAGER)
    await user.data("{ viewer { role } }")
    wanted = {name: await recipe.given(api) for name, recipe in MUTATIONS.items()}
    wanted["approveOrder"] = {"orderId": wanted["approveOrder"]["orderId"]}
    before = await events(api, 1)

    async def rivals() -> list[str]:
        codes = [
            code_of(
                user,
                f"mutation ($input: {input_name(name)}!) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}",
                input=given_,
            )
            for name, given_ in wanted.items()
        ]
        return [str(code) for code in await asyncio.gather(*codes)]

    refused = await raced(api, user_changes.deactivate, DeactivateUser(user.user_id), rivals())

    assert dict(zip(wanted, refused, strict=True)) == dict.fromkeys(wanted, "UNAUTHENTICATED")
    assert [event["type"] for event in await events(api, 2)] == [before[0]["type"], "USER_DEACTIVATED"]


async def test_a_deactivation_waits_for_a_mutation_that_is_under_way(api: Api, vendor: Api) -> None:
    seller = await colleague(vendor, Role.VENDOR_ADMIN)
    viewer = await viewer_of(seller.portal, seller.token or "", None)
    assert viewer is not None
    new = RegisterClient(cnpjs.another(), ClientDetails(name="Padaria"))
    # The vendor's events have counters of their own, so that only the user is locked by both.
    async with writing(api.portal.database) as tx:
        work = Work(Context(seller.portal, viewer), tx, viewer, api.partner_id, clients.register.permission)
        await clients.register._work(work, new)  # noqa: SLF001 — the transaction around it is the test's own.
        behind = asyncio.ensure_future(vendor.codes("deactivateUser", {"userId": of(seller)}))
        done, _ = await asyncio.wait([behind], timeout=AHEAD_SECONDS)

    assert not done
    assert await behind == []
    assert (await api.data("{ clients { totalCount } }"))["clients"]["totalCount"] == 1


async def test_a_process_that_remembers_a_deactivated_user_changes_nothing_for_them(api: Api) -> None:
    user = await colleague(api)
    assert await code_of(user) is None
    elsewhere = Portal(api.portal.database, api.portal.secret, now=api.portal.now, monotonic=api.portal.monotonic)

    await raced(replace(api, portal=elsewhere), user_changes.deactivate, DeactivateUser(user.user_id), _nothing())

    new = {"cnpj": cnpjs.another(), "name": "Padaria"}
    query = "mutation ($input: RegisterClientInput!) { registerClient(input: $input) { client { id } } }"
    assert await code_of(user, query, input=new) == "UNAUTHENTICATED"


async def _nothing() -> list[str]:
    return []


_CHANGES = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 4),
        st.sampled_from([*Role, "deactivateUser", "reactivateUser"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=_CHANGES)
async def test_no_sequence_of_changes_gives_a_viewer_more_than_the_role_does(
    http: httpx.AsyncClient, portal: Portal, vendor: Api, changes: list[tuple[int, int, Role | str]]
) -> None:
    partner = await new_partner(portal)
    roles = [Role.MANAGER, Role.MANAGER, Role.OPERATOR]
    people = [await new_caller(http, portal, partner, role=role) for role in roles] + [
        await new_caller(http, portal, vendor.partner_id, role=role) for role in (Role.VENDOR_SALES, Role.VENDOR_ADMIN)
    ]

    for by, whom, change in changes:
        name, more = ("updateUser", {"role": change.value}) if isinstance(change, Role) else (change, {})
        query = f"mutation ($input: {input_name(name)}!) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"
        about = {"userId": of(people[whom]), **more}
        if whom < len(roles):
            about["partnerId"] = ids.encode("Partner", partner)
        await people[by].post(query, input=about)

        listed = (
            await vendor.data(
                "query ($id: [ID!]!) { nodes(ids: $id) { ... on User { role isActive } } }",
                id=[of(person) for person in people],
            )
        )["nodes"]
        for person, now in zip(people, listed, strict=True):
            seen = (await person.data("{ viewer { role permissions } }"))["viewer"]
            # A new session is needed after a reactivation.
            held = set() if seen is None else {Permission(each) for each in seen["permissions"]}
            assert held <= (ROLE_PERMISSIONS[Role(now["role"])] if now["isActive"] else frozenset())
            assert (Role(now["role"]) in VENDOR_ROLES) is (person.partner_id == vendor.partner_id)
        assert any(now["isActive"] and now["role"] == "MANAGER" for now in listed[: len(roles)])
