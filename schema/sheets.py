"""What all imports of sheets have in common: their inputs, their warnings, and how they run."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

import strawberry

from domain.languages import Language
from domain.sheet_warnings import Warned
from resolvers.context import Context
from resolvers.mutations import Given, Mutation, Outcome
from resolvers.portal import Portal
from resolvers.sheets.contents import Content
from schema.enums import ContentEncoding
from schema.errors import AnyPayload, Payload, answer, settle
from schema.inputs import idempotency_key

AnySheet = TypeVar("AnySheet")


@strawberry.input
class SheetInput:
    """Input of an import, which describes its content and its dry run itself."""

    content: str
    content_encoding: ContentEncoding = strawberry.field(
        default=ContentEncoding.TEXT, description="How `content` has the file."
    )
    dry_run: bool = False


@strawberry.input
class RowsInput(SheetInput):
    """Input of an import that can leave out bad rows."""

    all_or_nothing: bool = strawberry.field(
        default=False, description="Whether to import nothing if a row is bad. Otherwise the other rows are imported."
    )
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Something in an imported file that the user should look at, though nothing is refused.")
class SheetWarning:
    message: str = strawberry.field(
        description="The warning for the user, in the language of the Accept-Language header."
    )
    lines: list[int] = strawberry.field(
        description="The numbers of the first lines that it is about, at most 5. Empty if it is about the whole file."
    )


def shown(warnings: Iterable[Warned], language: Language) -> list[SheetWarning]:
    """Return the warnings in the language."""
    return [SheetWarning(message=each.message(language), lines=list(each.lines)) for each in warnings]


class Import(NamedTuple, Generic[AnySheet, Given, Outcome]):
    """Import of one kind of sheet."""

    read: Callable[[Portal, Content], Awaitable[AnySheet]]
    work: Mutation[Given, Outcome]


class _Read(NamedTuple, Generic[Given]):
    """Input whose sheet was read."""

    given: Any
    checked: Callable[[], Given]
    """Return what is to be imported."""

    @property
    def partner_id(self) -> strawberry.ID | None:
        """The partner that the input names, if it can name one."""
        return getattr(self.given, "partner_id", None)

    @property
    def idempotency_key(self) -> str | None:
        """The key of the input; None for a dry run, which leaves it to the import."""
        return None if self.given.dry_run else self.given.idempotency_key


@strawberry.type(description="Return type of reading a sheet.")
class _Reading(Payload):
    outcome: strawberry.Private[Any] = None


async def run(
    payload: Callable[..., AnyPayload],
    context: Context,
    given: SheetInput,
    sheets: Import[AnySheet, Given, Outcome],
    checked: Callable[[AnySheet], Given],
) -> AnyPayload:
    """Read the sheet of the input, and import what `checked` makes of it; return the payload, with the sheet."""
    content = Content(given.content, given.content_encoding is ContentEncoding.BASE64)
    reading = await answer(_Reading, context, lambda: sheets.read(context.portal, content))
    if reading.outcome is None:
        return payload(user_errors=reading.user_errors)
    made = partial(payload, sheet=reading.outcome)
    return await settle(made, context, _Read(given, partial(checked, reading.outcome)), sheets.work)
