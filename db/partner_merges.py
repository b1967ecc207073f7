"""Lists of all partners by a filter that an index of each partner serves: the first rows of each partner are merged."""

from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine.expressions import AnySelect, among_rows
from db.engine.keyset import Part
from db.engine.listings import Listing
from db.engine.searches import Found, Search
from db.tables import partners, users

Row = TypeVar("Row", bound=tuple[Any, ...])

_ID_MAX = sa.literal(2**63 - 1, sa.BigInteger)


def every() -> AnySelect:
    """Return the statement for the ids of all partners."""
    return sa.select(partners.c.id)


def of_user(user_id: int | ColumnElement[int]) -> AnySelect:
    """Return the statement for the partners in which a user may have done something: its own; all if the vendor's."""
    own, of = partners.alias("own"), partners.alias("of")
    # A range, since no engine looks into an index for one of two conditions.
    lowest = sa.case((own.c.is_vendor, sa.literal(0, sa.BigInteger)), else_=own.c.id)
    highest = sa.case((own.c.is_vendor, _ID_MAX), else_=own.c.id)
    its_own = users.join(own, own.c.id == users.c.partner_id)
    found = its_own.join(of, of.c.id.between(lowest, highest))
    return sa.select(of.c.id).select_from(found).where(users.c.id == user_id)


def merged(listed: Listing[Row], of_partners: AnySelect) -> Listing[Row]:
    """Return the listing of all partners; it reads the first rows of each of these, by an index of the partner's."""
    table = listed.sorting.id.table
    condition, *others = listed.where
    of = of_partners.subquery("of_partners")

    def found(part: Part, *, on_sqlite: bool) -> Found:
        if part.sorting is None:
            of_any = among_rows(table.c.partner_id, of_partners)
            return Found(part.of(sa.select(table.c.id).where(of_any, *others)))
        of_each = sa.select(table.c.id).where(table.c.partner_id == of.c.id, *others)
        if on_sqlite:
            chosen = table.c.id.in_(part.of(of_each).correlate(of))
            whole = Part(part.limit, (), part.sorting, part.reverse)
            return Found(whole.of(sa.select(table.c.id).select_from(of.join(table, chosen))))
        first = part.of(of_each.add_columns(part.sorting.key)).correlate(of).lateral("first")
        return Found(part.merged(first).of(sa.select(first.c.id).select_from(of.join(first, sa.true()))))

    return replace(listed, search=Search(found, by_id=[condition]))
