"""Moves of activations, “substituição”: what they ask for, and those that change nothing but the fiscal printer."""

from typing import NamedTuple

from db import activation_changes
from db.activations import ActivationRow
from domain.events import Event, EventType
from resolvers.mutations import Work


class MoveActivation(NamedTuple):
    """Activation to move to another client, key or printer."""

    activation_id: int
    to_client_id: int
    activation_key: str
    ecf_serial_number: str | None
    note: str | None
    without_printer: bool = False
    """Whether the input says that there is no printer, and does not only leave it out."""

    def __repr__(self) -> str:
        """Return the text of the input, which an idempotency key remembers.

        Null and an omitted printer are one input: where they differ, the move with the omitted one is refused.
        """
        remembered = zip(self._fields[:-1], self, strict=False)
        return f"MoveActivation({', '.join(f'{name}={value!r}' for name, value in remembered)})"


class ActivationMoved(NamedTuple):
    """Activation that holds the license now, and the one that it replaced; None if it has only another printer."""

    activation_id: int
    previous_id: int | None


def is_other_printer(previous: ActivationRow, given: MoveActivation) -> bool:
    """Return whether a move changes nothing but the printer of the installation."""
    stays = (previous.client_id, previous.activation_key) == (given.to_client_id, given.activation_key)
    is_said = given.without_printer or given.ecf_serial_number is not None
    return stays and is_said and given.ecf_serial_number != previous.ecf_serial_number


async def replace_printer(work: Work, activation: ActivationRow, given: MoveActivation) -> ActivationRow:
    """Write the serial number of the new printer, or none, and a new note if there is one; return the activation."""
    changed = activation._replace(
        ecf_serial_number=given.ecf_serial_number, note=activation.note if given.note is None else given.note
    )
    await activation_changes.replace_printer(
        work.tx,
        work.partner_id,
        activation.id,
        ecf_serial_number=changed.ecf_serial_number,
        note=changed.note,
        at=work.now,
    )
    if activation.note not in {None, changed.note}:
        # A note may be replaced because it says what must not be kept.
        work.after_commit.append(work.context.portal.database.mark_erased)
    return changed


def printer_replaced(activation: ActivationRow) -> Event:
    """Return the event of an activation that has another printer."""
    return Event(type=EventType.ACTIVATION_UPDATED, client_id=activation.client_id, activation_id=activation.id)


def moved(previous: ActivationRow, *, to_client_id: int, activation_id: int) -> tuple[Event, Event]:
    """Return the events of a move, so that the client that the license leaves has one too."""
    return (
        Event(type=EventType.ACTIVATION_CANCELLED, client_id=previous.client_id, activation_id=previous.id),
        Event(type=EventType.ACTIVATION_MOVED, client_id=to_client_id, activation_id=activation_id),
    )
