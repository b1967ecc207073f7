"""The twelve checks of graphql-cop, a public scanner, as its documentation names them: a stranger finds nothing."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import NamedTuple

import httpx
import pytest

from tests import plain
from tests.docs.pages import text
from tests.security.harness import Target

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Check(NamedTuple):
    """Check of the scanner: what would be wrong, and how bad it is to have it."""

    name: str
    severity: str


CHECKS = [
    Check("Alias Overloading", "HIGH"),
    Check("Batch Queries", "HIGH"),
    Check("Field Duplication", "HIGH"),
    Check("Directives Overloading", "HIGH"),
    Check("Circular Query using Introspection", "HIGH"),
    Check("Introspection", "HIGH"),
    Check("GET based Queries", "MEDIUM"),
    Check("Mutation support over GET methods", "MEDIUM"),
    Check("POST based Queries using urlencoded payloads", "MEDIUM"),
    Check("Field Suggestions", "LOW"),
    Check("GraphiQL", "LOW"),
    Check("GraphQL Tracing / Debug Modes", "INFO"),
]


@pytest.fixture(scope="module")
def stranger(production: Target) -> Iterator[httpx.Client]:
    """Client without a token."""
    with plain.Client(base_url=production.url, timeout=60) as http:
        yield http


def refusal(answer: httpx.Response) -> str:
    """Return the code of the only error of an answer without data."""
    body = answer.json()
    assert body.keys() == {"errors"}
    (error,) = body["errors"]
    return str(error["extensions"]["code"])


def post(stranger: httpx.Client, query: str) -> httpx.Response:
    return stranger.post("/graphql", json={"query": query})


def test_a_hundred_aliases_are_refused(stranger: httpx.Client) -> None:
    aliases = " ".join(f"alias{number}: __typename" for number in range(101))

    assert refusal(post(stranger, f"query cop {{ {aliases} }}")) == "COST_EXCEEDED"


def test_a_batch_of_queries_is_refused(stranger: httpx.Client) -> None:
    answer = stranger.post("/graphql", json=[{"query": "query cop { __typename }"}] * 10)

    assert (answer.status_code, refusal(answer)) == (HTTPStatus.BAD_REQUEST, "BAD_USER_INPUT")


def test_five_hundred_equal_fields_are_refused(stranger: httpx.Client) -> None:
    assert refusal(post(stranger, f"query cop {{ {'__typename ' * 500} }}")) == "COST_EXCEEDED"


@pytest.mark.parametrize("number", [10, 100, 1_000])
def test_many_directives_are_one_error(stranger: httpx.Client, number: int) -> None:
    assert refusal(post(stranger, f"query cop {{ __typename {'@aa' * number} }}")) == "COST_EXCEEDED"


def test_introspection_is_refused_also_in_a_circle(stranger: httpx.Client) -> None:
    circle = "fields { type { fields { type { fields { type { fields { type { name } } } } } } } }"
    queries = [
        "query cop { __schema { types { name fields { name } } } }",
        f"{{ __schema {{ types {{ {circle} }} }} }}",
    ]

    assert refusal(post(stranger, queries[0])) == "UNAUTHENTICATED"
    assert refusal(post(stranger, queries[1])) in {"UNAUTHENTICATED", "COST_EXCEEDED"}


def test_neither_a_query_nor_a_mutation_is_run_by_get(stranger: httpx.Client) -> None:
    answers = [
        stranger.get("/graphql", params={"query": query})
        for query in ("query cop { __typename }", "mutation cop { __typename }")
    ]

    assert [refusal(answer) for answer in answers] == ["UNAUTHENTICATED"] * 2


def test_a_form_is_no_request(stranger: httpx.Client) -> None:
    answer = stranger.post("/graphql", data={"query": "query cop { __typename }"})

    assert (answer.status_code, refusal(answer)) == (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "BAD_USER_INPUT")


def test_nothing_is_suggested(stranger: httpx.Client) -> None:
    for query in ("query cop { __schema { directive } }", "{ vieweer { role } }", "{ viewer }"):
        assert "Did you mean" not in post(stranger, query).text


@pytest.mark.parametrize(
    "path", ["/", "/graphql", "/graphiql", "/playground", "/console", "/altair", "/graphiql/assets/"]
)
def test_no_page_is_shown(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path, headers=HTML)

    assert "html" not in answer.headers["content-type"]
    assert "graphiql" not in answer.text.lower()


def test_no_answer_has_traces(stranger: httpx.Client) -> None:
    answers = [
        post(stranger, "query cop { __typename }"),
        stranger.post("/graphql", json={"query": "{ __typename }"}, headers={"X-Apollo-Tracing": "1"}),
    ]

    assert [answer.json() for answer in answers] == [{"data": {"__typename": "Query"}}] * 2


def test_the_page_names_every_check() -> None:
    page = text("docs/security.md")

    assert [check for check in CHECKS if f"| {check.name} | {check.severity} |" not in page] == []
