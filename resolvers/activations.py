"""Activations, "Detalhes da Ativação"."""

from secrets import randbits
from typing import NamedTuple

from db import activation_changes, activations, client_changes, licenses, partner_changes, prices
from db.activation_changes import NewActivation
from db.activations import ActivationFilter, ActivationRow, ActivationSortKey
from db.clients import ClientRow
from db.engine.statement import Columns
from db.licenses import StockRow
from db.stock_movements import NewMovement
from domain.access import Permission
from domain.activations import (
    AUTHORIZATION_CODE_BITS,
    ActivationCancellationReason,
    ActivationStatus,
    authorization_code,
)
from domain.events import Event, EventType
from domain.licenses import StockMovementType, released, taken
from domain.partners import check_active
from domain.refusals import (
    ActivationCancelled,
    ActivationKeyInUse,
    NotFound,
    OutOfSeats,
    OutOfStock,
)
from resolvers import pages, stock_warnings
from resolvers.clients import active
from resolvers.context import Context
from resolvers.dataloader import MaybeAwaitable
from resolvers.moves import (
    ActivationMoved,
    MoveActivation,
    is_other_printer,
    moved,
    printer_replaced,
    replace_printer,
)
from resolvers.mutations import Work, mutation
from resolvers.pages import EVERYTHING, Page, PageArguments, Selection


def by_id(context: Context, activation_id: int, columns: Columns = None) -> MaybeAwaitable[ActivationRow | None]:
    """Return the activation with these columns."""
    context.require(Permission.ACTIVATIONS_READ)
    return context.loaders.activation.load_only(columns).find(activation_id)


def page(
    context: Context,
    chosen: ActivationFilter,
    by: ActivationSortKey,
    arguments: PageArguments,
    *,
    descending: bool,
    named: int | None = None,
    selection: Selection = EVERYTHING,
) -> MaybeAwaitable[Page[ActivationRow]]:
    """Return a page of the activations, of the partner that is named or all, of which it reads the selection."""
    context.require(Permission.ACTIVATIONS_READ)
    scope = context.within(named)
    listing = activations.listing(scope, chosen, by, descending=descending)
    return pages.page(context, scope, listing, arguments, selection)


def can_cancel(context: Context, activation: ActivationRow) -> bool:
    """Return whether the viewer can cancel the activation now."""
    return context.may(Permission.ACTIVATIONS_WRITE) and activation.status is ActivationStatus.ACTIVE


class ActivateLicense(NamedTuple):
    """License to activate for a client's installation."""

    client_id: int
    product_id: int
    activation_key: str
    additional_seats: int
    ecf_serial_number: str | None
    note: str | None


class Activated(NamedTuple):
    """Activation that was created or cancelled, and the product whose stock it changed."""

    activation_id: int
    product_id: int


@mutation("activateLicense", Activated)
async def activate(work: Work, given: ActivateLicense) -> Activated:
    """Take one license and the additional seats from the stock, for an active client."""
    found = await client_changes.locked(work.tx, work.partner_id, [given.client_id])
    terms = await work.terms()
    client = active(found.get(given.client_id), "clientId")
    product = (await prices.products_by_ids(work.tx, [given.product_id])).get(given.product_id)
    if product is None:
        raise NotFound(("productId",))
    await _check_key(work, given.client_id, given.product_id, given.activation_key)
    delta = taken(given.additional_seats)
    left = await licenses.take(work.tx, work.partner_id, product.id, delta)
    if left is None:
        raise await _shortage(work, given)
    activation_id = await _begin(
        work, given, client, product_id=product.id, included=product.included_seats, additional=given.additional_seats
    )
    movement = NewMovement(product.id, StockMovementType.ACTIVATED, delta, activation_id=activation_id)
    await work.record([movement])
    activated = Event(type=EventType.LICENSE_ACTIVATED, client_id=given.client_id, activation_id=activation_id)
    await work.append(activated, *stock_warnings.events(left, terms.policy, product.id, activation_id))
    return Activated(activation_id, product.id)


class CancelActivation(NamedTuple):
    """Activation to cancel, and the reason."""

    activation_id: int
    reason: str | None


@mutation("cancelActivation", Activated)
async def cancel(work: Work, given: CancelActivation) -> Activated:
    """Cancel an activation, and return its license and seats to the stock."""
    await client_changes.lock_of_activation(work.tx, work.partner_id, given.activation_id)
    activation = cancellable(await activation_changes.locked(work.tx, work.partner_id, given.activation_id))
    await activation_changes.cancel(
        work.tx,
        work.partner_id,
        activation,
        reason=ActivationCancellationReason.ACTIVATION_CANCELLED,
        by_id=work.viewer.user_id,
        at=work.now,
        note=given.reason,
    )
    delta = released(activation.additional_seats)
    await licenses.release(work.tx, work.partner_id, activation.product_id, delta)
    movement = NewMovement(activation.product_id, StockMovementType.RELEASED, delta, activation_id=activation.id)
    await work.record([movement])
    await work.append(
        Event(type=EventType.ACTIVATION_CANCELLED, client_id=activation.client_id, activation_id=activation.id)
    )
    return Activated(activation.id, activation.product_id)


@mutation("moveActivation", ActivationMoved)
async def move(work: Work, given: MoveActivation) -> ActivationMoved:
    """Cancel an activation and activate its license and seats elsewhere in one transaction.

    If only the printer is another one, the activation stays, with its authorization code.
    """
    # Clients are locked before activations, as in every transaction, so the activation's is looked up first.
    seen = await activations.by_ids(work.tx, work.partner_id, [given.activation_id])
    client_ids = [given.to_client_id, *(activation.client_id for activation in seen.values())]
    found = await client_changes.locked(work.tx, work.partner_id, client_ids)
    # A suspended partner may still replace the computer of a client that it serves.
    is_other_client = any(activation.client_id != given.to_client_id for activation in seen.values())
    terms = await partner_changes.shared_terms(work.tx, work.partner_id) if is_other_client else None
    previous = cancellable(await activation_changes.locked(work.tx, work.partner_id, given.activation_id))
    client = active(found.get(given.to_client_id), "toClientId")
    if terms is not None:
        check_active(terms.status, terms.suspension_reason)
    if is_other_printer(previous, given):
        await work.append(printer_replaced(await replace_printer(work, previous, given)))
        return ActivationMoved(previous.id, None)
    await _check_key(work, given.to_client_id, previous.product_id, given.activation_key)
    await activation_changes.cancel(
        work.tx,
        work.partner_id,
        previous,
        reason=ActivationCancellationReason.MOVED,
        by_id=work.viewer.user_id,
        at=work.now,
    )
    activation_id = await _begin(
        work,
        given,
        client,
        product_id=previous.product_id,
        included=previous.seats - previous.additional_seats,
        additional=previous.additional_seats,
    )
    await activation_changes.point_to(work.tx, work.partner_id, [(previous.id, activation_id)], at=work.now)
    back, out = released(previous.additional_seats), taken(previous.additional_seats)
    lines = [
        NewMovement(previous.product_id, StockMovementType.RELEASED, back, activation_id=previous.id),
        NewMovement(previous.product_id, StockMovementType.ACTIVATED, out, activation_id=activation_id),
    ]
    await work.record(lines)
    await work.append(*moved(previous, to_client_id=given.to_client_id, activation_id=activation_id))
    return ActivationMoved(activation_id, previous.id)


async def _begin(
    work: Work,
    given: ActivateLicense | MoveActivation,
    client: ClientRow,
    *,
    product_id: int,
    included: int,
    additional: int,
) -> int:
    new = new_activation(given, client, product_id=product_id, included=included, additional=additional)
    return await activation_changes.add(work.tx, work.partner_id, new, by_id=work.viewer.user_id, at=work.now)


def new_activation(
    given: ActivateLicense | MoveActivation, client: ClientRow, *, product_id: int, included: int, additional: int
) -> NewActivation:
    """Return the activation of an input, with an authorization code."""
    return NewActivation(
        client_id=client.id,
        product_id=product_id,
        authorization_code=authorization_code(randbits(AUTHORIZATION_CODE_BITS)),
        activation_key=given.activation_key,
        ecf_serial_number=given.ecf_serial_number,
        seats=included + additional,
        additional_seats=additional,
        note=given.note,
        client_name_folded=client.name_folded,
    )


def cancellable(activation: ActivationRow | None) -> ActivationRow:
    """Return the activation of an input; refuse an unknown or cancelled one."""
    if activation is None:
        raise NotFound(("activationId",))
    if activation.status is ActivationStatus.CANCELLED:
        raise ActivationCancelled(("activationId",))
    return activation


async def _check_key(work: Work, client_id: int, product_id: int, activation_key: str) -> None:
    in_use = await activation_changes.key_in_use(
        work.tx, work.partner_id, client_id=client_id, product_id=product_id, activation_key=activation_key
    )
    if in_use:
        raise ActivationKeyInUse(("activationKey",))


async def _shortage(work: Work, given: ActivateLicense) -> OutOfStock | OutOfSeats:
    stock = (await licenses.locked(work.tx, work.partner_id, [given.product_id])).get(given.product_id)
    return shortage(stock, given)


def shortage(stock: StockRow | None, given: ActivateLicense) -> OutOfStock | OutOfSeats:
    """Return the refusal of an activation for which the stock has too little."""
    available = 0 if stock is None else stock.available
    if stock is None or available < 1:
        return OutOfStock(("productId",), product_id=given.product_id, requested=1, available=available)
    return OutOfSeats(
        ("additionalSeats",),
        product_id=given.product_id,
        requested=given.additional_seats,
        available=stock.additional_seats_available,
    )
