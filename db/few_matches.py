"""Lists with a filter that few rows may match: the index of the filter is read before the list.

No planner knows how many rows match. For a page in another order than that of the index, it may read the whole list.
"""

from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sa

from db.engine.expressions import AnySelect, found_by_id
from db.engine.filters import Mine
from db.engine.keyset import Part
from db.engine.listings import Listing
from db.engine.searches import FEW, Found, Search, are_few

Row = TypeVar("Row", bound=tuple[Any, ...])


def few_first(listed: Listing[Row], matching: AnySelect, mine: Mine, *, for_counts: bool = False) -> Listing[Row]:
    """Return the listing with a search that first looks up to `few` ids in the index of its filter.

    Every row of the listing has to be one of `matching`, and its first condition has to be of `mine`. Counts have the
    search only if it is `for_counts` too, since it makes a count of many rows slower.
    """
    its_id = listed.sorting.id
    _, *others = listed.where
    by_id = [mine(found_by_id(its_id.table.c.partner_id))]

    def found(part: Part, *, on_sqlite: bool) -> Found:  # noqa: ARG001 — both engines take the same statements.
        many = sa.select(its_id).where(*listed.where)
        if part.sorting is None and not for_counts:
            return Found(part.of(many))
        matches = matching.limit(FEW).cte("matches")
        few = sa.select(its_id).where(*by_id, *others, its_id.in_(sa.select(matches.c.id)))
        return Found(part.of(few, when=are_few(matches)), part.of(many, when=~are_few(matches)))

    return replace(listed, search=Search(found, by_id))
