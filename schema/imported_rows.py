"""Fields of the rows of an imported sheet, whatever it has."""

from collections.abc import Mapping
from typing import Protocol

from domain.languages import Text
from domain.refusals import UserErrorCode
from resolvers.context import Context
from resolvers.sheets.reader import BadRow
from schema.relations import Field, attribute, computed

WHY_BAD = (
    "What is wrong with the row: a sentence for each problem, which tells the user the columns, by their headers in "
    "the file, and what they must have. In the language of the Accept-Language header."
)
"""Description of the reason of a bad row."""


class Row(Protocol):
    """Row of a sheet, which may be bad."""

    @property
    def bad(self) -> BadRow | None:
        """What is wrong with it."""


def line_of_row() -> Field:
    """Declare the number of a row."""
    return attribute(
        "The number of the file's line where the row begins, or of the workbook's row. The first line is 1."
    )


def codes_of_row() -> Field:
    """Declare what is wrong with a row, for programs."""
    return computed(
        _codes, description="The codes of what is wrong with the row, for programs. Empty unless it is INVALID."
    )


def reason_of_row(labels: Mapping[str, Text]) -> Field:
    """Declare why a row is bad, with the labels of its columns."""

    def reason(context: Context, row: Row) -> str | None:
        return None if row.bad is None else row.bad.reason(context.language, labels)

    return computed(
        reason,
        description=(f"{WHY_BAD} Returns null unless it is INVALID."),
    )


def _codes(_context: Context, row: Row) -> list[UserErrorCode]:
    return [] if row.bad is None else list(dict.fromkeys(refusal.code for refusal in row.bad.refusals))
