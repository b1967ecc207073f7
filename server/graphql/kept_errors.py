"""Errors that are kept after the request in which they were raised.

The traceback of an exception refers to the frames below it, and each frame to that of its caller: a kept error would
keep the variables of all functions that were running, and so the request.
"""

from collections.abc import Iterable

from graphql import GraphQLError

from domain.errors import ApiError


def is_expected(error: GraphQLError) -> bool:
    """Return whether the error is the caller's: any other one is logged with its frames."""
    return isinstance(_chain(error)[-1], GraphQLError | ApiError)


def release_frames(errors: Iterable[GraphQLError]) -> None:
    """Drop the frames of expected errors, and those of the exceptions that they are made of."""
    for error in errors:
        if is_expected(error):
            for each in _chain(error):
                each.__traceback__ = each.__context__ = each.__cause__ = None


def _chain(error: GraphQLError) -> list[BaseException]:
    """Return the error and the original errors below it, the innermost last."""
    chain: list[BaseException] = [error]
    while isinstance(each := chain[-1], GraphQLError) and each.original_error is not None:
        chain.append(each.original_error)
    return chain
