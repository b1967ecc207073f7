"""Outcome of an operation, as its line in the log and the metrics have it."""

from collections.abc import Mapping
from typing import Any

from domain.deadlines import CallerGone
from resolvers.context import Context
from server.graphql.answers import Answer


def codes(state: Mapping[str, Any]) -> frozenset[str]:
    """Return the codes of the errors of a request, without that of a query whose caller went away."""
    answer: Answer | None = state.get("answer")
    found = answer.codes if answer else frozenset()
    if "error" in state:
        found |= {state["error"]}
    return found - {CallerGone.code} if found and is_gone(state) else found


def is_gone(state: Mapping[str, Any]) -> bool:
    """Return whether the caller of a query went away."""
    context: Context | None = state.get("context")
    return context is not None and context.deadline is not None and context.deadline.gone


def was_left(state: Mapping[str, Any]) -> bool:
    """Return whether a query has no answer because its caller went away, and not because of an error."""
    if not is_gone(state):
        return False
    answer: Answer | None = state.get("answer")
    is_unanswered = answer is None or CallerGone.code in answer.codes or "error" in state
    return is_unanswered and not codes(state)
