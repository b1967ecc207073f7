"""Clients, "Clientes / ECFs"."""

from collections import Counter
from collections.abc import Sequence
from secrets import token_hex
from typing import NamedTuple

import structlog

from db import (
    activation_changes,
    client_changes,
    client_erasure,
    clients,
    erasure_events,
    erasures,
    holdings,
    licenses,
    stock_movements,
    tables,
)
from db.activation_changes import HeldLicense
from db.activations import ActivationRow
from db.client_changes import ClientDetails
from db.clients import ClientFilter, ClientRow, ClientSortKey
from db.engine.connection import LockedElsewhereError
from db.engine.row_batch import RowBatch
from db.engine.statement import Columns
from db.erasures import Erasure
from db.free_texts import AFTER_STOCK, BEFORE_ACTIVATIONS, OF_ACTIVATIONS
from db.holdings import Released
from db.stock_movements import NewMovement
from domain.access import Permission
from domain.clients import ClientStatus
from domain.erasure import ErasedCount, ErasedKind, Identity, counts, receipt, single_words
from domain.events import Event, EventOfEach, EventType, counted
from domain.licenses import StockMovementType, released
from domain.refusals import ClientCancelled, CnpjAlreadyRegistered, NotFound
from domain.webhooks import SuspensionReason
from resolvers import pages
from resolvers.columns import column
from resolvers.context import Context
from resolvers.dataloader import Batch, MaybeAwaitable, then
from resolvers.mutations import Work, mutation
from resolvers.pages import EVERYTHING, Page, PageArguments, Selection

_OPAQUE_BYTES = 6

_log = structlog.get_logger("portal.webhooks")


def by_id(context: Context, client_id: int, columns: Columns = None) -> MaybeAwaitable[ClientRow | None]:
    """Return the client with these columns."""
    context.require(Permission.CLIENTS_READ)
    return context.loaders.client.load_only(columns).find(client_id)


async def by_cnpj(context: Context, cnpj: str, named: int | None = None) -> ClientRow | None:
    """Return the partner's active client with that CNPJ."""
    context.require(Permission.CLIENTS_READ)
    partner_id = context.of_one_partner(named, "partnerId")
    client_id = await context.portal.database.read(lambda connection: clients.id_by_cnpj(connection, partner_id, cnpj))
    return None if client_id is None else await context.loaders.client.load(client_id)


def page(
    context: Context,
    chosen: ClientFilter,
    by: ClientSortKey,
    arguments: PageArguments,
    *,
    descending: bool,
    named: int | None = None,
    selection: Selection = EVERYTHING,
) -> MaybeAwaitable[Page[ClientRow]]:
    """Return a page of the clients, of the partner that is named or all, of which it reads the selection."""
    context.require(Permission.CLIENTS_READ)
    scope = context.within(named)
    listing = clients.listing(scope, chosen, by, descending=descending)
    return pages.page(context, scope, listing, arguments, selection)


def active_activation_counts(context: Context, rows: Sequence[ClientRow]) -> Batch[int]:
    """Return the number of active activations of each client."""
    return then(held(context, rows), lambda found: [sum(released.licenses for released in each) for each in found])


def held(context: Context, rows: Sequence[ClientRow]) -> Batch[Sequence[Released]]:
    """Return what the active activations of each client hold, by product."""
    loaded = context.loaders.held_by_client.load_many(column(rows, "id"))
    return then(loaded, lambda found: [each or [] for each in found])


def impacts(context: Context, rows: Sequence[ClientRow]) -> Batch[Sequence[Released] | None]:
    """Return what cancelling each client would release, by product; None for a cancelled client."""
    return then(
        held(context, rows),
        lambda found: [
            each if row.status is ClientStatus.ACTIVE else None for row, each in zip(rows, found, strict=True)
        ],
    )


def can_cancel(context: Context, client: ClientRow) -> bool:
    """Return whether the viewer can cancel the client now."""
    return context.may(Permission.CLIENTS_CANCEL) and client.status is ClientStatus.ACTIVE


class RegisterClient(NamedTuple):
    """Client to register."""

    cnpj: str
    details: ClientDetails


class ClientChanged(NamedTuple):
    """Client that was registered, updated or cancelled."""

    client_id: int


@mutation("registerClient", ClientChanged)
async def register(work: Work, given: RegisterClient) -> ClientChanged:
    """Register a client; refuse a CNPJ that an active client has."""
    client_id = await client_changes.register(
        work.tx, partner_id=work.partner_id, cnpj=given.cnpj, details=given.details, at=work.now
    )
    if client_id is None:
        raise CnpjAlreadyRegistered(("cnpj",))
    await work.append(Event(type=EventType.CLIENT_REGISTERED, client_id=client_id))
    return ClientChanged(client_id)


class UpdateClient(NamedTuple):
    """New details of a client; those that `changes` does not name are kept."""

    client_id: int
    changes: tuple[tuple[str, str | None], ...]


@mutation("updateClient", ClientChanged)
async def update(work: Work, given: UpdateClient) -> ClientChanged:
    """Update an active client; write nothing, and no event, if nothing changes."""
    client = await _active(work, given.client_id)
    current = {"name": client.name, "trade_name": client.trade_name, "city": client.city, "state": client.state}
    wanted = current | dict(given.changes)
    if wanted != current:
        details = ClientDetails(
            name=str(wanted["name"]),
            trade_name=wanted["trade_name"],
            city=wanted["city"],
            state=wanted["state"],
        )
        await client_changes.update(work.tx, work.partner_id, client.id, details, at=work.now)
        await work.append(Event(type=EventType.CLIENT_UPDATED, client_id=client.id))
    return ClientChanged(client.id)


class CancelClient(NamedTuple):
    """Client to cancel, and the reason."""

    client_id: int
    reason: str | None


class ClientErased(NamedTuple):
    """Client that was cancelled, and the receipt of what was erased, which has no values."""

    client_id: int
    receipt: str

    @property
    def erased(self) -> list[ErasedCount]:
        """How many values of each kind were erased."""
        return counts(self.receipt)


@mutation("cancelClient", ClientErased)
async def cancel(work: Work, given: CancelClient) -> ClientErased:
    """Cancel a client and its activations, return their licenses, and erase its identity."""
    client = await _active(work, given.client_id, *work.locked_first)
    names = tuple(filter(None, (client.name, client.trade_name)))
    selections = work.context.portal.selections
    erasure = await erasures.search(
        work.tx,
        work.partner_id,
        client.id,
        Identity(client.cnpj or "", names),
        _opaque,
        at=work.now,
        schema_names=() if selections is None else selections.schema_names,
    )
    await _lock_found_clients(work, client.id, erasure)
    erased = await erasures.erase(work.tx, erasure, BEFORE_ACTIVATIONS)
    others = erasure.of(tables.activations)
    ended = await activation_changes.locked_of_client(work.tx, work.partner_id, client.id, others)
    # The ledger's lines are of those that are active until the erasure ends them.
    await _give_back(work, client.id, ended)
    erased += await _erase(work, client, names, given.reason)
    erased += await erasures.erase(work.tx, erasure, OF_ACTIVATIONS)
    if erasure.of(tables.tokens):
        await work.act()
    erased += await erasures.erase(work.tx, erasure, AFTER_STOCK)
    stored = receipt(erased)
    happened: list[Event | EventOfEach] = [
        EventOfEach(Event(type=EventType.ACTIVATION_CANCELLED, client_id=client.id), ended.column("id")),
        *await erasure_events.of_others(work.tx, erasure),
        *(Event(type=EventType.WEBHOOK_SUSPENDED, webhook_id=each) for each in erasure.suspended),
        Event(type=EventType.CLIENT_CANCELLED, client_id=client.id, erased=stored),
    ]
    await work.append(*happened)
    if not await erasures.is_complete(work.tx, erasure, appended=counted(happened).total()):
        raise LockedElsewhereError
    work.after_commit.append(work.context.portal.database.mark_erased)
    work.after_commit.append(lambda: _log_suspensions(work.partner_id, erasure.suspended))
    return ClientErased(client.id, stored)


def _log_suspensions(partner_id: int, webhook_ids: Sequence[int]) -> None:
    for webhook_id in webhook_ids:
        reason = SuspensionReason.ERASED.value
        _log.warning("webhook suspended", partner=partner_id, webhook=webhook_id, reason=reason)


async def _lock_found_clients(work: Work, client_id: int, erasure: Erasure) -> None:
    """Lock the other clients that the erasure has found; if one of them is locked, start again and lock it first."""
    held = {client_id, *work.locked_first}
    late = await erasures.lock_clients(work.tx, erasure, held)
    missing = set(erasure.of(tables.clients)) - held - set(late)
    if missing:
        work.locked_first.update(missing)
        raise LockedElsewhereError


async def _erase(work: Work, client: ClientRow, names: tuple[str, ...], reason: str | None) -> Counter[ErasedKind]:
    places = () if client.city is None else (client.city,)
    whole = Identity(client.cnpj or "", names, places, single_words(names))
    note = reason and whole.redacted(reason)
    return await client_erasure.erase(
        work.tx, work.partner_id, client, by_id=work.viewer.user_id, at=work.now, note=note
    )


def _opaque() -> str:
    return token_hex(_OPAQUE_BYTES).upper()


async def released_by(context: Context, client_id: int) -> list[Released]:
    """Return what the cancellation of the client released, by product."""
    return await context.loaders.released_by_client.load(client_id) or []


async def cancelled_with(context: Context, partner_id: int, client_id: int) -> list[ActivationRow]:
    """Return the activations that were cancelled with the client: the first 100 by id."""
    return await context.portal.database.read(
        lambda connection: holdings.cancelled_with(connection, partner_id, client_id, at_most=pages.SIZE_MAX)
    )


async def _give_back(work: Work, client_id: int, ended: RowBatch[HeldLicense]) -> None:
    held: dict[int, list[int]] = {}
    for product_id, seats in zip(ended.column("product_id"), ended.column("additional_seats"), strict=True):
        held.setdefault(product_id, []).append(seats)
    deltas = {product_id: released(sum(seats), licenses=len(seats)) for product_id, seats in held.items()}
    work.changes.movements.extend(
        NewMovement(product_id, StockMovementType.RELEASED, delta) for product_id, delta in deltas.items()
    )
    await stock_movements.record_released(work.tx, work.partner_id, client_id, at=work.now)
    await licenses.release_each(work.tx, work.partner_id, deltas)


async def _active(work: Work, client_id: int, *others: int) -> ClientRow:
    """Lock the client, and others by id with it, and return it; refuse an unknown or cancelled one."""
    found = await client_changes.locked(work.tx, work.partner_id, [client_id, *others])
    return active(found.get(client_id), "clientId")


def active(client: ClientRow | None, field: str) -> ClientRow:
    """Return the client of an input field; refuse an unknown or cancelled one."""
    if client is None:
        raise NotFound((field,))
    if client.status is ClientStatus.CANCELLED:
        raise ClientCancelled((field,))
    return client
