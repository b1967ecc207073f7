"""Corrections of activations, which leave the license where it is."""

from typing import Any, NamedTuple

from db import activation_changes, activations, client_changes
from db.activations import ActivationRow
from domain.events import Event, EventType
from domain.refusals import NotFound
from resolvers.activations import Activated
from resolvers.clients import active
from resolvers.mutations import Work, mutation


class UpdateActivation(NamedTuple):
    """New details of an activation; those that `changes` does not name are kept."""

    activation_id: int
    changes: tuple[tuple[str, Any], ...]


@mutation("updateActivation", Activated)
async def update(work: Work, given: UpdateActivation) -> Activated:
    """Correct the note of an activation, active or not; write nothing, and no event, if nothing changes."""
    activation = await _locked(work, given.activation_id)
    note = dict(given.changes).get("note", activation.note)
    if note != activation.note:
        await activation_changes.set_note(work.tx, work.partner_id, activation.id, note, at=work.now)
        changed = Event(type=EventType.ACTIVATION_UPDATED, client_id=activation.client_id, activation_id=activation.id)
        await work.append(changed)
        if activation.note is not None:
            # A note may be corrected because it says what must not be kept.
            work.after_commit.append(work.context.portal.database.mark_erased)
    return Activated(activation.id, activation.product_id)


async def _locked(work: Work, activation_id: int) -> ActivationRow:
    """Return the activation, which is locked after its client; refuse one that was erased with its client."""
    seen = (await activations.by_ids(work.tx, work.partner_id, [activation_id])).get(activation_id)
    if seen is None:
        raise NotFound(("activationId",), field="activationId")
    found = await client_changes.locked(work.tx, work.partner_id, [seen.client_id])
    active(found.get(seen.client_id), "activationId")
    activation = await activation_changes.locked(work.tx, work.partner_id, activation_id)
    if activation is None:
        raise NotFound(("activationId",), field="activationId")
    return activation
