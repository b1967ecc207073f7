"""Points of preparing a document."""

import pytest

from domain.documents import TEXT_LENGTH_MAX
from domain.errors import SignInFirst
from schema.root import GRAPHQL_SCHEMA
from server.graphql import preparation
from server.graphql.documents import Documents


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ viewer { user { id } } }", 3),
        ("", 0),
        (f"{{ {' '.join(f'a{n}: name' for n in range(1_300))} }}", 1_301 + 14),
        ("[" * 5_000, 2_000 + 5),
        ("a " * TEXT_LENGTH_MAX, 1),
    ],
)
def test_preparing_costs_by_names_and_brackets(text: str, points: int) -> None:
    assert preparation.points(text) == points


@pytest.mark.parametrize("text", ["," * 99_000, f"#{'x' * 98_998}\n", "#\n" * 49_500])
def test_a_text_of_which_nothing_is_left_costs_by_its_length(text: str) -> None:
    assert preparation.points(f"{text}{{__typename}}") - preparation.points("{__typename}") >= 99


def test_the_length_of_a_short_text_costs_nothing() -> None:
    assert preparation.points("{__typename}" + " " * 900) == preparation.points("{__typename}")


_WRONG = " ".join(f"a{number}: nothing" for number in range(200))


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        (f"{{ clients {{ nodes {{ {_WRONG} }} }} }}", True),
        (f"{{ ...F }} fragment F on Query {{ viewer {{ {_WRONG} }} ... {{ order(id: 1) {{ id }} }} }}", True),
        (f"{{ viewer {{ user {{ {_WRONG} }} }} }}", False),
        (f"{{ nothing {_WRONG} }}", False),
        ("{ clients { nothing } }", False),
    ],
)
def test_a_stranger_s_long_private_document_is_not_validated(text: str, stops: bool) -> None:  # noqa: FBT001 — a case.
    documents = Documents(GRAPHQL_SCHEMA)

    errors = documents.get(text, of_stranger=True).errors

    assert isinstance(errors[0].original_error, SignInFirst) is stops
    assert (documents.known(text) is None) is stops
    assert not isinstance(documents.get(text).errors[0].original_error, SignInFirst)


@pytest.mark.parametrize("text", ["{ clients { nothing } }", "{ nothing }", "{ __schema { nothing } }"])
def test_without_the_schema_a_short_one_is_not_validated_either(text: str) -> None:
    documents = Documents(GRAPHQL_SCHEMA)

    errors = documents.get(text, of_stranger=True, hides_schema=True).errors

    assert isinstance(errors[0].original_error, SignInFirst)
    assert documents.known(text) is None
