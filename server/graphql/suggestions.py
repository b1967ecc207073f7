"""Suggestions, “Did you mean …”, for which graphql-core compares a name with all candidates."""

import re
from collections.abc import Callable, Sequence

from graphql import GraphQLError

NAME_MAX = 64
"""Maximum length of a name that gets suggestions; the schema's longest one has less than half of it."""

SUGGESTIONS_MAX = 3
"""Maximum number of a document's errors that get suggestions, since these take most of an error's time."""

_SUGGESTION = ". Did you mean "
_TOO_LONG = re.compile(rf"'[^']{{{NAME_MAX + 1}}}")

Errors = Sequence[GraphQLError]


def plain(error: GraphQLError) -> GraphQLError:
    """Return the error without the suggestion that graphql-core adds even where suggestions are hidden."""
    before, suggestion, _ = error.message.partition(_SUGGESTION)
    return error if not suggestion else GraphQLError(f"{before}.", error.nodes, original_error=error.original_error)


def merged(errors: Errors, suggesting: Errors) -> Errors:
    """Return the errors, with those that have suggestions in place of the same ones without."""
    return [next((each for each in suggesting if _extends(each, error)), error) for error in errors]


def _extends(suggesting: GraphQLError, error: GraphQLError) -> bool:
    before, _, _ = suggesting.message.partition(_SUGGESTION)
    return suggesting.nodes == error.nodes and error.message.startswith(before)


def suggested(errors: Errors, again: Callable[[], Errors]) -> Errors:
    """Return the errors with suggestions, found `again`; unchanged if one of them quotes a name past the limit."""
    return errors if any(_TOO_LONG.search(error.message) for error in errors) else again()
