"""Lists of activations that match by their clients' names, or by their own keys."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.types import NULLTYPE

from db.engine.expressions import AnySelect, among, among_rows, found_by_id
from db.engine.filters import Mine, value
from db.engine.listings import Listing, Search
from db.engine.statement import Statement
from db.tables import activations, clients

Row = TypeVar("Row", bound=tuple[Any, ...])

_OF_CLIENT = activations.c.partner_id == clients.c.partner_id, activations.c.client_id == clients.c.id


class Searched(NamedTuple):
    """Conditions of a search: on the clients of the activations, or else on the activations themselves."""

    of_client: ColumnElement[bool]
    of_own: Sequence[ColumnElement[bool]] = ()
    """Conditions that an index serves, each alone."""


def searched(
    listing: Listing[Row], searches: Sequence[Searched], others: Sequence[ColumnElement[bool]], mine: Mine
) -> Listing[Row]:
    """Return the listing of activations with these searches besides the other conditions."""
    if not searches:
        return listing
    *also, first = searches
    rest = [*others, *(_by_set(each, mine) for each in also)]
    mine_too = mine(activations.c.partner_id)
    of_few = replace(listing, where=[mine(found_by_id(activations.c.partner_id)), *rest, _by_ids(first, mine)])
    of_many = replace(listing, where=[mine_too, *rest, _one_by_one(first)])
    # The index of names has the clients in this order; a planner that expects many would read the table.
    names = clients.c.name_folded, clients.c.id
    found = (
        sa.select(clients.c.id)
        .where(mine(clients.c.partner_id), first.of_client)
        .order_by(*names)
        .limit(sa.bindparam("few", type_=sa.Integer))
    )
    search = Search(Statement(found, value), of_few, of_many)
    return replace(listing, where=[mine_too, *rest, _by_set(first, mine)], search=search)


def _by_set(search: Searched, mine: Mine) -> ColumnElement[bool]:
    matching = sa.select(clients.c.id).where(mine(clients.c.partner_id), search.of_client)
    return sa.or_(activations.c.client_id.in_(matching), *search.of_own)


def _one_by_one(search: Searched) -> ColumnElement[bool]:
    """Return the condition by which each activation's client is read when the list comes to it."""
    # Of a subquery that is no value, PostgreSQL would read all clients first.
    matches = sa.select(sa.type_coerce(search.of_client, NULLTYPE)).where(
        found_by_id(clients.c.partner_id) == activations.c.partner_id, clients.c.id == activations.c.client_id
    )
    return sa.or_(matches.correlate(activations).scalar_subquery(), *search.of_own)


def _by_ids(search: Searched, mine: Mine) -> ColumnElement[bool]:
    """Return the condition by which each part of the search finds its activations by an index."""
    of_clients = (
        sa.select(activations.c.id)
        .select_from(clients.join(activations, sa.and_(*_OF_CLIENT)))
        .where(mine(found_by_id(clients.c.partner_id)), among(clients.c.id, "found_ids"))
    )
    of_own: list[AnySelect] = [
        sa.select(activations.c.id).where(mine(activations.c.partner_id), each) for each in search.of_own
    ]
    found = [each.correlate(None) for each in (of_clients, *of_own)]
    return among_rows(activations.c.id, sa.union(*found) if of_own else found[0])
