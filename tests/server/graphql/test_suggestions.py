"""Suggestions only for some callers, and the limit of quoted text in errors."""

from dataclasses import replace

import pytest

from resolvers.portal import Portal
from server.graphql.errors import QUOTED_MAX, shortened
from server.graphql.suggestions import NAME_MAX
from tests.api import Api

pytestmark = pytest.mark.edge

MISTYPED = {
    "field": "{ viewer { rolle } }",
    "type": "{ ...A } fragment A on Querry { __typename }",
    "argument": "{ clients(frist: 1) { totalCount } }",
    "enum": "{ orders(filter: {status: PENDIGN}) { totalCount } }",
    "input": "{ orders(filter: {statuss: PENDING}) { totalCount } }",
    "type of a fragment": "{ node(id: 1) { cnpj } }",
}


@pytest.mark.parametrize("query", MISTYPED.values(), ids=MISTYPED)
async def test_only_signed_in_callers_get_suggestions_after_any_other_caller(
    api: Api, anonymous: Api, query: str
) -> None:
    messages = [(await caller.error(query))["message"] for caller in (anonymous, api, anonymous, api)]

    assert ["Did you mean" in message for message in messages] == [False, True, False, True]


async def test_a_bad_token_gets_no_suggestion_either(api: Api) -> None:
    body = await replace(api, token="ppt_unknown").post(MISTYPED["field"])

    assert "Did you mean" not in str(body)


@pytest.mark.parametrize("query", MISTYPED.values(), ids=MISTYPED)
async def test_in_a_demonstration_all_callers_get_suggestions(portal: Portal, anonymous: Api, query: str) -> None:
    portal.demo = True

    assert "Did you mean" in (await anonymous.error(query))["message"]


async def test_the_same_holds_for_variables(portal: Portal, api: Api, anonymous: Api) -> None:
    query = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }"
    given = {"email": "a@b.example", "password": "a", "pasword": "a"}

    messages = [(await caller.error(query, input=given))["message"] for caller in (anonymous, api, anonymous)]
    portal.demo = True
    messages.append((await anonymous.error(query, input=given))["message"])

    assert ["Did you mean" in message for message in messages] == [False, True, False, True]


@pytest.mark.parametrize("length", [NAME_MAX + 1, 500])
async def test_nothing_is_suggested_for_a_long_name(api: Api, length: int) -> None:
    name = "cancelledActivationCount" * 20
    queries = [f"{{ viewer {{ {name[:length]} }} }}", f"{{ viewer {{ rolle {name[:length]} }} }}"]

    for query in queries:
        assert "Did you mean" not in str(await api.post(query))


LONG = "x" * 5_000
QUOTING = {
    "field": f"{{ {LONG} }}",
    "alias": f"{{ {LONG}: viewer {{ role }} {LONG}: products {{ id }} }}",
    "argument": f"{{ viewer({LONG}: 1) {{ role }} }}",
    "argument of a directive": f"{{ viewer @skip({LONG}: 1) {{ role }} }}",
    "directive": f"{{ viewer @{LONG} {{ role }} }}",
    "type": f"{{ ... on {LONG} {{ role }} }}",
    "fragment": f"{{ ...{LONG} }}",
    "fragment that is not used": f"{{ viewer {{ role }} }} fragment {LONG} on Query {{ __typename }}",
    "variable": f"query {LONG}a(${LONG}: Int) {{ viewer {{ role }} }}",
    "variable that is not defined": f"query {LONG} {{ node(id: ${LONG}) {{ id }} }}",
    "type of a variable": f"query ($a: {LONG}) {{ node(id: $a) {{ id }} }}",
    "enum": f"{{ orders(filter: {{status: {LONG}}}) {{ totalCount }} }}",
    "input": f"{{ orders(filter: {{{LONG}: 1}}) {{ totalCount }} }}",
    "string": f'{{ orders(filter: {{status: "{LONG}"}}) {{ totalCount }} }}',
    "number": f"{{ orders(first: {'1' * 5_000}) {{ totalCount }} }}",
    "operation": f"query {LONG} {{ viewer {{ role }} }} query {LONG} {{ viewer {{ role }} }}",
    "operations that are not chosen": " ".join(f"query {LONG}{n} {{ viewer {{ role }} }}" for n in range(9)),
    "name where none may be": f"{{ viewer({LONG} {LONG}",
    "number where none may be": f"{{ {'1' * 5_000} }}",
    "string where none may be": f'{{ "{LONG}" }}',
    "word where none may be": LONG,
    "fragments that end nowhere": "{ ...F0 } "
    + " ".join(f"fragment F{n} on Query {{ ...F{(n + 1) % 100} ...{'x' * 40} }}" for n in range(100)),
}


@pytest.mark.parametrize("query", QUOTING.values(), ids=QUOTING)
async def test_errors_repeat_a_hundred_characters_of_a_document_at_most(api: Api, anonymous: Api, query: str) -> None:
    for caller in (api, anonymous):
        errors = (await caller.post(query))["errors"]

        assert errors
        for error in errors:
            assert "x" * (QUOTED_MAX + 1) not in error["message"]
            assert "1" * (QUOTED_MAX + 1) not in error["message"]
            assert len(error["message"]) < QUOTED_MAX + 250


@pytest.mark.parametrize("key", [LONG, "x'" * 5_000, "x'. Did you mean 'x'? " * 500, "x\n" * 5_000])
async def test_errors_repeat_a_hundred_characters_of_a_variable_at_most(api: Api, anonymous: Api, key: str) -> None:
    query = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }"

    for caller in (api, anonymous):
        error = await caller.error(query, input={"email": "a", "password": "a", key: 1})

        assert len(error["message"]) < QUOTED_MAX + 250


async def test_the_name_of_an_operation_that_is_not_there_is_not_repeated(anonymous: Api) -> None:
    given = {"query": "query A { viewer { role } }", "operationName": LONG}

    assert "x" * (QUOTED_MAX + 1) not in (await anonymous.http.post("/graphql", json=given)).text


def test_what_a_message_has_from_the_schema_is_not_cut() -> None:
    ours = " or ".join(f"'{name}'" for name in ["OrderConnection", "[ActivationCancellationReason!]!"] * 5)

    assert (
        shortened(f"Cannot query field '{LONG}' on {ours}.") == f"Cannot query field '{'x' * QUOTED_MAX}…' on {ours}."
    )


def test_an_apostrophe_is_no_quotation_mark() -> None:
    message = f"It can't be read, and {'nothing else ' * 20}can't be either."

    assert shortened(message) == message


async def test_the_name_of_a_variable_is_repeated_in_part_too(api: Api) -> None:
    name = "v" * 10_000
    query = f"query (${name}: [EventType!]) {{ events(filter: {{types: ${name}}}) {{ totalCount }} }}"

    body = await api.post(query, **{name: ["NOTHING"] * 250})

    # The last error says only that there are more.
    assert {error["extensions"]["variable"] for error in body["errors"][:-1]} == {"v" * 100 + "…"}
