"""Import of a partner's clients, many rows in one transaction."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import NamedTuple, TypeVar

from db import client_changes, event_log, prices
from db.engine import Connection, Transaction
from db.prices import ProductRow
from domain.events import Event, EventType
from domain.sheets import ImportedRowStatus, RowsRefused
from resolvers.clients import RegisterClient
from resolvers.mutations import Work, mutation
from resolvers.partners import check_open
from resolvers.portal import Portal
from resolvers.sheets import clients as client_rows
from resolvers.sheets import contents
from resolvers.sheets.clients import Repeated, Row
from resolvers.sheets.contents import Content, ReadSheet
from resolvers.sheets.reader import BadRow, Sheet

BATCH = 500
"""Number of rows of one statement."""

_EVENTS_AT_ONCE = 1_000

Item = TypeVar("Item")


ClientSheet = ReadSheet[Row | Repeated]
"""Clients of a sheet."""


class ImportClients(NamedTuple):
    """Clients to register, and whether all of them or none."""

    sheet: ClientSheet
    all_or_nothing: bool
    dry_run: bool

    @property
    def changes_nothing(self) -> bool:
        """Whether nothing is imported, so that the mended sheet may have the same idempotency key."""
        return self.sheet.is_bad


class ClientsImported(NamedTuple):
    """Ids of the clients of the valid rows, in their order, and whether each is new; null if it would be created."""

    client_ids: Sequence[int | None]
    new: Sequence[bool]


class ImportedRow(NamedTuple):
    """Row of a sheet, and what was done with it."""

    line: int
    status: ImportedRowStatus
    client_id: int | None
    bad: BadRow | None


async def read(portal: Portal, content: Content) -> ClientSheet:
    """Return the clients of a file; raise a refusal if it is no sheet of clients."""
    return await contents.read(portal, content, client_rows.LAYOUT, _clients)


def _clients(opened: Sheet, digest: bytes) -> ClientSheet:
    rows = contents.limited(client_rows.read(opened.rows))
    warnings = [*contents.warned(opened), *client_rows.warnings(opened.header)]
    return ReadSheet(digest, opened.header, rows, warnings)


@mutation("importClients", ClientsImported)
async def import_clients(work: Work, given: ImportClients) -> ClientsImported:
    """Register the clients of a sheet, and leave alone those that are active already."""
    if given.sheet.bad and given.all_or_nothing:
        raise RowsRefused(("content",), bad=len(given.sheet.bad))
    wanted = [row.client for row in given.sheet.rows if isinstance(row, Row)]
    known: dict[str, int] = {}
    registered: dict[str, int] = {}
    # In one order, so that two imports of the same clients wait for each other, and not each for the other.
    for batch in batches(sorted(wanted, key=lambda client: client.cnpj), BATCH):
        if not given.dry_run:
            registered |= await _register(work.tx, work.partner_id, batch, at=work.now)
        left = [client.cnpj for client in batch if client.cnpj not in registered]
        known |= await client_changes.ids_by_cnpj(work.tx, work.partner_id, left) if left else {}
    for some in batches([client.cnpj for client in wanted if client.cnpj in registered], _EVENTS_AT_ONCE):
        await work.append(*(Event(type=EventType.CLIENT_REGISTERED, client_id=registered[cnpj]) for cnpj in some))
    found = known | registered
    return ClientsImported(
        [found.get(client.cnpj) for client in wanted],
        [client.cnpj in registered or (given.dry_run and client.cnpj not in known) for client in wanted],
    )


def results(read_sheet: ClientSheet, outcome: ClientsImported | None) -> list[ImportedRow]:
    """Return what an import did with each row of the sheet; without an outcome, it imported none."""
    done: Iterator[tuple[int | None, bool]] = iter(())
    if outcome is not None:
        done = zip(outcome.client_ids, outcome.new, strict=True)
    ids: dict[str, int | None] = {}
    found = []
    for row in read_sheet.rows:
        match row:
            case BadRow():
                found.append(ImportedRow(row.line, ImportedRowStatus.INVALID, None, row))
            case Repeated():
                found.append(ImportedRow(row.line, ImportedRowStatus.REPEATED, ids.get(row.cnpj), None))
            case Row():
                client_id, new = next(done, (None, None))
                ids[row.client.cnpj] = client_id
                found.append(ImportedRow(row.line, _STATUS[new], client_id, None))
    return found


_STATUS = {
    True: ImportedRowStatus.REGISTERED,
    False: ImportedRowStatus.ALREADY_REGISTERED,
    None: ImportedRowStatus.NOT_IMPORTED,
}


async def register_clients(
    portal: Portal,
    partner_id: int,
    wanted: Iterable[Sequence[RegisterClient]],
    *,
    all_or_nothing: bool,
    report: Callable[[list[bool]], object],
    dry_run: bool = False,
) -> None:
    """Register clients as the API does, without an actor; skip those that are active already.

    Each batch is a transaction, or all of them are one, which begins when `wanted` has ended without an error.
    `report` is called after the transaction with the clients of each batch that were registered, or would be if it were
    no dry run.
    """

    async def at_once(tx: Transaction, ordered: Sequence[RegisterClient]) -> Mapping[str, int]:
        at = portal.now()
        registered: dict[str, int] = {}
        for batch in batches(ordered, BATCH):
            registered |= await _register(tx, partner_id, batch, at=at)
        # The counters, which the events are numbered by, are the last lock that a transaction takes.
        await _append(tx, partner_id, list(registered.values()), at=at)
        await check_open(tx, partner_id)
        return registered

    async def one_batch(tx: Transaction, batch: Sequence[RegisterClient]) -> Mapping[str, int]:
        at = portal.now()
        registered = await _register(tx, partner_id, batch, at=at)
        await _append(tx, partner_id, list(registered.values()), at=at)
        await check_open(tx, partner_id)
        return registered

    async def known_of(connection: Connection, batch: Sequence[RegisterClient]) -> Mapping[str, int]:
        await check_open(connection, partner_id)
        return await client_changes.ids_by_cnpj(connection, partner_id, [client.cnpj for client in batch])

    if dry_run:
        for batch in wanted:
            known = await portal.database.read(partial(known_of, batch=batch))
            report([client.cnpj not in known for client in batch])
        return
    if all_or_nothing:
        # A transaction that loses against another one is run again with all of them. In one order over all batches, so
        # that two imports of the same clients wait for each other, and not each for the other.
        kept = list(wanted)
        ordered = sorted((client for batch in kept for client in batch), key=lambda client: client.cnpj)
        registered = await portal.database.write(partial(at_once, ordered=ordered))
        for batch in kept:
            report([client.cnpj in registered for client in batch])
    else:
        for batch in wanted:
            registered = await portal.database.write(partial(one_batch, batch=batch))
            report([client.cnpj in registered for client in batch])
    await portal.database.write(client_changes.analyze)


async def _register(
    tx: Transaction, partner_id: int, batch: Sequence[RegisterClient], *, at: datetime
) -> Mapping[str, int]:
    # In one order, so that two imports of the same clients wait for each other, and not each for the other.
    ordered = sorted(batch, key=lambda client: client.cnpj)
    return await client_changes.register_many(
        tx, partner_id, [(client.cnpj, client.details) for client in ordered], at=at
    )


async def _append(tx: Transaction, partner_id: int, client_ids: Sequence[int], *, at: datetime) -> None:
    for index, some in enumerate(batches(client_ids, _EVENTS_AT_ONCE)):
        happened = [Event(type=EventType.CLIENT_REGISTERED, client_id=client_id) for client_id in some]
        await event_log.append(tx, partner_id, happened, actor_id=None, at=at, again=index > 0)


async def products(portal: Portal) -> list[ProductRow]:
    """Return every product that can have a price."""
    return await portal.database.read(prices.all_products)


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of this size, the last one shorter."""
    ahead = iter(items)
    while batch := list(islice(ahead, size)):
        yield batch
