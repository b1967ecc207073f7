"""What all imports of sheets have in common: their inputs, their warnings, and how they run."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cached_property, partial
from typing import Any, Generic, NamedTuple, TypeVar

import strawberry

from domain.languages import Language, Text
from domain.sheet_warnings import Warned
from resolvers.context import Context
from resolvers.mutations import Given, Mutation, Outcome
from resolvers.portal import Portal
from resolvers.sheets import contents
from resolvers.sheets.contents import Content, ReadSheet
from schema.enums import ContentEncoding
from schema.errors import AnyPayload, Payload, answer, settle
from schema.inputs import idempotency_key
from schema.nodes import Info
from schema.relations import Field

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


@strawberry.type(description="Return type of importing the rows of a sheet.")
class RowsPayload(Payload):
    """Return type of an import that can leave out bad rows; it declares the fields of its rows itself."""

    outcome: strawberry.Private[Any] = None
    sheet: strawberry.Private[ReadSheet[Any] | None] = None
    """Sheet, if it could be read."""

    @cached_property
    def imported(self) -> list[Any]:
        """What the import did with each row; empty if the sheet could not be read."""
        return [] if self.sheet is None else self.results(self.sheet, self.outcome)

    @staticmethod
    def results(sheet: ReadSheet[Any], outcome: Any, /) -> list[Any]:  # noqa: ANN401 — of the import.
        """Return what the import did with each row of the sheet."""
        raise NotImplementedError

    def count(self, *statuses: object) -> int:
        """Return the number of rows with one of the statuses."""
        return sum(row.status in statuses for row in self.imported)


def warnings_of_sheet() -> Field:
    """Declare the warnings of a sheet whose rows are imported."""
    return strawberry.field(
        resolver=_warnings,
        description="What the user should look at, such as lines in another encoding than the others.",
    )


def report_of_sheet(labels: Mapping[str, Text]) -> Field:
    """Declare the report of a sheet whose rows are imported, with the labels of its columns."""

    def report(root: strawberry.Parent[RowsPayload], info: Info) -> str | None:
        return None if root.sheet is None else contents.report(root.sheet, info.context.language, labels)

    return strawberry.field(
        resolver=report,
        description=(
            "The bad rows as a CSV file, with their cells after a first column “motivo”, or “reason” in English, which "
            "has the line and the `reason` of each. A user mends the rows in it and imports it; imports leave the "
            "first column out. Returns null if no row is bad."
        ),
    )


def _warnings(root: strawberry.Parent[RowsPayload], info: Info) -> list[SheetWarning]:
    return [] if root.sheet is None else shown(root.sheet.warnings, info.context.language)


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
