"""Pages of connections; counts and looks beyond a page are queried only if they are selected."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from db.engine import Connection, Database, Pending, listings
from db.engine.keyset import Keyset, Window
from db.engine.listings import Listing, Slice
from db.engine.statement import NO_JOINS, Columns, Joins
from domain.errors import BadUserInput
from domain.tenancy import Scope
from resolvers import cursors
from resolvers.columns import column
from resolvers.context import Context
from resolvers.dataloader import Batch, Loader, MaybeAwaitable, then
from resolvers.edges import Edges
from resolvers.loaders import Loaders
from resolvers.page_loaders import PageKind, Pages

SIZE_DEFAULT = 25
SIZE_MAX = 100

Row = TypeVar("Row", bound=tuple[Any, ...])


class PageArguments(NamedTuple):
    """Paging arguments of a connection, unchecked."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @classmethod
    def given(cls, first: object, after: object, last: object, before: object) -> "PageArguments":
        """Return the arguments of a field; what is neither a number nor a text was omitted."""
        return cls(
            first if isinstance(first, int) else None,
            after if isinstance(after, str) else None,
            last if isinstance(last, int) else None,
            before if isinstance(before, str) else None,
        )


class Source(Protocol):
    """Source of pages, with the facts about them that take a query."""

    def counts(self, pages: Sequence["Page[Any]"], at_most: int | None) -> Batch[int | None]:
        """Return the number of rows of each page's whole list, counted up to one more than `at_most`; None means 0."""

    def beyond(self, pages: Sequence["Page[Any]"], *, backward: bool) -> Batch[bool | None]:
        """Return whether rows precede each page; read backward, whether rows follow it."""


@dataclass(slots=True)
class Page(Generic[Row]):
    """Page: its rows, and where to find its counts and neighbours."""

    owner: int
    listing: Listing[Row]
    window: Window
    nodes: Sequence[Row]
    more: bool
    source: Source
    parent_id: int = 0
    begins_after: Keyset | None = None
    """Where to continue from if the list is empty, although rows were in it before."""

    @property
    def edges(self) -> Edges[Row]:
        """Rows with their cursors."""
        return Edges(self.listing, self.owner, self.nodes)

    @property
    def page_info(self) -> "Page[Row]":
        """The same page, which has the fields of PageInfo."""
        return self

    @property
    def start_cursor(self) -> str | None:
        """Cursor of the first row; of an empty page, the `before` that was given."""
        return self._cursor(self.nodes[:1], self.window.before)

    @property
    def end_cursor(self) -> str | None:
        """Cursor of the last row; of an empty page, the `after` that was given, so that a caller can ask again."""
        return self._cursor(self.nodes[-1:], self.window.after or self.begins_after)

    def _cursor(self, rows: Sequence[Row], given: Keyset | None) -> str | None:
        if rows:
            return cursors.of_rows(self.listing, self.owner, rows)[0]
        # A cursor is taken only if it is written as it is given out, so this is the caller's own text.
        return None if given is None else cursors.encode(self.listing.order, self.owner, given)

    def reaches_end(self, *, backward: bool) -> bool | None:
        """Return whether nothing follows in that direction; None if that takes a query."""
        if self.more and self.window.backward is backward:
            return False
        return True if (self.window.after if backward else self.window.before) is None else None


def counts(context: Context, pages: Sequence[Page[Any]]) -> Batch[int]:
    """Return the length of the whole list of each page; of a longer list, the most that is counted."""
    most = _counted_at_most(context, pages)
    found = pages[0].source.counts(pages, most)
    return then(found, lambda numbers: [_at_most(number or 0, most) for number in numbers])


def have_exact_counts(context: Context, pages: Sequence[Page[Any]]) -> Batch[bool]:
    """Return whether `counts` has the length of the whole list of each page."""
    most = _counted_at_most(context, pages)
    if most is None:
        return [True] * len(pages)
    found = pages[0].source.counts(pages, most)
    return then(found, lambda numbers: [(number or 0) <= most for number in numbers])


def _counted_at_most(context: Context, pages: Sequence[Page[Any]]) -> int | None:
    # A number that is kept need not be counted.
    return None if pages[0].listing.kept is not None else context.portal.total_count_max


def _at_most(number: int, most: int | None) -> int:
    return number if most is None else min(number, most)


def have_next(_context: Context, pages: Sequence[Page[Any]]) -> Batch[bool]:
    """Return whether rows follow each page."""
    return _have_more(pages, backward=False)


def have_previous(_context: Context, pages: Sequence[Page[Any]]) -> Batch[bool]:
    """Return whether rows precede each page."""
    return _have_more(pages, backward=True)


def _have_more(pages: Sequence[Page[Any]], *, backward: bool) -> Batch[bool]:
    ends = [page.reaches_end(backward=backward) for page in pages]
    unknown = [place for place, ends_there in enumerate(ends) if ends_there is None]
    if not unknown:
        return [not ends_there for ends_there in ends]

    def answers_with(found: Sequence[bool | None]) -> list[bool]:
        answers = [not ends_there for ends_there in ends]
        for place, any_there in zip(unknown, found, strict=True):
            answers[place] = bool(any_there)
        return answers

    asked = [pages[place] for place in unknown]
    return then(pages[0].source.beyond(asked, backward=not backward), answers_with)


@dataclass(slots=True)
class _Alone(Generic[Row]):
    """List without parents."""

    database: Database
    scope: Scope
    listing: Listing[Row]
    _count: Loader[Scope, int] | None = None

    def counts(self, pages: Sequence[Page[Any]], at_most: int | None) -> Batch[int | None]:
        if self._count is None:

            async def read(connection: Connection, scope: Scope, _keys: Sequence[Scope]) -> Mapping[Scope, int]:
                return {scope: await listings.count(connection, self.listing, at_most)}

            # Two fields show the number.
            self._count = Loader(self.database, self.scope, read)
        return self._count.load_many([self.scope] * len(pages))

    async def beyond(self, pages: Sequence[Page[Any]], *, backward: bool) -> list[bool | None]:
        windows = [page.window._replace(backward=backward) for page in pages]

        async def read(connection: Connection) -> list[bool | None]:
            return [await listings.any_beyond(connection, self.listing, each) for each in windows]

        return await self.database.read(read)


@dataclass(slots=True)
class _Among(Generic[Row]):
    """List of one of many parents."""

    loaders: Pages[Row]
    kind: PageKind

    def counts(self, pages: Sequence[Page[Any]], at_most: int | None) -> Batch[int | None]:
        loader = self.loaders.count(self.kind._replace(window=_NO_WINDOW, columns=None), at_most)
        return loader.load_many([page.parent_id for page in pages])

    def beyond(self, pages: Sequence[Page[Any]], *, backward: bool) -> Batch[bool | None]:
        kind = self.kind._replace(window=self.kind.window._replace(backward=backward), columns=None)
        return self.loaders.beyond(kind).load_many([page.parent_id for page in pages])


def window(arguments: PageArguments, listing: Listing[Row], owner: int) -> Window:
    """Return the window of the arguments; raise BadUserInput if they contradict each other or the limits."""
    first, after, last, before = arguments
    if first is not None and last is not None:
        message = "Give “first” or “last”, not both."
        raise BadUserInput(message, argument="last")
    name, size = ("first", first) if last is None else ("last", last)
    if size is not None and not 0 <= size <= SIZE_MAX:
        message = f"“{name}” must be between 0 and {SIZE_MAX}, not {size}."
        raise BadUserInput(message, argument=name)
    order, key_type = listing.order, listing.key_type
    return Window(
        size=SIZE_DEFAULT if size is None else size,
        backward=last is not None,
        after=None if after is None else cursors.decode(after, "after", order, owner, key_type),
        before=None if before is None else cursors.decode(before, "before", order, owner, key_type),
    )


@dataclass(frozen=True, slots=True)
class Preload:
    """Rows that a loader loads by a column of a page's rows, in the page's unit of work."""

    key: str
    loader: Callable[[Loaders], Loader[int, Any]]
    columns: Columns
    permitted: Callable[[Context], bool]


@dataclass(frozen=True, slots=True)
class Selection:
    """Selection of a page: columns (None for all), joined rows, and rows to preload."""

    columns: Columns = None
    joins: Joins = field(default_factory=lambda: NO_JOINS)
    preloads: Sequence[Preload] = ()
    page: bool = True
    """Whether the page is selected, rather than its counts alone."""


EVERYTHING = Selection()
"""All columns of the rows, and nothing else."""

_NO_WINDOW = Window(0)

_NO_ROWS: Slice[Any] = Slice([], more=False)


def page(
    context: Context, scope: Scope, listing: Listing[Row], arguments: PageArguments, selection: Selection = EVERYTHING
) -> MaybeAwaitable[Page[Row]]:
    """Return a page of a list of the scope, with the selected relations loaded."""
    database, owner = context.portal.database, cursors.owner(scope)
    wanted = window(arguments, listing, owner)

    # In quotes, because each call would make these types again.
    async def read(connection: Connection) -> "Slice[Row]":
        found = await listings.page(connection, listing, wanted, selection.columns, selection.joins)
        for each in selection.preloads:
            if each.permitted(context):
                loader = each.loader(context.loaders).load_only(each.columns)
                await loader.bring(connection, column(found.rows, each.key))
        return found

    def made(found: "Slice[Row]") -> "Page[Row]":
        return Page(owner, listing, wanted, found.rows, found.more, _Alone(database, scope, listing))

    async def later(pending: "Pending[Slice[Row]]") -> "Page[Row]":
        return made(await pending)

    if not selection.page:
        return made(_NO_ROWS)
    # What a row refers to is never deleted, so a later moment has it too.
    found = database.read_now(read, alone=True)
    return later(found) if isinstance(found, Pending) else made(found)


def pages_of(
    loaders: Pages[Row],
    arguments: PageArguments,
    *,
    scope: Scope,
    parent_ids: Sequence[int],
    chosen: Hashable = None,
    selection: Selection = EVERYTHING,
) -> Batch[Page[Row]]:
    """Return a page of the list of each parent, with the selected columns."""
    listing, owner = loaders.listing(scope, [], chosen), cursors.owner(scope)
    kind = PageKind(scope, window(arguments, listing, owner), chosen, selection.columns)
    source = _Among(loaders, kind)
    owners = parent_ids if loaders.of_partners else [owner] * len(parent_ids)

    def made(found: "Sequence[Slice[Row] | None]") -> "list[Page[Row]]":
        return [
            Page(of_page, listing, kind.window, *(rows or Slice([], more=False)), source, parent_id)
            for of_page, parent_id, rows in zip(owners, parent_ids, found, strict=True)
        ]

    if not selection.page:
        return made([None] * len(parent_ids))
    return then(loaders.page(kind).load_many(parent_ids), made)
