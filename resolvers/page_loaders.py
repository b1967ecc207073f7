"""Dataloaders of pages: one list of each parent, such as the activations of each client."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from db.engine import Connection, Database, listings_of_parents
from db.engine.keyset import Window
from db.engine.listings import Listing, Slice
from db.engine.statement import Columns
from domain.tenancy import Scope
from resolvers.dataloader import Loader

Value = TypeVar("Value")
Row = TypeVar("Row", bound=tuple[Any, ...])


class PageKind(NamedTuple):
    """What pages of many parents have in common; `chosen` is a further condition on their rows.

    All but `columns` determine the rows.
    """

    scope: Scope
    window: Window
    chosen: Hashable = None
    columns: Columns = None


class Pages(Generic[Row]):
    """Loader of pages of a list that each parent has, in one statement for all parents."""

    def __init__(
        self,
        database: Database,
        listing: Callable[[Scope, Sequence[int], Any], Listing[Row]],
        *,
        of_partners: bool = False,
    ) -> None:
        """Take a function from a scope, parents and a condition to the listing.

        If the pages are `of_partners`, each cursor belongs to its parent.
        """
        self._database = database
        self.listing = listing
        self.of_partners = of_partners
        self._pages: dict[PageKind, Loader[int, Slice[Row]]] = {}
        self._counts: dict[PageKind, Loader[int, int]] = {}
        self._beyond: dict[PageKind, Loader[int, bool]] = {}

    def page(self, kind: PageKind) -> Loader[int, Slice[Row]]:
        """Return the loader of pages of that kind, by parent."""

        # In quotes, because each call would make these types again.
        async def read(connection: Connection, listing: "Listing[Row]") -> "Mapping[int, Slice[Row]]":
            return await listings_of_parents.pages(connection, listing, kind.window, kind.columns)

        return self._loader(self._pages, kind, read)

    def count(self, kind: PageKind, at_most: int | None) -> Loader[int, int]:
        """Return the loader of the lengths of whole lists, counted up to one more than `at_most`, by parent.

        An empty list has none. All counts of a process have the same limit.
        """

        async def read(connection: Connection, listing: Listing[Row]) -> Mapping[int, int]:
            return await listings_of_parents.counts(connection, listing, at_most)

        return self._loader(self._counts, kind, read)

    def beyond(self, kind: PageKind) -> Loader[int, bool]:
        """Return the loader of whether rows precede the pages of that kind, by parent."""

        async def read(connection: Connection, listing: Listing[Row]) -> Mapping[int, bool]:
            return dict.fromkeys(await listings_of_parents.beyond(connection, listing, kind.window), True)

        return self._loader(self._beyond, kind, read)

    def _loader(
        self,
        known: dict[PageKind, Loader[int, Value]],
        kind: PageKind,
        read: Callable[[Connection, Listing[Row]], Awaitable[Mapping[int, Value]]],
    ) -> Loader[int, Value]:
        listing = self.listing

        async def load(connection: Connection, scope: Scope, parent_ids: Sequence[int]) -> Mapping[int, Value]:
            return await read(connection, listing(scope, parent_ids, kind.chosen))

        return known.setdefault(kind, Loader(self._database, kind.scope, load))
