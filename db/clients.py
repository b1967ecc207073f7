"""Statements about clients."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from db.engine import Connection, Transaction, filters, one, statistics
from db.engine.column_types import Instant
from db.engine.expressions import (
    KEEPING_KEYS,
    AnyColumn,
    AnySelect,
    Text,
    among,
    by_engine,
    contains,
    during,
    found_by_id,
    since,
    starts_with,
)
from db.engine.filters import PARTNER, Mine, Shape, one_row, tenancy, upsert, value, values_of
from db.engine.keyset import Part, Sorting
from db.engine.listings import LISTINGS_KEPT, Listing
from db.engine.searches import FEW, Found, Search, are_few
from db.engine.statement import Statement
from db.tables import activations, clients
from domain.activations import ActivationStatus
from domain.clients import REMOVED_NAME, ClientStatus, names_folded
from domain.tenancy import ALL_PARTNERS, Scope
from domain.text import fold


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

_STORED = frozenset(ClientRow._fields) - {"last_activated_at"}


def columns(of: FromClause) -> Sequence[AnyColumn]:
    """Return the columns of a row, of the table or an alias of it."""
    computed = {
        "name": sa.func.coalesce(of.c.name, REMOVED_NAME).label("name"),
        "cnpj_to_sort": sa.func.coalesce(of.c.cnpj, "").label("cnpj_to_sort"),
        "last_activated_at": _last_activated_at(of).label("last_activated_at"),
    }
    return tuple(computed[name] if name in computed else of.c[name] for name in ClientRow._fields)


def _last_activated_at(of: FromClause) -> ColumnElement[datetime]:
    given = activations.alias("given")
    latest = (
        sa.select(sa.func.max(given.c.activated_at))
        .where(given.c.partner_id == of.c.partner_id, given.c.client_id == of.c.id)
        .correlate(of)
        .scalar_subquery()
    )
    return sa.func.coalesce(latest, sa.literal(NEVER, Instant()), type_=Instant())


_COLUMNS = columns(clients)


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
    ClientSortKey.LAST_ACTIVATED_AT: ("last_activated_at", _last_activated_at(clients)),
    ClientSortKey.UPDATED_AT: ("updated_at", clients.c.updated_at),
}
"""Attribute of the row, and column or expression."""

_INDEXED = frozenset({ClientSortKey.NAME, ClientSortKey.REGISTERED_AT, ClientSortKey.CITY, ClientSortKey.UPDATED_AT})
_INDEXED_OF_ALL = frozenset({ClientSortKey.NAME})
"""Sort keys whose order an index has, of one partner's clients and of all."""

_ACTIVE_ONLY = frozenset({ClientStatus.ACTIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDetails:
    """Details of a client."""

    name: str
    trade_name: str | None = None
    city: str | None = None
    state: str | None = None


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
    indexed = _INDEXED_OF_ALL if all_partners else _INDEXED
    mine = tenancy(all_partners=all_partners)
    chosen = filters.named(ClientFilter, shape)
    common = [mine(clients.c.partner_id), *_of_status(chosen, only_active=only_active), *_conditions(chosen, mine)]
    if by_cnpj:
        common.append(clients.c.cnpj.is_not(None))
    listed = Listing(
        name="clients",
        row=ClientRow,
        columns=_COLUMNS,
        where=[*common, *_with_activations(chosen, mine)],
        counted=[*common, *_with_activations(chosen, mine, counting=True)],
        key=name,
        sorting=Sorting(key, clients.c.id, descending=descending),
        indexed=by in indexed or by_cnpj,
        kept=_number_by_activity(chosen, mine) if only_active and _BY_ACTIVITY.issuperset(dict(shape)) else None,
        searched=by is ClientSortKey.NAME and not (chosen.search is None and chosen.name is None),
    )
    # No index has the cities of all partners.
    if chosen.city is None or all_partners:
        return listed
    return _in_city(listed, chosen.city, [mine(clients.c.partner_id), *_of_status(chosen, only_active=only_active)])


def _in_city(listed: Listing[ClientRow], city: Text, conditions: Sequence[ColumnElement[bool]]) -> Listing[ClientRow]:
    """Return the listing with a search for the clients in an index by city."""
    in_city = (
        sa.select(clients.c.id)
        .where(*conditions, contains(clients.c.city_folded, city))
        .order_by(clients.c.city_folded, clients.c.id)
        .limit(FEW)
    )
    _, *others = listed.where
    by_id = [found_by_id(clients.c.partner_id) == PARTNER]

    def found(part: Part, *, on_sqlite: bool) -> Found:  # noqa: ARG001 — both engines take the same statements.
        matches = in_city.cte("matches")
        few = sa.select(clients.c.id).where(*by_id, *others, clients.c.id.in_(sa.select(matches.c.id)))
        many = sa.select(clients.c.id).where(*(listed.where if part.sorting else listed.counted))
        return Found(part.of(few, when=are_few(matches)), part.of(many, when=~are_few(matches)))

    return replace(listed, search=Search(found, by_id))


_BY_ACTIVITY = frozenset({"status", "has_active_activations"})


def _number_by_activity(chosen: ClientFilter, mine: Mine) -> Statement[int] | None:
    """Return the statement for the number of active clients with or without active activations.

    An index has those activations by client, and only active clients have any.
    """
    if chosen.has_active_activations is None:
        return None
    active = _active(mine).distinct().subquery()
    number: ColumnElement[int] = sa.select(sa.func.count()).select_from(active).scalar_subquery()
    if not chosen.has_active_activations:
        all_active = sa.select(sa.func.count()).where(
            mine(clients.c.partner_id), clients.c.status == ClientStatus.ACTIVE
        )
        number = all_active.select_from(clients).scalar_subquery() - number
    return Statement(sa.select(number), value)


def of_partners(scope: Scope, partner_ids: Sequence[int], status: ClientStatus | None) -> Listing[ClientRow]:
    """Return the lists of these partners' clients, by name."""
    values = {"partner_id": scope, "parent_ids": partner_ids}
    return _LISTINGS_OF_PARTNERS[status, scope is ALL_PARTNERS].of(values)


def _of_partners(status: ClientStatus | None, *, all_partners: bool) -> Listing[ClientRow]:
    mine = tenancy(all_partners=all_partners)
    return Listing(
        name="partner.clients",
        row=ClientRow,
        columns=_COLUMNS,
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
        yield among(clients.c.status, "status")


def _conditions(chosen: ClientFilter, mine: Mine) -> Iterable[ColumnElement[bool]]:
    if chosen.search is not None:
        yield sa.or_(*_found(chosen, chosen.search, mine))
    if chosen.name is not None:
        yield contains(clients.c.name_folded, chosen.name)
    if chosen.cnpj is not None:
        yield starts_with(clients.c.cnpj, chosen.cnpj)
    if chosen.city is not None:
        yield contains(clients.c.city_folded, chosen.city)
    if chosen.state is not None:
        yield clients.c.state == chosen.state
    if chosen.ecf_serial_number is not None:
        yield clients.c.id.in_(_active(mine).where(activations.c.ecf_serial_number == chosen.ecf_serial_number))
    yield from during(clients.c.registered_at, chosen.registered_from, chosen.registered_to)
    yield from since(clients.c.updated_at, chosen.updated_since)


def _with_activations(chosen: ClientFilter, mine: Mine, *, counting: bool = False) -> Iterable[ColumnElement[bool]]:
    if chosen.has_active_activations is None:
        return
    # A page looks for each of its clients, instead of reading all activations of the partner.
    active = _active(mine).where(*_OF_CLIENT).correlate(clients).exists()
    # To count all clients, or to find the few without any, SQLite reads all activations sooner than it looks for each.
    # PostgreSQL, if they are more than it can hash, reads all of them for each client.
    among_all = clients.c.id.in_(_active(mine))
    if not chosen.has_active_activations:
        yield by_engine(sqlite=~among_all, postgresql=~active)
    else:
        yield by_engine(sqlite=among_all, postgresql=active) if counting else active


def named(part: str) -> ColumnElement[bool]:
    """Return a condition: one of the client's names contains the folded text, byte for byte.

    It reads the columns of the index in which searches look; both names in one column would make a row of it too long
    for PostgreSQL.
    """
    return sa.or_(contains(clients.c.name_folded, part), contains(clients.c.trade_name_folded, part))


def _found(chosen: ClientFilter, search: str, mine: Mine) -> Iterable[ColumnElement[bool]]:
    yield named(search)
    if chosen.search_cnpj is not None:
        yield contains(clients.c.cnpj, chosen.search_cnpj)
    if chosen.search_ecf is not None:
        yield clients.c.id.in_(_active(mine).where(starts_with(activations.c.ecf_serial_number, chosen.search_ecf)))


_OF_CLIENT = activations.c.partner_id == clients.c.partner_id, activations.c.client_id == clients.c.id


def _active(mine: Mine) -> AnySelect:
    return sa.select(activations.c.client_id).where(
        mine(activations.c.partner_id), activations.c.status == ActivationStatus.ACTIVE
    )


by_ids = filters.rows_by_id(clients, _COLUMNS, ClientRow)
"""The clients of a scope, by id."""


_ID_BY_CNPJ: Statement[int] = Statement(
    sa.select(clients.c.id).where(clients.c.partner_id == PARTNER, clients.c.cnpj == sa.bindparam("cnpj")),
    value,
    reads=one_row,
)
_IDS_BY_CNPJ: Statement[tuple[str, int]] = Statement(
    sa.select(clients.c.cnpj, clients.c.id).where(clients.c.partner_id == PARTNER, among(clients.c.cnpj, "cnpjs")),
    values_of,
)
_LOCK = Statement(
    sa.select(*_COLUMNS)
    .where(clients.c.partner_id == PARTNER, among(clients.c.id, "ids"))
    .order_by(clients.c.id)
    .with_for_update(key_share=KEEPING_KEYS),
    ClientRow,
).load_only(_STORED)
_DETAILS = (
    "name",
    "name_folded",
    "trade_name",
    "trade_name_folded",
    "names_folded",
    "city",
    "city_folded",
    "state",
)
_REGISTER = upsert(
    clients,
    lambda insert: (
        insert.values(status=ClientStatus.ACTIVE)
        .on_conflict_do_nothing(index_elements=["partner_id", "cnpj"])
        .returning(clients.c.cnpj, clients.c.id)
    ),
    values_of,
    inserted=["partner_id", "cnpj", "registered_at", "updated_at", *_DETAILS],
)
_MINE = clients.c.partner_id == PARTNER, clients.c.id == sa.bindparam("client_id")
_UPDATE = Statement(
    sa.update(clients).where(*_MINE).values({name: sa.bindparam(f"new_{name}") for name in _DETAILS}), values_of
)
_RENAME_IN_ACTIVATIONS = Statement(
    sa.update(activations)
    .where(
        activations.c.partner_id == PARTNER,
        activations.c.client_id == sa.bindparam("of_client"),
        activations.c.client_name_folded != sa.bindparam("name_folded"),
    )
    .values(client_name_folded=sa.bindparam("name_folded")),
    values_of,
)


async def id_by_cnpj(connection: Connection, partner_id: int, cnpj: str) -> int | None:
    """Return the partner's active client with that CNPJ, or None."""
    return await one(connection, _ID_BY_CNPJ, {"partner_id": partner_id, "cnpj": cnpj})


async def ids_by_cnpj(connection: Connection, partner_id: int, cnpjs: Sequence[str]) -> dict[str, int]:
    """Return the ids of the partner's active clients with these CNPJs."""
    return dict(await connection.fetch(_IDS_BY_CNPJ, {"partner_id": partner_id, "cnpjs": cnpjs}))


async def locked(tx: Transaction, partner_id: int, ids: Iterable[int]) -> Mapping[int, ClientRow]:
    """Lock the partner's clients with these ids until the transaction ends, and return them by id."""
    return {row.id: row for row in await tx.fetch(_LOCK, {"partner_id": partner_id, "ids": sorted(set(ids))})}


async def register(tx: Transaction, *, partner_id: int, cnpj: str, details: ClientDetails, at: datetime) -> int | None:
    """Create a client and return its id, or None if an active client has the CNPJ."""
    return (await register_many(tx, partner_id, [(cnpj, details)], at=at)).get(cnpj)


async def register_many(
    tx: Transaction, partner_id: int, wanted: Sequence[tuple[str, ClientDetails]], *, at: datetime
) -> dict[str, int]:
    """Create clients and return their ids by CNPJ, without those whose CNPJ an active client has."""
    common = {"partner_id": partner_id, "registered_at": at, "updated_at": at}
    lines = [{"cnpj": cnpj, **common, **written(details)} for cnpj, details in wanted]
    return dict(await tx.execute_many(_REGISTER, lines))


async def update(tx: Transaction, partner_id: int, client_id: int, details: ClientDetails, *, at: datetime) -> None:
    """Update a client's details, and the copy of its name by which activations are sorted."""
    new = {f"new_{name}": text for name, text in written(details).items()}
    await tx.execute(_UPDATE, {"partner_id": partner_id, "client_id": client_id, "at": at, **new})
    renamed = {"partner_id": partner_id, "of_client": client_id, "name_folded": fold(details.name), "at": at}
    await tx.execute(_RENAME_IN_ACTIVATIONS, renamed)


def written(details: ClientDetails) -> dict[str, str | None]:
    """Return a client's details as columns, with the folded copies for search and sort."""
    return {
        "name": details.name,
        "name_folded": fold(details.name),
        "trade_name": details.trade_name,
        "trade_name_folded": fold(details.trade_name or ""),
        "names_folded": names_folded(details.name, details.trade_name),
        "city": details.city,
        "city_folded": fold(details.city or ""),
        "state": details.state,
    }


async def analyze(tx: Transaction) -> None:
    """Update the planner's statistics of clients, of which many are new."""
    await statistics.analyze(tx, clients)
