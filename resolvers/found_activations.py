"""Activations that a filter finds, to cancel many at once: their number must be the one that the user has seen."""

from typing import NamedTuple

from db import activation_batches
from db.activations import ActivationFilter
from db.engine import Connection
from domain.access import Permission
from domain.bulk import CountChanged
from resolvers.activations import CancelActivation
from resolvers.bulk_items import Entry
from resolvers.context import Context


class FindActivations(NamedTuple):
    """Filter of the activations to cancel, the partner that it names, how many it must match, and the reason."""

    chosen: ActivationFilter
    of_partner: int | None
    expected: int
    reason: str | None


async def search(context: Context, connection: Connection, partner_id: int, given: FindActivations) -> list[int]:
    """Return the active activations that match the filter; refuse another number than the expected one.

    Raises Forbidden for a viewer who may not read activations, since the number says whether there are any.
    """
    context.require(Permission.ACTIVATIONS_READ)
    ids: list[int] = []
    if given.of_partner in {None, partner_id}:
        ids = await activation_batches.active(connection, partner_id, given.chosen, at_most=given.expected + 1)
    actual = len(ids)
    if actual > given.expected:
        actual = await activation_batches.count_active(connection, partner_id, given.chosen)
    if actual != given.expected:
        raise count_changed(given.expected, actual)
    return ids


def entry_of(given: FindActivations, activation_id: int) -> Entry[CancelActivation]:
    """Return the cancellation of an activation that was found."""
    return Entry(("filter",), CancelActivation(activation_id, given.reason), lone=True)


def count_changed(expected: int, actual: int) -> CountChanged:
    """Return the refusal of another number than the expected one."""
    return CountChanged(("expectedCount",), expected=expected, actual=actual)
