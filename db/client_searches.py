"""Lists of clients that match by their names or their city."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine.expressions import Text, contains, found_by_id
from db.engine.filters import Mine
from db.engine.keyset import Part
from db.engine.listings import Listing
from db.engine.searches import FEW, Found, Search, are_few
from db.tables import clients

Row = TypeVar("Row", bound=tuple[Any, ...])


def named(part: str) -> ColumnElement[bool]:
    """Return a condition: one of the client's names contains the folded text, byte for byte.

    It reads the columns of the index in which searches look; both names in one column would make a row of it too long
    for PostgreSQL.
    """
    return sa.or_(contains(clients.c.name_folded, part), contains(clients.c.trade_name_folded, part))


def in_city(listed: Listing[Row], city: Text, status: Sequence[ColumnElement[bool]], mine: Mine) -> Listing[Row]:
    """Return the listing with a search for the clients in an index by city."""
    first = (
        sa.select(clients.c.id)
        .where(mine(clients.c.partner_id), *status, contains(clients.c.city_folded, city))
        .order_by(clients.c.city_folded, clients.c.id)
        .limit(FEW)
    )
    _, *others = listed.where
    by_id = [mine(found_by_id(clients.c.partner_id))]

    def found(part: Part, *, on_sqlite: bool) -> Found:  # noqa: ARG001 — both engines take the same statements.
        matches = first.cte("matches")
        few = sa.select(clients.c.id).where(*by_id, *others, clients.c.id.in_(sa.select(matches.c.id)))
        many = sa.select(clients.c.id).where(*listed.where)
        return Found(part.of(few, when=are_few(matches)), part.of(many, when=~are_few(matches)))

    return replace(listed, search=Search(found, by_id))
