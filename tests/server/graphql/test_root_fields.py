"""One operation acts as one viewer: a field that changes the viewer is alone in its operation."""

import pytest

from tests.api import Api

SIGN_IN = 'signIn(input: {email: "a@b.example", password: "a"}) { token }'
TOKEN = 'createApiToken(input: {name: "a", permissions: [ORDERS_READ]}) { secret }'

FRAGMENTS = """mutation { ...A ...B }
    fragment A on Mutation { ...B }
    fragment B on Mutation { ...C }
    fragment C on Mutation { signOut { signedOut } a: signOut { signedOut } }"""


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (f"mutation {{ {SIGN_IN} again: {SIGN_IN} }}", "signIn"),
        (f"mutation {{ {SIGN_IN} {SIGN_IN} }}", "signIn"),
        (f"mutation {{ {SIGN_IN} signOut {{ signedOut }} }}", "signIn"),
        (f"mutation {{ {TOKEN} signOut {{ signedOut }} }}", "signOut"),
        (f"mutation {{ signOut {{ signedOut }} ...A }} fragment A on Mutation {{ ... {{ {TOKEN} }} }}", "signOut"),
        (FRAGMENTS, "signOut"),
        (f"mutation {{ ... on Mutation {{ {SIGN_IN} }} ... @include(if: false) {{ {TOKEN} }} }}", "signIn"),
        ("mutation { renewSession { token } signOut { signedOut } }", "renewSession"),
        ("mutation { " + " ".join(f"a{n}: {SIGN_IN}" for n in range(150)) + " }", "signIn"),
    ],
)
async def test_what_changes_the_viewer_is_refused_beside_anything_else(api: Api, query: str, name: str) -> None:
    error = await api.error(query)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert f"“{name}” must be the only field" in error["message"]
    assert len(error["locations"]) == 2
    assert "path" not in error
    assert (await api.data("{ viewer { apiTokens { id } } }"))["viewer"] == {"apiTokens": []}


@pytest.mark.parametrize(
    "query",
    [
        "mutation { __typename signOut { signedOut } a: __typename }",
        "mutation { ...A ...A } fragment A on Mutation { signOut { signedOut } }",
        f"mutation {{ {SIGN_IN} }}",
        f"mutation {{ {TOKEN} a: {TOKEN} }}",
    ],
)
async def test_alone_and_beside_its_type_name_it_is_answered(api: Api, query: str) -> None:
    assert await api.data(query)


async def test_of_several_operations_only_the_chosen_one_counts(api: Api) -> None:
    query = f"mutation A {{ {SIGN_IN} a: {SIGN_IN} }} mutation B {{ signOut {{ signedOut }} }}"
    headers = {"Authorization": f"Bearer {api.token}"}

    bodies = [
        (await api.http.post("/graphql", json={"query": query, "operationName": name}, headers=headers)).json()
        for name in "AB"
    ]

    assert bodies[0]["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert bodies[1] == {"data": {"signOut": {"signedOut": True}}}
