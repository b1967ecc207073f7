"""Warnings about an activation that was created or moved all the same."""

from typing import NamedTuple

from db import activations
from domain.activations import ActivationStatus, ActivationWarningCode
from resolvers.context import Context


class Warned(NamedTuple):
    """Warning about the printer of an activation."""

    code: ActivationWarningCode
    serial_number: str


async def of_activation(context: Context, partner_id: int, activation_id: int) -> list[Warned]:
    """Return what the user should know about the activation, as things are now."""
    activation = await context.loaders.activation.load(activation_id)
    if activation is None or activation.status is not ActivationStatus.ACTIVE or activation.ecf_serial_number is None:
        return []
    serial_number, client_id = activation.ecf_serial_number, activation.client_id
    elsewhere = await context.portal.database.read(
        lambda connection: activations.printer_in_use_elsewhere(
            connection, partner_id, ecf_serial_number=serial_number, client_id=client_id
        )
    )
    return [Warned(ActivationWarningCode.ECF_SERIAL_NUMBER_IN_USE, serial_number)] if elsewhere else []
