"""Statements about clients."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from db import client_searches
from db.engine import Connection, filters, one
from db.engine.expressions import (
    AnyColumn,
    AnySelect,
    beside,
    contains,
    during,
    since,
    starts_with,
)
from db.engine.filters import PARTNER, Mine, Shape, one_row, tenancy, value
from db.engine.keyset import Sorting
from db.engine.listings import LISTINGS_KEPT, Listing
from db.engine.statement import Statement
from db.few_matches import few_first
from db.tables import activations, clients
from domain.activations import ActivationStatus
from domain.clients import REMOVED_NAME, ClientStatus
from domain.tenancy import ALL_PARTNERS, Scope


class ClientRow(NamedTuple):
    """Client; a cancelled one has a fixed name."""

    id: int
    partner_id: int
    name: str
    trade_name: str | None
    cnpj: str | None
    city: str | None
    state: str | None
    status: ClientStatus
    registered_at: datetime
    cancelled_at: datetime | None
    cancelled_by_id: int | None
    cancellation_note: str | None
    updated_at: datetime
    name_folded: str
    city_folded: str
    cnpj_to_sort: str
    last_activated_at: datetime
    """NEVER if the client has no activation."""


NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of the last activation of a client without any, since a list is sorted by what is never null."""


def columns(of: FromClause) -> Sequence[AnyColumn]:
    """Return the columns of a row, of the table or an alias of it."""
    computed = {
        "name": sa.func.coalesce(of.c.name, REMOVED_NAME).label("name"),
        "cnpj_to_sort": sa.func.coalesce(of.c.cnpj, "").label("cnpj_to_sort"),
    }
    return tuple(computed[name] if name in computed else of.c[name] for name in ClientRow._fields)


COLUMNS = columns(clients)


class ClientSortKey(Enum):
    """Sort keys of clients."""

    NAME = "NAME"
    REGISTERED_AT = "REGISTERED_AT"
    CNPJ = "CNPJ"
    CITY = "CITY"
    LAST_ACTIVATED_AT = "LAST_ACTIVATED_AT"
    UPDATED_AT = "UPDATED_AT"


_SORTED_BY: Mapping[ClientSortKey, tuple[str, AnyColumn]] = {
    ClientSortKey.NAME: ("name_folded", clients.c.name_folded),
    ClientSortKey.REGISTERED_AT: ("registered_at", clients.c.registered_at),
    ClientSortKey.CNPJ: ("cnpj_to_sort", sa.func.coalesce(clients.c.cnpj, "", type_=clients.c.cnpj.type)),
    ClientSortKey.CITY: ("city_folded", clients.c.city_folded),
    ClientSortKey.LAST_ACTIVATED_AT: ("last_activated_at", clients.c.last_activated_at),
    ClientSortKey.UPDATED_AT: ("updated_at", clients.c.updated_at),
}
"""Attribute of the row, and column or expression."""

_INDEXED = frozenset(ClientSortKey) - {ClientSortKey.CNPJ}
"""Sort keys whose order an index has."""

_ACTIVE_ONLY = frozenset({ClientStatus.ACTIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFilter:
    """Filter of clients. Texts are folded, `cnpj` is unmasked, serial numbers are upper-cased."""

    status: frozenset[ClientStatus] | None = frozenset({ClientStatus.ACTIVE})
    search: str | None = None
    search_cnpj: str | None = None
    search_ecf: str | None = None
    name: str | None = None
    cnpj: str | None = None
    city: str | None = None
    state: str | None = None
    ecf_serial_number: str | None = None
    has_active_activations: bool | None = None
    registered_from: datetime | None = None
    registered_to: datetime | None = None
    updated_since: datetime | None = None


def listing(scope: Scope, chosen: ClientFilter, by: ClientSortKey, *, descending: bool) -> Listing[ClientRow]:
    """Return the list of a scope's clients that match the filter."""
    shape, values = filters.shaped(scope, chosen)
    only_active = chosen.status == _ACTIVE_ONLY
    all_partners = scope is ALL_PARTNERS
    return _listing(shape, by, only_active=only_active, descending=descending, all_partners=all_partners).of(values)


@lru_cache(maxsize=LISTINGS_KEPT)
def _listing(
    shape: Shape, by: ClientSortKey, *, only_active: bool, descending: bool, all_partners: bool
) -> Listing[ClientRow]:
    name, key = _SORTED_BY[by]
    # Only active clients have a CNPJ, and an index has it.
    by_cnpj = only_active and by is ClientSortKey.CNPJ
    key = clients.c.cnpj if by_cnpj else key
    mine = tenancy(all_partners=all_partners)
    chosen = filters.named(ClientFilter, shape)
    scope = map(mine, beside([clients.c.partner_id], chosen.ecf_serial_number))
    where = [*scope, *_of_status(chosen, only_active=only_active), *_conditions(chosen, mine)]
    texts = () if filters.matches_none(shape) else (chosen.search, chosen.name)
    if by_cnpj:
        where.append(clients.c.cnpj.is_not(None))
    listed = Listing(
        name="clients",
        row=ClientRow,
        columns=COLUMNS,
        where=where,
        key=name,
        sorting=Sorting(key, clients.c.id, descending=descending),
        indexed=by in _INDEXED or by_cnpj,
        searched=by is ClientSortKey.NAME and any(text is not None for text in texts),
    )
    if filters.matches_none(shape):
        return listed
    looked_up = _looked_up(chosen, by, mine, by_activity=only_active and not all_partners)
    if looked_up is None:
        return listed
    column, conditions = looked_up
    of_status = _of_status(chosen, only_active=only_active)
    matching = sa.select(clients.c.id).where(mine(clients.c.partner_id), *of_status, *conditions)
    return few_first(listed, matching.order_by(column, clients.c.id), mine, for_counts=chosen.city is not None)


def _looked_up(
    chosen: ClientFilter, by: ClientSortKey, mine: Mine, *, by_activity: bool
) -> tuple[AnyColumn, Sequence[ColumnElement[bool]]] | None:
    """Return conditions that an index serves in another order than that of the list, and the column of that order.

    With `by_activity`, an index has the clients without active activations.
    """
    if chosen.cnpj is not None or chosen.ecf_serial_number is not None:
        # Few clients match these, and all of them are read.
        return None
    if chosen.city is not None:
        return clients.c.city_folded, [contains(clients.c.city_folded, chosen.city)]
    registered = [*during(clients.c.registered_at, chosen.registered_from, chosen.registered_to)]
    if (by is ClientSortKey.REGISTERED_AT and registered) or (
        by is ClientSortKey.UPDATED_AT and chosen.updated_since is not None
    ):
        # The index of the order reads this range only.
        return None
    if by is not ClientSortKey.NAME:
        if texts := [*_texts(chosen, mine)]:
            return clients.c.name_folded, texts
        if chosen.has_active_activations is False and by_activity:
            return clients.c.name_folded, [*_by_activity(chosen)]
    return (clients.c.registered_at, registered) if registered else None


def of_partners(scope: Scope, partner_ids: Sequence[int], status: ClientStatus | None) -> Listing[ClientRow]:
    """Return the lists of these partners' clients, by name."""
    values = {"partner_id": scope, "parent_ids": partner_ids}
    return _LISTINGS_OF_PARTNERS[status, scope is ALL_PARTNERS].of(values)


def _of_partners(status: ClientStatus | None, *, all_partners: bool) -> Listing[ClientRow]:
    mine = tenancy(all_partners=all_partners)
    return Listing(
        name="partner.clients",
        row=ClientRow,
        columns=COLUMNS,
        where=[mine(clients.c.partner_id), *([] if status is None else [clients.c.status == status])],
        key="name_folded",
        sorting=Sorting(clients.c.name_folded, clients.c.id),
        parent=clients.c.partner_id,
    )


_LISTINGS_OF_PARTNERS = {
    (status, all_partners): _of_partners(status, all_partners=all_partners)
    for status, all_partners in product((None, *ClientStatus), (False, True))
}


def _of_status(chosen: ClientFilter, *, only_active: bool) -> Iterable[ColumnElement[bool]]:
    if only_active:
        # Cancelled clients have no names, and would be the first by name. Partial indexes leave them out.
        yield clients.c.status == ClientStatus.ACTIVE
    elif chosen.status is not None:
        yield filters.one_of(clients.c.status, "status", chosen.status)


def _conditions(chosen: ClientFilter, mine: Mine) -> Iterable[ColumnElement[bool]]:
    yield from _texts(chosen, mine)
    if chosen.cnpj is not None:
        yield starts_with(clients.c.cnpj, chosen.cnpj)
    if chosen.city is not None:
        yield contains(clients.c.city_folded, chosen.city)
    if chosen.state is not None:
        yield clients.c.state == chosen.state
    if chosen.ecf_serial_number is not None:
        yield clients.c.id.in_(_active(mine).where(activations.c.ecf_serial_number == chosen.ecf_serial_number))
    registered_at, updated_at = beside(
        [clients.c.registered_at, clients.c.updated_at], chosen.cnpj, chosen.ecf_serial_number
    )
    yield from during(registered_at, chosen.registered_from, chosen.registered_to)
    yield from since(updated_at, chosen.updated_since)
    yield from _by_activity(chosen)


def _texts(chosen: ClientFilter, mine: Mine) -> Iterable[ColumnElement[bool]]:
    if chosen.search is not None:
        yield sa.or_(*_found(chosen, chosen.search, mine))
    if chosen.name is not None:
        yield contains(clients.c.name_folded, chosen.name)


def _by_activity(chosen: ClientFilter) -> Iterable[ColumnElement[bool]]:
    if chosen.has_active_activations is None:
        return
    # As the conditions of the indexes have it.
    number, nothing = clients.c.active_activations, sa.literal_column("0", sa.Integer)
    if chosen.has_active_activations:
        yield number > nothing
        yield clients.c.status == ClientStatus.ACTIVE
    else:
        yield number == nothing


def _found(chosen: ClientFilter, search: str, mine: Mine) -> Iterable[ColumnElement[bool]]:
    yield client_searches.named(search)
    if chosen.search_cnpj is not None:
        yield contains(clients.c.cnpj, chosen.search_cnpj)
    if chosen.search_ecf is not None:
        yield clients.c.id.in_(_active(mine).where(starts_with(activations.c.ecf_serial_number, chosen.search_ecf)))


def _active(mine: Mine) -> AnySelect:
    return sa.select(activations.c.client_id).where(
        mine(activations.c.partner_id), activations.c.status == ActivationStatus.ACTIVE
    )


by_ids = filters.rows_by_id(clients, COLUMNS, ClientRow)
"""The clients of a scope, by id."""


_ID_BY_CNPJ: Statement[int] = Statement(
    sa.select(clients.c.id).where(clients.c.partner_id == PARTNER, clients.c.cnpj == sa.bindparam("cnpj")),
    value,
    reads=one_row,
)


async def id_by_cnpj(connection: Connection, partner_id: int, cnpj: str) -> int | None:
    """Return the partner's active client with that CNPJ, or None."""
    return await one(connection, _ID_BY_CNPJ, {"partner_id": partner_id, "cnpj": cnpj})
