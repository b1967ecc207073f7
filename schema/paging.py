"""Relay connections over keyset pages."""

from typing import Generic, TypeVar

import strawberry

from resolvers import pages
from schema.relations import computed_together

Item = TypeVar("Item")


@strawberry.type(description="Information about a page of a list.")
class PageInfo:
    """Relay's PageInfo, read from a Page."""

    start_cursor: str | None = strawberry.field(
        description=(
            "The cursor of the first object of the page. If the page is empty, the given `before`, or null without one."
        )
    )
    end_cursor: str | None = strawberry.field(
        description=(
            "The cursor of the last object of the page, from which to continue. If the page is empty, the given "
            "`after`, so that a script can ask again later for new objects, or null without one."
        )
    )

    has_next_page: bool = computed_together(
        pages.have_next,
        description="Whether there are more objects after this page.",
    )
    has_previous_page: bool = computed_together(
        pages.have_previous,
        description="Whether there are objects before this page.",
    )


@strawberry.type(description="An object of a list, with its cursor.")
class Edge(Generic[Item]):
    """Relay's edge, read from an Edge of a Page."""

    node: Item = strawberry.field(description="The object.")
    cursor: str = strawberry.field(
        description="The object's position in the list: an opaque text for `after` and `before`."
    )


@strawberry.type(
    description=(
        "A page of a list: at most 100 objects, and 25 unless `first` or `last` is given. A page begins at the "
        "position of a cursor, so that no object is repeated or missed if others are added or removed meanwhile. The "
        "sizes of nested lists multiply: an operation can select at most 50,000 objects and 1,000,000 values, counted "
        "before it runs."
    )
)
class Connection(Generic[Item]):
    """Relay's connection, read from a Page."""

    edges: list[Edge[Item]] = strawberry.field(description="The objects of the page, with their cursors.")
    nodes: list[Item] = strawberry.field(description="The objects of the page.")
    page_info: PageInfo = strawberry.field(description="Information about the page.")

    total_count: int = computed_together(
        pages.counts,
        description=(
            "The number of objects in the whole list. Where it has to be counted, that is done only if it is selected, "
            "and not beyond the server's `TOTAL_COUNT_MAX`, if it has one: of a longer list, it is that number, to be "
            "shown as “10.000+”."
        ),
    )
    total_count_is_exact: bool = computed_together(
        pages.have_exact_counts,
        description=(
            "Whether `totalCount` is the number of objects in the whole list. If it is false, the list has more. "
            "Selected with `totalCount`, it is counted only once."
        ),
    )
