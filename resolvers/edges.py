"""Edges of connections: rows with their cursors."""

from collections.abc import Iterator, Sequence
from typing import Any, Generic, NamedTuple, SupportsIndex, TypeVar, overload

from db.engine.listings import Listing
from db.engine.row_batch import RowBatch
from resolvers import cursors

Row = TypeVar("Row", bound=tuple[Any, ...])


class Edge(NamedTuple, Generic[Row]):
    """Row and its cursor."""

    node: Row
    cursor: str


class Edges(Sequence[Edge[Row]], Generic[Row]):
    """Rows of a list with their cursors, which are encoded only if they are selected."""

    __slots__ = ("_listing", "_nodes", "_owner")
    of_class = Edge

    def __init__(self, listing: Listing[Row], owner: int, nodes: Sequence[Row]) -> None:
        """Take the list, the owner of its cursors, and the rows."""
        self._listing, self._owner, self._nodes = listing, owner, nodes

    def column(self, name: str) -> Sequence[Any]:
        """Return the rows, or their cursors."""
        if name == "node":
            return self._nodes
        if name == "cursor":
            return cursors.of_rows(self._listing, self._owner, self._nodes)
        raise AttributeError(name)

    def joined(self, others: Sequence["Edges[Row]"]) -> "Edges[Row] | None":
        """Return these edges and the others as one batch if all are of one list of many parents, else None."""
        # The cursors of partners' lists are tied to each of them.
        if {each._owner for each in others} - {self._owner}:  # noqa: SLF001 — of the same class.
            return None
        parts = [each._nodes for each in (self, *others) if each._nodes]  # noqa: SLF001 — of the same class.
        nodes = [part for part in parts if isinstance(part, RowBatch)]
        if not nodes or len(nodes) < len(parts):
            return None
        joined = nodes[0].joined(nodes[1:])
        return None if joined is None else Edges(self._listing, self._owner, joined)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._nodes)

    def __iter__(self) -> Iterator[Edge[Row]]:
        """Iterate over the edges."""
        return iter(self[:])

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Edge[Row]: ...

    @overload
    def __getitem__(self, index: slice, /) -> list[Edge[Row]]: ...

    def __getitem__(self, index: Any, /) -> Any:
        """Return an edge, or a slice of them."""
        rows = self._nodes[index] if isinstance(index, slice) else [self._nodes[index]]
        edges = list(map(Edge, rows, cursors.of_rows(self._listing, self._owner, rows)))
        return edges if isinstance(index, slice) else edges[0]
