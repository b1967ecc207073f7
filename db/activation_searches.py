"""Lists of activations that match by their clients' names, or by their own keys."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.types import NULLTYPE

from db.engine.expressions import AnyColumn, AnySelect, Text, by_engine, found_by_id, starts_with
from db.engine.filters import Mine, is_partner
from db.engine.keyset import Part
from db.engine.listings import Listing
from db.engine.searches import FEW, Found, Search, any_of, are_few
from db.tables import activations, clients

Row = TypeVar("Row", bound=tuple[Any, ...])

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


class _Plan(NamedTuple):
    """Search, the other conditions, and the condition of the scope."""

    search: Searched
    others: Sequence[ColumnElement[bool]]
    mine: Mine

    def by_id(self, part: Part, ids: sa.CTE, *, when: ColumnElement[bool]) -> AnySelect:
        """Return the statement for those of the ids that the other conditions fit."""
        found = self.mine(found_by_id(activations.c.partner_id)), activations.c.id.in_(sa.select(ids.c.id))
        return part.of(sa.select(activations.c.id).where(*found, *self.others), when=when)


def searched(
    listing: Listing[Row], searches: Sequence[Searched], others: Sequence[ColumnElement[bool]], mine: Mine
) -> Listing[Row]:
    """Return the listing of activations with these searches besides the other conditions."""
    if not searches:
        return listing
    *also, first = searches
    search = Search(
        partial(_found, _Plan(first, others, mine), also), by_id=[mine(found_by_id(activations.c.partner_id))]
    )
    sets = [_of_set(each, mine) for each in searches]
    return replace(listing, where=[mine(activations.c.partner_id), *others, *sets], search=search)


def _found(plan: _Plan, also: Sequence[Searched], part: Part, *, on_sqlite: bool) -> Found:
    """Return the statements for the ids of a part of the list, of which one way is taken.

    If few clients match, the activations of each are read; if few activations of many clients match, only these.
    Otherwise the list is read in its order until the part is full. The clients that match the other searches are found
    once for all ways.
    """
    sets = [_matching(each, plan.mine).cte(f"also_{place}") for place, each in enumerate(also)]
    conditions = [
        sa.or_(found_by_id(activations.c.client_id).in_(sa.select(found.c.id)), *each.of_own)
        for each, found in zip(also, sets, strict=True)
    ]
    plan = plan._replace(others=[*plan.others, *conditions])
    named = _clients(plan, on_sqlite=on_sqlite).cte("named")
    matches = (_of_clients if on_sqlite else _of_each_client)(plan).cte("matches")
    own = [
        sa.select(activations.c.id)
        .where(plan.mine(activations.c.partner_id), starts_with(column, beginning))
        .order_by(column)
        .limit(FEW)
        .cte(f"of_{column.name}")
        for column, beginning in plan.search.beginnings
    ]
    ways = [(~are_few(each), _IN_ORDER) for each in own]
    ways += [(are_few(named), _BY_CLIENT), (are_few(matches), _BY_MATCH)]
    chosen = sa.select(sa.case(*ways, else_=_IN_ORDER).label("way")).cte("chosen")
    way = sa.select(chosen.c.way).scalar_subquery()
    of_named = (_of_named if on_sqlite else _of_each_named)(plan, named, part, when=way == _BY_CLIENT)
    few = [of_named, plan.by_id(part, matches, when=way == _BY_MATCH)]
    few += [plan.by_id(part, each, when=way != _IN_ORDER) for each in own]
    condition = _one_by_one(plan.search) if part.sorting else _of_set(plan.search, plan.mine)
    many = sa.select(activations.c.id).where(plan.mine(activations.c.partner_id), condition, *plan.others)
    return Found(any_of(few, distinct=bool(own)), part.of(many, when=way == _IN_ORDER))


_BY_CLIENT, _BY_MATCH, _IN_ORDER = range(3)


def of_clients(condition: ColumnElement[bool], mine: Mine) -> ColumnElement[bool]:
    """Return a condition: the activation is of a client that fits this one.

    Indexes of activations have the client behind the partner. By the client alone, SQLite would look for each at each
    partner, or read a partner's activations in turn.
    """
    found = sa.select(clients.c.partner_id, clients.c.id).where(mine(clients.c.partner_id), condition)
    return sa.tuple_(activations.c.partner_id, activations.c.client_id).in_(found)


def _matching(search: Searched, mine: Mine) -> AnySelect:
    """Return the statement for all clients that match."""
    return sa.select(clients.c.id).where(mine(clients.c.partner_id), search.of_client)


def _of_set(search: Searched, mine: Mine) -> ColumnElement[bool]:
    # PostgreSQL takes clients of both columns for few, and looks for each.
    by_client = activations.c.client_id.in_(_matching(search, mine))
    of_any = by_engine(sqlite=of_clients(search.of_client, mine), postgresql=by_client)
    return sa.or_(of_any, *search.of_own)


def _one_by_one(search: Searched) -> ColumnElement[bool]:
    """Return the condition by which each activation's client is read when the list comes to it."""
    # Of a subquery that is no value, PostgreSQL would read all clients first.
    matches = sa.select(sa.type_coerce(search.of_client, NULLTYPE)).where(
        found_by_id(clients.c.partner_id) == activations.c.partner_id, clients.c.id == activations.c.client_id
    )
    return sa.or_(matches.correlate(activations).scalar_subquery(), *search.of_own)


def _clients(plan: _Plan, *, on_sqlite: bool) -> AnySelect:
    """Return the statement for the clients that match, up to the bound `few`."""
    # The vendor's index of names has no partners, and PostgreSQL reads it without the table.
    columns = [clients.c.id, clients.c.partner_id] if on_sqlite else [clients.c.id]
    matching = plan.mine(clients.c.partner_id), plan.search.of_client
    return sa.select(*columns).where(*matching).order_by(*_NAMES).limit(FEW)


def _of_named(plan: _Plan, named: sa.CTE, part: Part, *, when: ColumnElement[bool]) -> AnySelect:
    """Return the statement for the activations of the clients found."""
    its_own = activations.c.partner_id == named.c.partner_id, activations.c.client_id == named.c.id
    of_named = named.join(activations, sa.and_(*its_own))
    return part.of(sa.select(activations.c.id).select_from(of_named).where(*plan.others), when=when)


def _of_each_named(plan: _Plan, named: sa.CTE, part: Part, *, when: ColumnElement[bool]) -> AnySelect:
    """Return the same for PostgreSQL, which would read all activations to join them."""
    of_one = _activations_of(plan, named).where(*plan.others)
    first = part.of(of_one if part.sorting is None else of_one.add_columns(part.sorting.key)).lateral()
    return part.merged(first).of(sa.select(first.c.id).select_from(named.join(first, sa.true())), when=when)


def _of_clients(plan: _Plan) -> AnySelect:
    """Return the statement for the activations of all clients that match, up to the bound `few`."""
    its_own = activations.c.partner_id == clients.c.partner_id, activations.c.client_id == clients.c.id
    return (
        sa.select(activations.c.id)
        .select_from(clients.join(activations, sa.and_(*its_own)))
        .where(plan.mine(clients.c.partner_id), plan.search.of_client)
        .order_by(*_NAMES)
        .limit(FEW)
    )


def _of_each_client(plan: _Plan) -> AnySelect:
    """Return the same for PostgreSQL, which would read all activations to join them."""
    matching = plan.mine(clients.c.partner_id), plan.search.of_client
    found = sa.select(clients.c.id).where(*matching).order_by(*_NAMES).subquery()
    first = _activations_of(plan, found).limit(FEW).lateral()
    return sa.select(first.c.id).select_from(found.join(first, sa.true())).limit(FEW)


def _activations_of(plan: _Plan, found: sa.FromClause) -> AnySelect:
    """Return the statement for the activations of each of the clients found, which is joined laterally."""
    if plan.mine is is_partner:
        return sa.select(activations.c.id).where(
            is_partner(activations.c.partner_id), activations.c.client_id == found.c.id
        )
    # The indexes of activations begin with the partner; the index of names does not.
    one = clients.alias("one")
    its_own = activations.c.partner_id == one.c.partner_id, activations.c.client_id == one.c.id
    return (
        sa.select(activations.c.id).select_from(one.join(activations, sa.and_(*its_own))).where(one.c.id == found.c.id)
    )
