"""A Strawberry schema of what Strawberry adds to GraphQL, with ordinary and with batch resolvers."""

# The fields of this schema are named by what they show.
# ruff: noqa: D101, D102
# `strawberry.field(...)` with arguments over a function, returns Any.
# mypy: disallow-untyped-decorators=False

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from graphql.execution import Executor
from strawberry.extensions import SchemaExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver, FieldExtension, SyncExtensionResolver
from strawberry.permission import BasePermission

from breadth.strawberry import batch_field

Item = TypeVar("Item")
Info = strawberry.Info[Any, Any]


@strawberry.enum
class Color(Enum):
    RED = "r"
    BLUE = strawberry.enum_value("b", description="As the sea.")


class MayRead(BasePermission):
    """Refuses the viewer “stranger”."""

    message = "You may not."

    def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool:  # noqa: ANN401, ARG002 — Strawberry's.
        return bool(info.context["viewer"] != "stranger")


class MayReadLater(MayRead):
    """The same, after a while."""

    async def has_permission(self, source: Any, info: Info, **kwargs: Any) -> bool:  # type: ignore[override]  # noqa: ANN401
        await asyncio.sleep(0)
        return MayRead.has_permission(self, source, info, **kwargs)


class Loud(FieldExtension):
    """Puts an exclamation mark behind what a field says."""

    def resolve(self, next_: SyncExtensionResolver, source: Any, info: Info, **given: Any) -> Any:  # noqa: ANN401
        return f"{next_(source, info, **given)}!"

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **given: Any) -> Any:  # noqa: ANN401
        return f"{await next_(source, info, **given)}!"


@strawberry.input
class Filter:
    starts_with: str | None = strawberry.UNSET
    colors: list[Color] = strawberry.field(default_factory=lambda: [Color.RED])
    within: "Filter | None" = strawberry.UNSET

    def told(self) -> str:
        """What was given, and what was left out."""
        starts = "left out" if self.starts_with is strawberry.UNSET else repr(self.starts_with)
        within = self.within.told() if self.within else repr(self.within)
        return f"{starts} {[color.name for color in self.colors]} {within}"


@strawberry.interface
class Node:
    id: strawberry.ID

    @strawberry.field
    def label(self) -> str:
        return f"{type(self).__name__} {self.id}"


@strawberry.type
class Film(Node):
    minutes: int | None = None


@strawberry.type
class Book(Node):
    title: str
    color: Color = Color.BLUE
    secret: strawberry.Private[str] = "hidden"
    sequel: "Book | None" = None
    guarded: str = strawberry.field(default="guarded", permission_classes=[MayRead])
    guarded_later: str | None = strawberry.field(default="later", permission_classes=[MayReadLater])
    loud: str = strawberry.field(default="loud", extensions=[Loud()])
    old_name: str | None = strawberry.field(default="old", name="older", deprecation_reason="It is old.")

    @strawberry.field
    def uncovered(self, prefix: str = "") -> str:
        return prefix + self.secret.upper()

    @strawberry.field
    async def later(self, info: Info, by: int = 1) -> str:
        await asyncio.sleep(0)
        return f"{self.title} {by} {info.context['viewer']} {info.python_name}"

    @strawberry.field(extensions=[Loud()])
    async def loud_later(self) -> str:
        await asyncio.sleep(0)
        return self.title

    @strawberry.field
    def fails(self) -> str | None:
        message = f"{self.title} fails"
        raise ValueError(message)

    @batch_field(graphql_type=int | None)
    @staticmethod
    def length(books: strawberry.Parent[Sequence["Book"]], plus: int = 0) -> list[Any]:
        return [len(book.title) + plus if book.title else ValueError("no title") for book in books]

    @batch_field(graphql_type=list[Annotated["Film | Book", strawberry.union("Media")]])
    @staticmethod
    async def related(books: strawberry.Parent[Sequence["Book"]], info: Info) -> list[Any]:
        await asyncio.sleep(0)
        info.context["batches"].append([book.id for book in books])
        return [[FILM, book] for book in books]

    @batch_field(graphql_type=str)
    @staticmethod
    async def matches(
        books: strawberry.Parent[Sequence["Book"]], only: Filter, in_color: Color | None = None
    ) -> list[Any]:
        await asyncio.sleep(0)
        return [f"{book.title} {only.told()} {in_color}" for book in books]

    @batch_field(graphql_type=str | None, permission_classes=[MayRead])
    @staticmethod
    def guarded_batch(books: strawberry.Parent[Sequence["Book"]]) -> list[str]:
        return [book.title for book in books]

    @batch_field(graphql_type=str, extensions=[Loud()])
    @staticmethod
    def loud_batch(books: strawberry.Parent[Sequence["Book"]]) -> list[str]:
        return [book.title for book in books]


FILM = Film(id=strawberry.ID("f"), minutes=90)
BOOKS = [
    Book(id=strawberry.ID("1"), title="One", sequel=Book(id=strawberry.ID("2"), title="Two", color=Color.RED)),
    Book(id=strawberry.ID("3"), title=""),
    Book(id=strawberry.ID("4"), title="Four", secret="kept"),
]

Media = Annotated[Film | Book, strawberry.union("Media")]


@strawberry.type
class Page(Generic[Item]):
    items: list[Item]
    total: int

    @strawberry.field
    def first(self) -> Item | None:
        return next(iter(self.items), None)


@strawberry.type
class Query:
    @strawberry.field
    def books(self) -> Page[Book]:
        return Page(items=BOOKS, total=len(BOOKS))

    @strawberry.field
    async def nodes(self, ids: list[strawberry.ID] | None = strawberry.UNSET) -> list[Node]:
        await asyncio.sleep(0)
        found = [FILM, *BOOKS]
        return [each for each in found if ids is strawberry.UNSET or ids is None or each.id in ids]

    @strawberry.field
    def media(self) -> Page[Media]:
        return Page(items=[BOOKS[0], FILM], total=2)

    @strawberry.field(permission_classes=[MayReadLater])
    def hidden(self) -> list[Book] | None:
        return BOOKS

    @strawberry.field
    def told(self, only: Filter, color: Color = Color.RED) -> str:
        return f"{only.told()} {color}"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def rename(self, info: Info, title: str) -> Book:
        await asyncio.sleep(0)
        info.context["batches"].append(title)
        return Book(id=strawberry.ID("9"), title=title)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def published(self, titles: list[str]) -> AsyncIterator[Book]:
        for title in titles:
            await asyncio.sleep(0)
            yield Book(id=strawberry.ID(title), title=title)


def strawberry_schema(
    executor_class: type[Executor[Any]] | None = None,
    extensions: Iterable[type[SchemaExtension] | Callable[[], SchemaExtension]] = (),
) -> strawberry.Schema:
    """The schema, executed by this class."""
    return strawberry.Schema(
        Query, Mutation, Subscription, types=[Film], extensions=extensions, execution_context_class=executor_class
    )
