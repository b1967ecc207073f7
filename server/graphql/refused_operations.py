"""Answers to operations that did not begin: invalid ones, refused ones, and subscriptions that have no stream."""

from collections.abc import Iterable

from graphql import GraphQLError, GraphQLSyntaxError

from domain.deadlines import CallerGone
from domain.errors import ApiError, ProviderUnreachable, Unavailable, UnusableToken
from domain.limits import TooFewPoints
from resolvers.context import Context
from server.graphql.answers import Answer, refused
from server.graphql.documents import Document, MutationOverGetError
from server.graphql.operation_facts import Operation
from server.graphql.requirements import gets_schema, insist_on_token


def invalid(context: Context, document: Document) -> Answer:
    """Return the errors of a document that can't be parsed or is invalid."""
    insist_on_token(context)
    parsed = not any(isinstance(error, GraphQLSyntaxError) for error in document.errors)
    errors = document.suggested_errors() if gets_schema(context) else document.hidden_errors()
    return refused(context, errors, parsed=parsed)


def not_begun(context: Context, error: ApiError, operation: Operation | None) -> Answer:
    """Return the answer of an operation that was refused before it began, or raise the error that is the answer."""
    if isinstance(error, UnusableToken | ProviderUnreachable | TooFewPoints):
        raise error
    insist_on_token(context)
    if isinstance(error, MutationOverGetError):
        raise error
    return refused(context, [GraphQLError(str(error), original_error=error)], operation)


def left(context: Context, error: CallerGone, operation: Operation) -> Answer:
    """Return the answer of an operation whose caller has gone, of which only the log and the metrics read."""
    return refused(context, [GraphQLError(str(error), original_error=error)], operation)


def not_followed(context: Context, errors: Iterable[GraphQLError], operation: Operation) -> Answer:
    """Return the errors because of which a subscription has no stream; raise Unavailable if it may have one later.

    A caller takes an answer for the end of the subscription, and comes back after 503 and 504.
    """
    found = tuple(errors)
    for error in found:
        if isinstance(error.original_error, Unavailable):
            raise error.original_error
    return refused(context, found, operation)
