"""Declarations of fields of types over database rows.

A declaration gives the columns that a query selects, the join or the loader, the batch resolver, and the permission.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, ClassVar

import strawberry
from graphql import GraphQLField, GraphQLResolveInfo
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.types.info import Info as StrawberryInfo

from breadth import lookahead
from breadth.strawberry import DeclaredField, declared
from db.engine.statement import Columns, Join
from domain.access import Permission
from resolvers import ids, pages
from resolvers.columns import column, joined
from resolvers.context import Context
from resolvers.dataloader import Batch, Loader, Related, then
from resolvers.loaders import LISTS, ONE_ROW, PAGES, Declared, Loaders
from resolvers.page_loaders import Pages
from resolvers.pages import Page, PageArguments, Preload, Selection
from schema.inputs import After, Before, First, Last, given

Info = GraphQLResolveInfo[Context]
Rows = Sequence[Any]
Field = Any
"""Field as a class attribute, whose annotation is the field's type."""
Checked = Callable[[Context, Batch[Page[Any]], Sequence[int]], Batch[Any]]


def attribute(description: str) -> Field:
    """Declare a field that is the row's attribute of the same name."""
    return strawberry.field(description=description)


def computed(
    compute: Callable[[Context, Any], object], *, reads: Iterable[str] | None = None, description: str
) -> Field:
    """Declare a field computed from one row; `reads` are the columns that it needs, None for all."""
    return declared(_Computed(compute, reads), description=description)


def computed_together(
    compute: Callable[[Context, Any], object], *, reads: Iterable[str] | None = None, description: str
) -> Field:
    """Declare a field computed from all rows of a batch: `compute` returns their values, or an awaitable of them."""
    return declared(_ComputedTogether(compute, reads), description=description)


def global_id(description: str) -> Field:
    """Declare the global id of a row: it has the name of the type, and the row's own id."""
    return declared(_GlobalId(), description=description)


def to_one(
    key: str, *, loader: str, join: Join | None = None, permission: Permission | None = None, description: str
) -> Field:
    """Declare a relation from the column `key` to the row that `loader` of `Loaders` has under it.

    A page joins the rows if there is a `join`, which one that recurs is for a server only, and loads them in its own
    unit of work otherwise. The relation is null if the viewer lacks the `permission`.
    """
    return declared(ToOne(key, loader, join, permission), description=description)


def to_many(key: str, *, loader: str, description: str) -> Field:
    """Declare a relation from the column `key` to the rows that `loader` of `Loaders` has under it."""
    return declared(_ToMany(key, loader), description=description)


def to_page(
    key: str, *, pages: str, by: tuple[str, Any] | None = None, checked: Checked | None = None, description: str
) -> Field:
    """Declare a connection from the column `key` to the rows that `pages` of `Loaders` has under it.

    `by` is the name and annotation of an argument that filters the rows. `checked` takes pages at a given cursor and
    their keys, and returns the pages, or an error for one.
    """
    arguments = [("first", First), ("after", After), ("last", Last), ("before", Before)]
    return declared(
        _ToPage(key, pages, by and by[0], checked),
        arguments=[
            StrawberryArgument(name, None, StrawberryAnnotation(annotation), default=strawberry.UNSET)
            for name, annotation in ((by, *arguments) if by else arguments)
        ],
        description=description,
    )


class _Computed:
    of_each = True

    def __init__(self, compute: Callable[[Context, Any], object], reads: Iterable[str] | None) -> None:
        self.reads = None if reads is None else frozenset(reads)
        self._compute = compute

    def resolve(self, rows: Rows, info: Info) -> Batch[object]:
        compute, context = self._compute, info.context
        return [compute(context, row) for row in rows]


class _ComputedTogether(_Computed):
    of_each = False

    def resolve(self, rows: Rows, info: Info) -> Any:  # noqa: ANN401 — of any type.
        return self._compute(info.context, rows)


class _GlobalId:
    of_each = True
    reads = frozenset({"id"})

    def resolve(self, rows: Rows, info: Info) -> list[str]:
        return ids.encode_all(info.parent_type.name, column(rows, "id"))


class _ByLoader:
    """Relation from a column to what a loader has under it."""

    loads: ClassVar[str]
    """What its loader has to load, in the words of an error."""

    def __init__(self, key: str, loader: str) -> None:
        self.key, self.reads, self.loader_name = key, frozenset({key}), loader


class ToOne(_ByLoader):
    """Relation to one row."""

    loads = ONE_ROW

    def __init__(self, key: str, loader: str, join: Join | None, permission: Permission | None) -> None:
        super().__init__(key, loader)
        self.join, self.permission = join, permission
        self.loader: Callable[[Loaders], Loader[int, Any]] = attrgetter(loader)

    def resolve(self, rows: Rows, info: Info) -> Related[Any]:
        """Return the row that each of the rows refers to."""
        if not self.permitted(info.context):
            return [None] * len(rows)
        beside = None if self.join is None else joined(rows, self.join)
        if beside is not None:
            return beside
        loader = self.loader(info.context.loaders)
        if loader.wide:
            loader = loader.load_only(lookahead.reads(info))
        return loader.relate(column(rows, self.key))

    def permitted(self, context: Context) -> bool:
        """Return whether the viewer may read the relation."""
        return self.permission is None or context.may(self.permission)


class _ToMany(_ByLoader):
    loads = LISTS

    def __init__(self, key: str, loader: str) -> None:
        super().__init__(key, loader)
        self._loader: Callable[[Loaders], Loader[int, Any]] = attrgetter(loader)

    def resolve(self, rows: Rows, info: Info) -> Batch[Sequence[Any]]:
        loaded = self._loader(info.context.loaders).load_many(column(rows, self.key))
        return then(loaded, lambda lists: [each or [] for each in lists])


class _ToPage(_ByLoader):
    loads = PAGES

    def __init__(self, key: str, pages: str, by: str | None, checked: Checked | None) -> None:
        super().__init__(key, pages)
        self._by, self._checked = by, checked
        self._pages: Callable[[Loaders], Pages[Any]] = attrgetter(pages)

    def resolve(self, rows: Rows, info: Info, /, **arguments: Any) -> Batch[Any]:  # noqa: ANN401 — of their types.
        chosen = None if self._by is None else given(arguments.pop(self._by, None))
        named = PageArguments(**{name: given(value) for name, value in arguments.items()})
        keys = column(rows, self.key)
        found = pages.pages_of(
            self._pages(info.context.loaders),
            named,
            scope=info.context.signed_in.scope,
            parent_ids=keys,
            chosen=chosen,
            selection=selection(info),
        )
        if self._checked is None or (named.after is None and named.before is None):
            return found
        return self._checked(info.context, found, keys)


def check(of_type: type[Any], row: type[Any]) -> None:
    """Raise TypeError if a field of the type reads what its rows do not have, or names no loader."""
    for name, field in _fields(of_type).items():
        for read in _reads(name, field):
            if not hasattr(row, read) and read not in row.__annotations__:
                message = f"{of_type.__name__}.{name} reads “{read}”, which {row.__name__} does not have."
                raise TypeError(message)
        if isinstance(field, DeclaredField) and isinstance(field.batch, _ByLoader):
            loader = field.batch.loader_name
            wrong = _wrong_loader(field.batch)
            if wrong is not None:
                message = f"{of_type.__name__}.{name} names the loader “{loader}”, which {wrong}."
                raise TypeError(message)


def _wrong_loader(relation: "_ByLoader") -> str | None:
    """Return why the loader of a relation can't serve it, in the words of an error; None if it can."""
    made = vars(Loaders).get(relation.loader_name)
    if not isinstance(made, Declared):
        return "Loaders does not have"
    return None if made.loads == relation.loads else f"loads {made.loads}, not {relation.loads} by an id"


def _fields(of_type: type[Any]) -> dict[str, StrawberryField]:
    found = {name: value for base in reversed(of_type.__mro__) for name, value in vars(base).items()}
    return {name: value for name, value in found.items() if isinstance(value, StrawberryField)}


def _reads(name: str, field: StrawberryField) -> Iterable[str]:
    if isinstance(field, DeclaredField):
        return field.batch.reads or ()
    return (name,) if field.base_resolver is None else ()


def plain(info: StrawberryInfo[Context, None]) -> Info:
    """Return graphql-core's info, for which Strawberry has no public name."""
    raw: Info = info._raw_info  # noqa: SLF001 — there is no other way to it.
    return raw


def selection(info: Info) -> Selection:
    """Return the columns, joins and loads of the connection's rows that the query selects."""
    is_remote = info.context.portal.database.is_remote
    kind = "selection of a server" if is_remote else "selection"
    return lookahead.known(info, kind, lambda: _selection(info, joins_all=is_remote))


def _selection(info: Info, *, joins_all: bool) -> Selection:
    asked: dict[str, GraphQLField] = {}
    for path in _PATHS:
        asked |= lookahead.fields(info, *path)
    joins: dict[Join, Columns] = {}
    preloads: list[Preload] = []
    for name, definition in asked.items():
        relation = _to_one(definition)
        # Load a row on its own if more objects are selected below it: rows with the same key then share it, and its
        # fields are resolved once.
        if relation is None or any(lookahead.selects_objects(info, *path, name) for path in _PATHS):
            continue
        columns, join = _columns(info, name), relation.join
        if join is not None and relation.permission is None and (joins_all or not join.recurs):
            joins[join] = columns
        else:
            preloads.append(Preload(relation.key, relation.loader, columns, relation.permitted))
    return Selection(_columns(info), joins, preloads, page=not _OF_PAGES.isdisjoint(lookahead.fields(info)))


_PATHS = (("nodes",), ("edges", "node"))
"""Paths from a connection to its rows."""

_OF_PAGES = frozenset({"edges", "nodes", "pageInfo"})
"""Fields of a connection for which its page is read."""


def _columns(info: Info, *step: str) -> Columns:
    columns: frozenset[str] = frozenset()
    for path in _PATHS:
        read = lookahead.reads(info, *path, *step)
        if read is None:
            return None
        columns |= read
    return columns


def _to_one(definition: GraphQLField) -> ToOne | None:
    field = definition.extensions.get("strawberry-definition")
    relation = field.batch if isinstance(field, DeclaredField) else None
    return relation if isinstance(relation, ToOne) else None
