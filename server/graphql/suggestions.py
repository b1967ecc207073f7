"""Suggestions, “Did you mean …”, which graphql-core makes by comparing a name with all that it could have been."""

import re
from collections.abc import Callable, Sequence

from graphql import GraphQLError

NAME_MAX = 64
"""Length of the longest name that suggestions are made for; the longest one of the schema has less than half of it."""

SUGGESTIONS_MAX = 3
"""Number of errors of a document that suggestions are made for: one takes longer than all else about the error."""

_TOO_LONG = re.compile(rf"'[^']{{{NAME_MAX + 1}}}")

Errors = Sequence[GraphQLError]


def merged(errors: Errors, suggesting: Errors) -> Errors:
    """Return the errors, those with suggestions in the place of the same ones without."""
    return [next((each for each in suggesting if _extends(each, error)), error) for error in errors]


def _extends(suggesting: GraphQLError, error: GraphQLError) -> bool:
    before, _, _ = suggesting.message.partition(". Did you mean ")
    return suggesting.nodes == error.nodes and error.message.startswith(before)


def suggested(errors: Errors, again: Callable[[], Errors]) -> Errors:
    """Return the errors with suggestions, found `again`; as they are if one of them quotes a name past the limit."""
    return errors if any(_TOO_LONG.search(error.message) for error in errors) else again()
