"""Lists by a filter that few rows may fit: an index of it is looked into before the list is read in its order.

No planner knows how many rows fit. In another order than that of the index it may read the whole list for a page.
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


def few_first(listed: Listing[Row], fitting: AnySelect, mine: Mine, *, for_counts: bool = False) -> Listing[Row]:
    """Return the listing with a search for the ids of the rows that fit its filter, in the order of the filter's index.

    `mine` makes the first condition of the listing, of its partner. The others may be narrower than those of `fitting`.
    Its rows are counted as without the search, which a count of many takes longer with, unless it is `for_counts` too.
    """
    its_id = listed.sorting.id
    _, *others = listed.where
    by_id = [mine(found_by_id(its_id.table.c.partner_id))]

    def found(part: Part, *, on_sqlite: bool) -> Found:  # noqa: ARG001 — both engines take the same statements.
        many = sa.select(its_id).where(*listed.where)
        if part.sorting is None and not for_counts:
            return Found(part.of(many))
        matches = fitting.limit(FEW).cte("matches")
        few = sa.select(its_id).where(*by_id, *others, its_id.in_(sa.select(matches.c.id)))
        return Found(part.of(few, when=are_few(matches)), part.of(many, when=~are_few(matches)))

    return replace(listed, search=Search(found, by_id))
