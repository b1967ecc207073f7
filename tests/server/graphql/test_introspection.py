"""The schema's description is for the signed in, unless the operator or a demonstration shows it to all."""

from dataclasses import replace
from http import HTTPStatus

import pytest

from domain.access import Role
from resolvers.portal import Portal
from tests.api import Api
from tests.factories import new_caller

pytestmark = pytest.mark.edge

DESCRIBING = {
    "schema": "{ __schema { queryType { name } } }",
    "type": '{ __type(name: "Client") { name } }',
    "alias": "{ a: __schema { queryType { name } } viewer { role } }",
    "fragment": "{ ...A } fragment A on Query { ... { __schema { queryType { name } } } }",
    "skipped": "{ __typename __schema @skip(if: true) { queryType { name } } }",
}


@pytest.mark.parametrize("query", DESCRIBING.values(), ids=DESCRIBING)
async def test_strangers_get_no_description(api: Api, anonymous: Api, query: str) -> None:
    unknown = replace(api, token="ppt_unknown")

    codes = [(await caller.error(query))["extensions"]["code"] for caller in (anonymous, unknown)]

    assert codes == ["UNAUTHENTICATED"] * 2
    assert "errors" not in await api.post(query)
    assert (await anonymous.error(query))["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("query", DESCRIBING.values(), ids=DESCRIBING)
async def test_a_demonstration_or_the_operator_shows_it_to_all(portal: Portal, anonymous: Api, query: str) -> None:
    portal.demo = True
    assert "errors" not in await anonymous.post(query)

    portal.open_schema = False
    assert (await anonymous.error(query))["extensions"]["code"] == "UNAUTHENTICATED"

    portal.demo, portal.open_schema = False, True
    assert "errors" not in await replace(anonymous, token="ppt_unknown").post(query)


async def test_typename_tells_nothing_and_is_answered(anonymous: Api) -> None:
    assert await anonymous.data("{ __typename }") == {"__typename": "Query"}


async def test_a_viewer_without_a_needed_second_factor_gets_it(portal: Portal, api: Api) -> None:
    portal.vendor_second_factor = True
    caller = await new_caller(api.http, portal, api.partner_id, role=Role.VIEWER)

    assert "errors" not in await caller.post(DESCRIBING["schema"])


MISTAKES = {
    "no selection": "{ viewer }",
    "a selection of a scalar": "{ viewer { role { a } } }",
    "field": "{ viewer { rolle } }",
    "field of a subtype": '{ node(id: "a") { cnpj } }',
    "root field": "{ client { id } viewwer { role } }",
    "argument": '{ client(idd: "a") { id } }',
    "directive": "{ viewer @skipp(if: true) { role } }",
    "argument of a directive": "{ viewer @skip(iff: true) { role } }",
    "type": "{ ... on Querry { viewer { role } } }",
    "type of a variable": "query ($a: OrderFiltre) { orders(filter: $a) { totalCount } }",
    "enum": "{ orders(filter: { status: PENDIGN }) { totalCount } }",
    "enum as a string": '{ orders(filter: { status: "PENDING" }) { totalCount } }',
    "input field": "{ orders(filter: { statuss: PENDING }) { totalCount } }",
    "fragment": "{ ...Vewer } fragment Viewer on Query { viewer { role } }",
    "variable": "query ($viewer: ID!) { client(id: $vewer) { id } }",
    "no selection of a private field": "{ clients }",
    "input of a private field": "mutation { cancelOrder(input: { foo: 1 }) { order { id } } }",
    "missing argument": "{ client { id } }",
    "field of a private one": '{ client(id: "a") { foo } }',
    "field of a subscription": "subscription { foo }",
    "input of a sign-in": "mutation { signIn(input: { foo: 1 }) { token } }",
    "field of introspection": "{ __schema { foo } }",
    "type of a variable of a sign-in": "mutation ($a: Int) { signIn(input: $a) { token } }",
    "private fragment": "{ viewer { role } ...A } fragment A on Query { ... { clients } }",
}


@pytest.mark.parametrize("query", MISTAKES.values(), ids=MISTAKES)
async def test_no_mistake_of_a_stranger_is_answered_with_a_suggestion(anonymous: Api, query: str) -> None:
    answer = await anonymous.http.post("/graphql", json={"query": query})

    assert answer.status_code == HTTPStatus.OK
    assert "errors" in answer.json()
    assert "Did you mean" not in answer.text


SIGN_IN_FIRST = ("UNAUTHENTICATED", "Sign in to continue.")
MISFIT = ("BAD_USER_INPUT", "The document or a variable does not fit the schema. Send a token to get the reasons.")
PUBLIC = {
    "no selection",
    "a selection of a scalar",
    "field",
    "directive",
    "argument of a directive",
    "type",
    "input of a sign-in",
    "type of a variable of a sign-in",
}
"""Mistakes in operations that select nothing that needs a viewer; a fragment that is missing has no fields."""


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_stranger_learns_no_name_of_the_schema_from_a_mistake(api: Api, anonymous: Api, mistake: str) -> None:
    query = MISTAKES[mistake]
    expected = MISFIT if mistake in PUBLIC | {"fragment"} else SIGN_IN_FIRST

    first = await anonymous.error(query)
    of_viewer = (await api.post(query))["errors"]
    again = await anonymous.error(query)

    for error in (first, again):
        assert error.keys() == {"message", "extensions"}
        assert (error["extensions"], error["message"]) == ({"code": expected[0]}, expected[1])
    assert all(error["message"] not in {MISFIT[1], SIGN_IN_FIRST[1]} for error in of_viewer)


async def test_a_stranger_learns_no_name_of_the_schema_from_a_variable(api: Api, anonymous: Api) -> None:
    query = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }"

    errors = [await caller.error(query, input={"email": "a"}) for caller in (anonymous, api, anonymous)]

    assert [(error["extensions"]["code"], error["message"]) for error in errors[::2]] == [MISFIT] * 2
    assert errors[0].keys() == {"message", "extensions"}
    assert "password" in errors[1]["message"]


async def test_an_unknown_field_is_answered_as_one_for_viewers(api: Api, anonymous: Api) -> None:
    queries = ["{ foo { id } }", "{ clients { totalCount } }", "{ clients(first: 1000000) { totalCount } }"]

    answers = [await anonymous.post(query) for query in queries]
    for query in queries:
        await api.post(query)
    answers += [await anonymous.post(query) for query in queries]

    assert answers == answers[:1] * 6


BESIDE = {
    "valid": "query A { viewer { role } } query B { clients { totalCount } }",
    "argument": "query A { viewer { role } } query B { clients(foo: 1) { totalCount } }",
    "field": "query A { viewer { role } } query B { foo }",
    "input": "query A { viewer { role } } mutation B { cancelOrder(input: { foo: 1 }) { order { id } } }",
    "fragment": "query A { viewer { role } } query B { ...F } fragment F on Query { clients { foo } }",
}
"""Documents of which one operation is public, and the other one may be wrong."""


@pytest.mark.parametrize("name", [*"ABC", None])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("sent", ["nothing", "ppt_unknown"])
async def test_a_text_with_an_operation_for_viewers_is_refused_alike(
    api: Api, anonymous: Api, name: str | None, method: str, sent: str
) -> None:
    headers = {} if sent == "nothing" else {"Authorization": f"Bearer {sent}"}

    async def answer(query: str) -> tuple[int, object]:
        given = {"query": query} | ({} if name is None else {"operationName": name})
        params, body = (given, None) if method == "GET" else (None, given)
        answer = await anonymous.http.request(method, "/graphql", headers=headers, params=params, json=body)
        return answer.status_code, answer.json()["errors"]

    answers = [await answer(query) for query in BESIDE.values()]
    for query in BESIDE.values():
        await api.post(query)
    answers += [await answer(query) for query in BESIDE.values()]

    assert answers == answers[:1] * len(answers)


@pytest.mark.parametrize("mistake", sorted(set(MISTAKES) - {"field of introspection"}))
async def test_a_demonstration_explains_a_mistake_to_all(portal: Portal, anonymous: Api, mistake: str) -> None:
    portal.demo = True

    errors = (await anonymous.post(MISTAKES[mistake]))["errors"]

    assert {error["extensions"]["code"] for error in errors} == {"BAD_USER_INPUT"}
    assert all(error["message"] != MISFIT[1] for error in errors)
