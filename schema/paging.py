"""Relay's connections, over pages that are read by keyset."""

from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from graphql import GraphQLResolveInfo

from breadth.lookahead import known, leads_on, selected
from breadth.strawberry import level_field
from db.engine.statement import NOTHING, Bring, Columns
from resolvers import pages
from resolvers.context import Context
from resolvers.dataloader import Level
from resolvers.pages import Page, PageArguments
from schema.nodes import Info, columns, given

Item = TypeVar("Item")

First = Annotated[
    int | None,
    strawberry.argument(
        description=(
            "How many objects from the beginning of the list, at most 100. Sizes of nested lists multiply, and an "
            "operation that could select more than 50,000 objects is COST_EXCEEDED."
        )
    ),
]
After = Annotated[str | None, strawberry.argument(description="Show only what follows this cursor of the list.")]
Last = Annotated[
    int | None,
    strawberry.argument(description="How many objects from the end of the list, at most 100; not with `first`."),
]
Before = Annotated[str | None, strawberry.argument(description="Show only what stands before this cursor of the list.")]


def arguments(first: int | None, after: str | None, last: int | None, before: str | None) -> PageArguments:
    """The paging arguments of a connection, None where they were omitted."""
    return PageArguments(given(first), given(after), given(last), given(before))


def listed(info: Info, relation: str | None = None) -> Columns:
    """The columns that are read of a connection's rows, or of what a relation of theirs leads to."""

    def find() -> Columns:
        step = () if relation is None else (relation,)
        of_nodes, of_edges = columns(info, "nodes", *step), columns(info, "edges", "node", *step)
        return None if of_nodes is None or of_edges is None else of_nodes | of_edges

    return known(info._raw_info, ("listed", relation), find)  # noqa: SLF001 — Strawberry has no public name for it.


def brought(info: Info, relations: frozenset[str]) -> Bring:
    """Which of these relations are asked for of the objects of a connection, and what is read of them.

    Where more objects are asked for below a relation, it is not brought: it is loaded then, which tells of objects that
    stand in several places as one, so that what is below them is asked for once.
    """
    if not info.context.by_level:
        return NOTHING
    raw_info = info._raw_info  # noqa: SLF001 — Strawberry shows graphql-core's info under no other name.

    def find() -> Bring:
        below = selected(raw_info)
        asked = [name for name in relations if f"nodes.{name}" in below or f"edges.node.{name}" in below]
        return {name: listed(info, name) for name in asked if not _leads_on(raw_info, name)}

    return known(raw_info, ("brought", relations), find)


def _leads_on(raw_info: GraphQLResolveInfo[Context], relation: str) -> bool:
    return leads_on(raw_info, "nodes", relation) or leads_on(raw_info, "edges", "node", relation)


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

    @level_field(graphql_type=bool, description="Whether more objects follow this page in the list's order.")
    @staticmethod
    def has_next_page(rows: strawberry.Parent[Sequence[Page[Any]]]) -> Level[bool]:
        return pages.have_more(rows, backward=False)

    @level_field(graphql_type=bool, description="Whether objects stand before this page in the list's order.")
    @staticmethod
    def has_previous_page(rows: strawberry.Parent[Sequence[Page[Any]]]) -> Level[bool]:
        return pages.have_more(rows, backward=True)


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

    @level_field(
        graphql_type=int, description="How many objects the whole list has; it is counted only where it is asked for."
    )
    @staticmethod
    def total_count(rows: strawberry.Parent[Sequence[Page[Any]]]) -> Level[int]:
        return pages.counts(rows)
