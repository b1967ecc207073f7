"""Lists of activations that match by their clients' names, or by their own keys."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.types import NULLTYPE

from db.engine.expressions import AnyColumn, AnySelect, Text, among, found_by_id, starts_with
from db.engine.filters import Mine, value
from db.engine.listings import Listing, Search
from db.engine.statement import Statement
from db.tables import activations, clients

Row = TypeVar("Row", bound=tuple[Any, ...])

_FEW = sa.bindparam("few", type_=sa.Integer)
# The index of names has the clients in this order; a planner that expects many would read the table.
_NAMES = clients.c.name_folded, clients.c.id


class Searched(NamedTuple):
    """Conditions of a search: on the clients of the activations, or else on the activations themselves."""

    of_client: ColumnElement[bool]
    beginnings: Sequence[tuple[AnyColumn, Text]] = ()
    """Columns of activations, each with an index, that may begin with the text."""

    @property
    def of_own(self) -> Sequence[ColumnElement[bool]]:
        """The conditions on the activations themselves."""
        return [starts_with(column, beginning) for column, beginning in self.beginnings]


def searched(
    listing: Listing[Row], searches: Sequence[Searched], others: Sequence[ColumnElement[bool]], mine: Mine
) -> Listing[Row]:
    """Return the listing of activations with these searches besides the other conditions."""
    if not searches:
        return listing
    *also, first = searches
    rest = [*others, *(_by_set(each, mine) for each in also)]
    mine_too = mine(activations.c.partner_id)
    by_id = mine(found_by_id(activations.c.partner_id)), among(activations.c.id, "found_ids")
    of_few = replace(listing, where=[*by_id, *rest])
    of_many = replace(listing, where=[mine_too, *rest, _one_by_one(first)])
    own = [
        sa.select(activations.c.id).where(mine_too, starts_with(column, beginning)).order_by(column).limit(_FEW)
        for column, beginning in first.beginnings
    ]
    found = Statement(
        _any_of([_of_each_client(first, mine), *own]), value, on_sqlite=_any_of([_of_clients(first, mine), *own])
    )
    return replace(listing, where=[mine_too, *rest, _by_set(first, mine)], search=Search(found, of_few, of_many))


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


def _any_of(selects: Sequence[AnySelect]) -> AnySelect:
    """Return the ids of any of the statements, each of which has its own order and limit."""
    if len(selects) == 1:
        return selects[0]
    return sa.select(sa.union(*(sa.select(each.subquery().c.id) for each in selects)).subquery().c.id)


def _of_clients(search: Searched, mine: Mine) -> AnySelect:
    """Return the statement for the activations of the clients found, which SQLite reads client by client."""
    its_own = activations.c.partner_id == clients.c.partner_id, activations.c.client_id == clients.c.id
    return (
        sa.select(activations.c.id)
        .select_from(clients.join(activations, sa.and_(*its_own)))
        .where(mine(clients.c.partner_id), search.of_client)
        .order_by(*_NAMES)
        .limit(_FEW)
    )


def _of_each_client(search: Searched, mine: Mine) -> AnySelect:
    """Return the same for PostgreSQL, which would read all activations to join them."""
    # The vendor's index of names has no partners, and is read without the table.
    found = sa.select(clients.c.id).where(mine(clients.c.partner_id), search.of_client).order_by(*_NAMES).subquery()
    one = clients.alias("one")
    its_own = activations.c.partner_id == one.c.partner_id, activations.c.client_id == one.c.id
    of_one = (
        sa.select(activations.c.id)
        .select_from(one.join(activations, sa.and_(*its_own)))
        .where(mine(one.c.partner_id), one.c.id == found.c.id)
        .limit(_FEW)
        .lateral()
    )
    return sa.select(of_one.c.id).select_from(found.join(of_one, sa.true())).limit(_FEW)
