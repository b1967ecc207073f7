"""Warnings about activations that were created or moved all the same."""

from collections.abc import Sequence
from typing import NamedTuple

from db import activation_changes
from db.activations import ActivationRow
from domain.activations import ActivationStatus, ActivationWarningCode
from resolvers.context import Context
from resolvers.dataloader import loaded


class Warned(NamedTuple):
    """Warning about the printer of an activation."""

    code: ActivationWarningCode
    serial_number: str


async def of_activations(context: Context, ids: Sequence[int | None]) -> list[list[Warned]]:
    """Return what the user should know about each of a partner's activations, as things are now."""
    rows: Sequence[ActivationRow | None] = await loaded(context.loaders.activation.load_many(ids))
    printers = {row.ecf_serial_number for row in rows if row is not None and _has_printer(row)} - {None}
    if not printers:
        return [[] for _ in rows]
    (partner_id,) = {row.partner_id for row in rows if row is not None}
    serial_numbers = [number for number in printers if number is not None]
    in_use = await context.portal.database.read(
        lambda connection: activation_changes.printers_in_use(connection, partner_id, serial_numbers)
    )
    return [_warned(row, in_use.get(row.ecf_serial_number or "", set())) if row else [] for row in rows]


def _has_printer(activation: ActivationRow) -> bool:
    return activation.status is ActivationStatus.ACTIVE and activation.ecf_serial_number is not None


def _warned(activation: ActivationRow, clients: set[int]) -> list[Warned]:
    if not _has_printer(activation) or not clients - {activation.client_id}:
        return []
    return [Warned(ActivationWarningCode.ECF_SERIAL_NUMBER_IN_USE, activation.ecf_serial_number or "")]
