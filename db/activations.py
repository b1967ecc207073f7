"""Statements about activations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db import activation_searches, active_counts, partner_merges
from db.activation_searches import Searched
from db.client_searches import named
from db.engine import filters
from db.engine.expressions import (
    AnyColumn,
    beside,
    contains,
    during,
    since,
    starts_with,
)
from db.engine.filters import (
    Mine,
    Shape,
    is_any,
    is_partner,
    of_parents,
    tenancy,
)
from db.engine.keyset import Sorting
from db.engine.listings import LISTINGS_KEPT, Listing
from db.few_matches import few_first
from db.tables import activations, clients
from domain.activations import ActivationCancellationReason, ActivationStatus
from domain.tenancy import ALL_PARTNERS, Scope


class ActivationRow(NamedTuple):
    """Activation."""

    id: int
    partner_id: int
    client_id: int
    product_id: int
    authorization_code: str
    activation_key: str
    ecf_serial_number: str | None
    seats: int
    additional_seats: int
    note: str | None
    client_name_folded: str
    status: ActivationStatus
    activated_at: datetime
    activated_by_id: int
    cancelled_at: datetime | None
    cancelled_by_id: int | None
    cancellation_reason: ActivationCancellationReason | None
    cancellation_note: str | None
    moved_to_id: int | None
    updated_at: datetime


_ACTIVE_ONLY = frozenset({ActivationStatus.ACTIVE})
_NOTE, _CANCELLATION_NOTE = activations.c.note_folded, activations.c.cancellation_note_folded

COLUMNS: Sequence[AnyColumn] = tuple(activations.c[name] for name in ActivationRow._fields)


class ActivationSortKey(Enum):
    """Sort keys of activations."""

    ACTIVATED_AT = "ACTIVATED_AT"
    CLIENT_NAME = "CLIENT_NAME"
    UPDATED_AT = "UPDATED_AT"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationFilter:
    """Filter of activations. Names and notes are folded, CNPJs unmasked, keys and serial numbers upper-cased."""

    search: str | None = None
    search_cnpj: str | None = None
    search_key: str | None = None
    search_code: str | None = None
    client_id: int | None = None
    client_name: str | None = None
    cnpj: str | None = None
    activation_key: str | None = None
    authorization_code: str | None = None
    ecf_serial_number: str | None = None
    product_id: int | None = None
    status: frozenset[ActivationStatus] | None = None
    activated_by_id: int | None = None
    cancelled_by_id: int | None = None
    note: str | None = None
    cancellation_reason: frozenset[ActivationCancellationReason] | None = None
    activated_from: datetime | None = None
    activated_to: datetime | None = None
    cancelled_from: datetime | None = None
    cancelled_to: datetime | None = None
    updated_since: datetime | None = None


_SORTED_BY: Mapping[ActivationSortKey, sa.Column[Any]] = {
    ActivationSortKey.ACTIVATED_AT: activations.c.activated_at,
    ActivationSortKey.CLIENT_NAME: activations.c.client_name_folded,
    ActivationSortKey.UPDATED_AT: activations.c.updated_at,
}


def listing(
    scope: Scope, chosen: ActivationFilter, by: ActivationSortKey, *, descending: bool
) -> Listing[ActivationRow]:
    """Return the list of a scope's activations that match the filter."""
    shape, values = filters.shaped(scope, chosen)
    only_active = chosen.status == _ACTIVE_ONLY
    all_partners = scope is ALL_PARTNERS
    return _listing(shape, by, only_active=only_active, descending=descending, all_partners=all_partners).of(values)


@lru_cache(maxsize=LISTINGS_KEPT)
def _listing(
    shape: Shape, by: ActivationSortKey, *, only_active: bool, descending: bool, all_partners: bool
) -> Listing[ActivationRow]:
    key = _SORTED_BY[by]
    mine = tenancy(all_partners=all_partners)
    chosen = filters.named(ActivationFilter, shape)
    searches = list(_searches(chosen))
    # All activations of a client have the same name, and PostgreSQL would read the index of names up to that client.
    is_of_one_name = by is ActivationSortKey.CLIENT_NAME and chosen.client_id is not None and not searches
    is_kept = only_active and _COUNTED.issuperset(dict(shape))
    others = [*_of_status(chosen, only_active=only_active), *_conditions(chosen, mine)]
    plain = Listing(
        name="activations",
        row=ActivationRow,
        columns=COLUMNS,
        where=[*map(mine, beside([activations.c.partner_id], chosen.cnpj)), *others],
        key=key.name,
        sorting=Sorting(_unindexed(key) if is_of_one_name else key, activations.c.id, descending=descending),
        searched=is_of_one_name,
        kept=active_counts.of_product(chosen.product_id, mine) if is_kept else None,
    )
    if filters.matches_none(shape):
        return plain
    if searches:
        return activation_searches.searched(plain, searches, others, mine)
    if by is not ActivationSortKey.ACTIVATED_AT:
        # The index of the order reads this range only.
        has_range = by is ActivationSortKey.UPDATED_AT and chosen.updated_since is not None
        return plain if all_partners or has_range else _of_few(plain, chosen, mine)
    return _of_each_partner(plain, chosen) if all_partners else plain


def _unindexed(key: sa.Column[Any]) -> ColumnElement[Any]:
    """Return an expression of the same values, whose order no index has."""
    return key.concat(sa.literal_column("''"))


_NARROW = "client_id", "cnpj", "activation_key", "authorization_code", "ecf_serial_number"
"""Filters of a client or of one thing, whose activations are all read."""

_BY_TIME = "product_id", "activated_by_id", "note", "activated_from", "activated_to"
"""Filters with an index in the order of the time of activation."""


def _of_few(listed: Listing[ActivationRow], chosen: ActivationFilter, mine: Mine) -> Listing[ActivationRow]:
    """Return the listing of a partner in another order than that of the filters' indexes."""
    is_narrow, has_index = [any(getattr(chosen, name) is not None for name in each) for each in (_NARROW, _BY_TIME)]
    if is_narrow or not has_index:
        return listed
    matching = sa.select(activations.c.id).where(*listed.where)
    return few_first(listed, matching.order_by(activations.c.activated_at, activations.c.id), mine)


def _of_each_partner(listed: Listing[ActivationRow], chosen: ActivationFilter) -> Listing[ActivationRow]:
    """Return the listing of all partners; by a user or a product, it is merged from the activations of each partner."""
    if chosen.client_id is not None:
        # It is one partner's.
        return listed
    if chosen.activated_by_id is not None:
        return partner_merges.merged(listed, partner_merges.of_user(chosen.activated_by_id))
    if chosen.product_id is not None:
        return partner_merges.merged(listed, partner_merges.every())
    return listed


_COUNTED = frozenset({"status", "product_id"})
"""Filters of active activations whose number the stock has."""


def of_clients(scope: Scope, client_ids: Sequence[int], status: ActivationStatus | None) -> Listing[ActivationRow]:
    """Return the lists of these clients' activations, newest first."""
    return _of_parents("client", scope, client_ids, status)


def of_partners(scope: Scope, partner_ids: Sequence[int], status: ActivationStatus | None) -> Listing[ActivationRow]:
    """Return the lists of these partners' activations, newest first."""
    return _of_parents("partner", scope, partner_ids, status)


def _of_parents(
    parent: str, scope: Scope, parent_ids: Sequence[int], status: ActivationStatus | None
) -> Listing[ActivationRow]:
    return _LISTINGS_OF[parent, status, scope is ALL_PARTNERS].of({"partner_id": scope, "parent_ids": parent_ids})


def _listing_of(parent: str, status: ActivationStatus | None, *, all_partners: bool) -> Listing[ActivationRow]:
    of_any = is_any if parent == "partner" else of_parents(clients, "parent_ids")
    mine = of_any if all_partners else is_partner
    kept = active_counts.OF_PARTNERS.of_all if all_partners else active_counts.OF_PARTNERS.of_partner
    return Listing(
        name=f"{parent}.activations",
        row=ActivationRow,
        columns=COLUMNS,
        where=[mine(activations.c.partner_id), *([] if status is None else [activations.c.status == status])],
        key="activated_at",
        sorting=Sorting(activations.c.activated_at, activations.c.id, descending=True),
        parent=activations.c[f"{parent}_id"],
        kept=kept if parent == "partner" and status is ActivationStatus.ACTIVE else None,
    )


_LISTINGS_OF = {
    (parent, status, all_partners): _listing_of(parent, status, all_partners=all_partners)
    for parent, status, all_partners in product(("client", "partner"), (None, *ActivationStatus), (False, True))
}


def _of_status(chosen: ActivationFilter, *, only_active: bool) -> Iterable[ColumnElement[bool]]:
    if only_active:
        # As the condition of an index by which they are counted.
        yield activations.c.status == ActivationStatus.ACTIVE
    elif chosen.status is not None:
        yield filters.one_of(activations.c.status, "status", chosen.status)


def _conditions(chosen: ActivationFilter, mine: Mine) -> Iterable[ColumnElement[bool]]:
    if chosen.cnpj is not None:
        numbered = starts_with(clients.c.cnpj, chosen.cnpj)
        yield activation_searches.of_clients(numbered, mine)
    if chosen.activation_key is not None:
        yield starts_with(activations.c.activation_key, chosen.activation_key)
    if chosen.client_id is not None and mine is is_any:
        yield activations.c.partner_id == _partner_of(chosen.client_id)
    for column, wanted in (
        (activations.c.client_id, chosen.client_id),
        (activations.c.authorization_code, chosen.authorization_code),
        (activations.c.ecf_serial_number, chosen.ecf_serial_number),
        (activations.c.product_id, chosen.product_id),
        (activations.c.activated_by_id, chosen.activated_by_id),
        (activations.c.cancelled_by_id, chosen.cancelled_by_id),
    ):
        if wanted is not None:
            yield column == wanted
    activated_at, updated_at = beside(
        [activations.c.activated_at, activations.c.updated_at], chosen.cnpj, chosen.activation_key
    )
    yield from during(activated_at, chosen.activated_from, chosen.activated_to)
    yield from during(activations.c.cancelled_at, chosen.cancelled_from, chosen.cancelled_to)
    yield from since(updated_at, chosen.updated_since)
    yield from _by_texts_and_reasons(chosen)


def _by_texts_and_reasons(chosen: ActivationFilter) -> Iterable[ColumnElement[bool]]:
    if chosen.note is not None:
        # As the condition of their index, in which only activations with notes are.
        yield sa.or_(_NOTE.is_not(None), _CANCELLATION_NOTE.is_not(None))
        yield sa.or_(contains(_NOTE, chosen.note), contains(_CANCELLATION_NOTE, chosen.note))
    if chosen.cancellation_reason is not None:
        yield filters.one_of(activations.c.cancellation_reason, "cancellation_reason", chosen.cancellation_reason)
    if chosen.cancellation_reason is not None or chosen.cancelled_by_id is not None:
        # So that the index of cancelled activations serves them.
        yield activations.c.cancelled_at.is_not(None)


def _searches(chosen: ActivationFilter) -> Iterable[Searched]:
    if chosen.search is not None:
        found = [named(chosen.search)]
        found += [] if chosen.search_cnpj is None else [contains(clients.c.cnpj, chosen.search_cnpj)]
        beginnings = [
            (activations.c.activation_key, chosen.search_key),
            (activations.c.ecf_serial_number, chosen.search_key),
            (activations.c.authorization_code, chosen.search_code),
        ]
        yield Searched(sa.or_(*found), [(column, text) for column, text in beginnings if text is not None])
    if chosen.client_name is not None:
        yield Searched(named(chosen.client_name))


def _partner_of(client_id: int) -> ColumnElement[int]:
    its_own = clients.alias("its_own")
    return sa.select(its_own.c.partner_id).where(its_own.c.id == client_id).scalar_subquery()


by_ids = filters.rows_by_id(activations, COLUMNS, ActivationRow)
"""The activations of a scope, by id."""
