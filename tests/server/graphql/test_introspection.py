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
}


@pytest.mark.parametrize("query", MISTAKES.values(), ids=MISTAKES)
async def test_no_mistake_of_a_stranger_is_answered_with_a_suggestion(anonymous: Api, query: str) -> None:
    answer = await anonymous.http.post("/graphql", json={"query": query})

    assert answer.status_code == HTTPStatus.OK
    assert "errors" in answer.json()
    assert "Did you mean" not in answer.text
