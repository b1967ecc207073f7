"""Activations of many items: as if each item was done on its own, in their order, with few statements."""

from collections.abc import Mapping, Sequence

from db import activation_batches, activation_changes, activations, client_changes, licenses, partner_changes, prices
from db.activation_batches import KeyInUse
from db.activation_changes import NewActivation
from db.activations import ActivationRow
from db.clients import ClientRow
from db.licenses import Left, StockRow
from db.stock_movements import NewMovement
from domain.activations import ActivationCancellationReason, ActivationStatus
from domain.events import Event, EventType
from domain.licenses import Delta, StockMovementType, released, taken
from domain.partners import check_active
from domain.refusals import ActivationKeyInUse, NotFound, Refusal
from resolvers import activations as of_one
from resolvers import found_activations, stock_warnings
from resolvers.activations import Activated, ActivateLicense, CancelActivation, cancellable, new_activation, shortage
from resolvers.bulk import BulkMutation, Done
from resolvers.bulk_items import Filtered
from resolvers.clients import active
from resolvers.found_activations import FindActivations
from resolvers.moves import (
    ActivationMoved,
    MoveActivation,
    is_other_printer,
    moved,
    printer_replaced,
    replace_printer,
)
from resolvers.mutations import Work


async def _activate(work: Work, wanted: Mapping[int, ActivateLicense]) -> Done[Activated]:
    items = wanted.values()
    found = await client_changes.locked(work.tx, work.partner_id, [item.client_id for item in items])
    terms = await partner_changes.shared_terms(work.tx, work.partner_id)
    known = await prices.products_by_ids(work.tx, sorted({item.product_id for item in items}))
    keys = await activation_batches.keys_in_use(
        work.tx,
        work.partner_id,
        client_ids=[item.client_id for item in items],
        activation_keys=[item.activation_key for item in items],
    )
    stock = dict(await licenses.locked(work.tx, work.partner_id, known))
    done: dict[int, Activated | Refusal] = {}
    accepted: dict[int, NewActivation] = {}
    left: dict[int, Left] = {}
    for index, item in wanted.items():
        try:
            check_active(terms.status, terms.suspension_reason)
            client = active(found.get(item.client_id), "clientId")
            product = known.get(item.product_id)
            if product is None:
                raise NotFound(("productId",))
            key = _free(keys, KeyInUse(client.id, product.id, item.activation_key))
            stock[product.id] = after = _taken_from(stock.get(product.id), item)
        except Refusal as refusal:
            done[index] = refusal
            continue
        left[index] = Left(after.available, after.warning_below)
        keys.add(key)
        accepted[index] = new_activation(
            item, client, product_id=product.id, included=product.included_seats, additional=item.additional_seats
        )
    await _take(work, [*accepted.values()])
    new_ids = await _add(work, accepted)
    events, movements = [], []
    for index, new in accepted.items():
        done[index] = Activated(new_ids[index], new.product_id)
        movements.append(_movement(new.product_id, StockMovementType.ACTIVATED, new.additional_seats, new_ids[index]))
        activated = EventType.LICENSE_ACTIVATED
        events.append(Event(type=activated, client_id=new.client_id, activation_id=new_ids[index]))
        events += stock_warnings.events(left[index], terms.policy, new.product_id, new_ids[index])
    await _note(work, movements, events)
    return done


async def _cancel(work: Work, wanted: Mapping[int, CancelActivation]) -> Done[Activated]:
    ids = [item.activation_id for item in wanted.values()]
    await _lock_clients(work, ids)
    found = await activation_batches.locked(work.tx, work.partner_id, ids)
    done: dict[int, Activated | Refusal] = {}
    ended: dict[int, ActivationRow] = {}
    by_note: dict[str | None, list[ActivationRow]] = {}
    for index, item in wanted.items():
        try:
            activation = cancellable(found.get(item.activation_id))
        except Refusal as refusal:
            done[index] = refusal
            continue
        found[activation.id] = activation._replace(status=ActivationStatus.CANCELLED)
        ended[index] = activation
        by_note.setdefault(item.reason, []).append(activation)
        done[index] = Activated(activation.id, activation.product_id)
    await activation_batches.cancel(
        work.tx,
        work.partner_id,
        by_note,
        reason=ActivationCancellationReason.ACTIVATION_CANCELLED,
        by_id=work.viewer.user_id,
        at=work.now,
    )
    back: dict[int, list[int]] = {}
    for activation in ended.values():
        back.setdefault(activation.product_id, []).append(activation.additional_seats)
    deltas = {product_id: released(sum(seats), licenses=len(seats)) for product_id, seats in back.items()}
    await licenses.release_each(work.tx, work.partner_id, deltas)
    movements = [
        _movement(each.product_id, StockMovementType.RELEASED, each.additional_seats, each.id)
        for each in ended.values()
    ]
    cancelled = EventType.ACTIVATION_CANCELLED
    events = [Event(type=cancelled, client_id=each.client_id, activation_id=each.id) for each in ended.values()]
    await _note(work, movements, events)
    return done


async def _move(work: Work, wanted: Mapping[int, MoveActivation]) -> Done[ActivationMoved]:
    items = wanted.values()
    clients_to = [item.to_client_id for item in items]
    ids = [item.activation_id for item in items]
    known = await _lock_clients(work, ids, clients_to)
    terms = await partner_changes.shared_terms(work.tx, work.partner_id)
    found = await activation_batches.locked(work.tx, work.partner_id, ids)
    keys = await activation_batches.keys_in_use(
        work.tx, work.partner_id, client_ids=clients_to, activation_keys=[item.activation_key for item in items]
    )
    done: dict[int, ActivationMoved | Refusal] = {}
    accepted: dict[int, NewActivation] = {}
    ended: dict[int, ActivationRow] = {}
    with_printer: dict[int, ActivationRow] = {}
    for index, item in wanted.items():
        try:
            previous = cancellable(found.get(item.activation_id))
            client = active(known.get(item.to_client_id), "toClientId")
            if client.id != previous.client_id:
                check_active(terms.status, terms.suspension_reason)
            if is_other_printer(previous, item):
                found[previous.id] = with_printer[index] = await replace_printer(work, previous, item)
                continue
            key = _free(keys, KeyInUse(client.id, previous.product_id, item.activation_key))
        except Refusal as refusal:
            done[index] = refusal
            continue
        keys.discard(KeyInUse(previous.client_id, previous.product_id, previous.activation_key))
        keys.add(key)
        found[previous.id] = previous._replace(status=ActivationStatus.CANCELLED)
        ended[index] = previous
        accepted[index] = new_activation(
            item,
            client,
            product_id=previous.product_id,
            included=previous.seats - previous.additional_seats,
            additional=previous.additional_seats,
        )
    await activation_batches.cancel(
        work.tx,
        work.partner_id,
        {None: [*ended.values()]} if ended else {},
        reason=ActivationCancellationReason.MOVED,
        by_id=work.viewer.user_id,
        at=work.now,
    )
    new_ids = await _add(work, accepted)
    await activation_changes.point_to(
        work.tx,
        work.partner_id,
        [(previous.id, new_ids[index]) for index, previous in ended.items()],
        at=work.now,
    )
    events, movements = [], []
    for index in sorted((*ended, *with_printer)):
        if index in with_printer:
            changed = with_printer[index]
            done[index] = ActivationMoved(changed.id, None)
            events.append(printer_replaced(changed))
            continue
        previous = ended[index]
        done[index] = ActivationMoved(new_ids[index], previous.id)
        seats, product_id = previous.additional_seats, previous.product_id
        movements.append(_movement(product_id, StockMovementType.RELEASED, seats, previous.id))
        movements.append(_movement(product_id, StockMovementType.ACTIVATED, seats, new_ids[index]))
        to_client = accepted[index].client_id
        events += moved(previous, to_client_id=to_client, activation_id=new_ids[index])
    await _note(work, movements, events)
    return done


async def _lock_clients(
    work: Work, activation_ids: Sequence[int], client_ids: Sequence[int] = ()
) -> Mapping[int, ClientRow]:
    """Lock clients by id, those of the activations among them, which are to be locked afterwards."""
    seen = await activations.by_ids(work.tx, work.partner_id, sorted(set(activation_ids)))
    theirs = [activation.client_id for activation in seen.values()]
    return await client_changes.locked(work.tx, work.partner_id, [*client_ids, *theirs])


def _free(keys: set[KeyInUse], key: KeyInUse) -> KeyInUse:
    if key in keys:
        raise ActivationKeyInUse(("activationKey",))
    return key


def _taken_from(stock: StockRow | None, item: ActivateLicense) -> StockRow:
    if stock is None or stock.available < 1 or stock.additional_seats_available < item.additional_seats:
        raise shortage(stock, item)
    return stock._replace(
        activated=stock.activated + 1,
        additional_seats_allocated=stock.additional_seats_allocated + item.additional_seats,
    )


async def _take(work: Work, new: Sequence[NewActivation]) -> None:
    seats: dict[int, list[int]] = {}
    for each in new:
        seats.setdefault(each.product_id, []).append(each.additional_seats)
    deltas = {
        product_id: Delta(activated=len(of_product), additional_seats_allocated=sum(of_product))
        for product_id, of_product in seats.items()
    }
    if not await licenses.take_each(work.tx, work.partner_id, deltas):
        message = "The locked stock has fewer licenses than it had when it was locked."
        raise RuntimeError(message)


async def _add(work: Work, accepted: Mapping[int, NewActivation]) -> dict[int, int]:
    new = list(accepted.values())
    added = await activation_batches.add(work.tx, work.partner_id, new, by_id=work.viewer.user_id, at=work.now)
    return dict(zip(accepted, added, strict=True))


def _movement(product_id: int, of_type: StockMovementType, seats: int, activation_id: int) -> NewMovement:
    delta = taken(seats) if of_type is StockMovementType.ACTIVATED else released(seats)
    return NewMovement(product_id, of_type, delta, activation_id=activation_id)


async def _note(work: Work, movements: Sequence[NewMovement], events: Sequence[Event]) -> None:
    if events:
        await work.record(movements)
        await work.append(*events)


async def _still_match(work: Work, given: FindActivations, ids: Sequence[int]) -> list[int]:
    """Lock these activations, and return those that are active and match the filter now."""
    await _lock_clients(work, ids)
    await activation_batches.locked(work.tx, work.partner_id, ids)
    return await activation_batches.still_active(work.tx, work.partner_id, given.chosen, ids)


_BY_FILTER = Filtered(
    search=found_activations.search,
    still=_still_match,
    entry=found_activations.entry_of,
    changed=found_activations.count_changed,
)

activate = BulkMutation("activateLicenses", Activated, of_one.activate, _activate)
cancel = BulkMutation("cancelActivations", Activated, of_one.cancel, _cancel, filtered=_BY_FILTER)
move = BulkMutation("moveActivations", ActivationMoved, of_one.move, _move)
