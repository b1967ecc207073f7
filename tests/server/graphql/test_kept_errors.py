"""Errors of documents, of which only the expected ones are kept."""

from typing import NoReturn

from graphql import GraphQLError, GraphQLScalarType, build_schema

from domain.errors import BadUserInput
from server.graphql.documents import Documents
from server.graphql.traces import frames

TEXT = "{ viewer(size: 1) }"


def _documents(error: Exception, cause: Exception | None = None) -> Documents:
    """Return documents of a schema with a scalar that raises the error for any literal."""
    schema = build_schema("scalar Size type Query { viewer(size: Size): Int }")
    size = schema.type_map["Size"]
    assert isinstance(size, GraphQLScalarType)

    def refuse(_value: object) -> NoReturn:
        raise error from cause

    size.coerce_input_literal = refuse
    return Documents(schema)


def test_an_unexpected_error_has_its_frames_and_is_not_kept() -> None:
    documents = _documents(ValueError("a fault"))

    (error,) = documents.get(TEXT).suggested_errors()

    assert isinstance(error.original_error, GraphQLError)
    assert isinstance(error.original_error.original_error, ValueError)
    assert frames(error.original_error.original_error)[-1].endswith("refuse")
    assert documents.known(TEXT) is None


def test_an_expected_error_is_kept_without_the_frames_of_its_causes() -> None:
    refusal = BadUserInput("It is too large.")
    documents = _documents(refusal, ValueError("a cause"))

    documents.get(TEXT).suggested_errors()

    kept = documents.known(TEXT)
    assert kept is not None
    assert kept.errors
    assert (refusal.__traceback__, refusal.__cause__, refusal.__context__) == (None, None, None)
