"""Relay's connections, over pages that are read by keyset."""

from typing import Generic, TypeVar

import strawberry

from resolvers import pages
from resolvers.pages import PageArguments
from schema.inputs import given
from schema.relations import computed_together

Item = TypeVar("Item")


def arguments(first: int | None, after: str | None, last: int | None, before: str | None) -> PageArguments:
    """The paging arguments of a connection, None where they were omitted."""
    return PageArguments(given(first), given(after), given(last), given(before))


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's PageInfo, read from a Page."""

    start_cursor: str | None = strawberry.field(
        description=(
            "The cursor of the first object of the page. Where the page is empty, it is the `before` that was given; "
            "null where none was."
        )
    )
    end_cursor: str | None = strawberry.field(
        description=(
            "The cursor of the last object of the page, to go on from. Where the page is empty, it is the `after` that "
            "was given, so that a script can ask again for what came since; null where none was."
        )
    )

    has_next_page: bool = computed_together(
        lambda _, rows: pages.have_more(rows, backward=False),
        description="Whether more objects follow this page in the list's order.",
    )
    has_previous_page: bool = computed_together(
        lambda _, rows: pages.have_more(rows, backward=True),
        description="Whether objects stand before this page in the list's order.",
    )


@strawberry.type(description="An object in a list, and its place there.")
class Edge(Generic[Item]):
    """Relay's edge, read from an Edge of a Page."""

    node: Item = strawberry.field(description="The object.")
    cursor: str = strawberry.field(
        description="The object's place in the list: an opaque text to give as `after` or `before`."
    )


@strawberry.type(
    description=(
        "A page of a list: at most 100 objects, 25 unless `first` or `last` asks for another number. A page begins "
        "where a cursor stands, so objects that come and go meanwhile make none appear twice or not at all. The sizes "
        "of nested lists multiply: an operation can select at most 50,000 objects and 1,000,000 values, counted before "
        "it runs."
    )
)
class Connection(Generic[Item]):
    """Relay's connection, read from a Page."""

    edges: list[Edge[Item]] = strawberry.field(description="The objects of the page with their cursors.")
    nodes: list[Item] = strawberry.field(description="The objects of the page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")

    total_count: int = computed_together(
        lambda _, rows: pages.counts(rows),
        description="How many objects the whole list has; it is counted only where it is asked for.",
    )
