"""Sheets that partners import: their limits, what an import did with a row, and why it did nothing."""

from enum import Enum

from domain.languages import Text
from domain.refusals import Refusal

IMPORTED_ROWS_MAX = 5_000
"""Maximum number of rows of one import by the API."""

CONTENT_LENGTH = 2_000_000
"""Maximum characters of one import by the API: twice as many as 5,000 long rows have."""


class ImportedRowStatus(Enum):
    """What an import did with a row."""

    REGISTERED = "REGISTERED"
    ALREADY_REGISTERED = "ALREADY_REGISTERED"
    REPEATED = "REPEATED"
    INVALID = "INVALID"
    NOT_IMPORTED = "NOT_IMPORTED"


class ImportedProductStatus(Enum):
    """What an import did with a row of products."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    INVALID = "INVALID"
    NOT_IMPORTED = "NOT_IMPORTED"


class RowsRefused(Refusal):
    """Nothing is imported, because all rows were asked for and some are bad."""

    text = Text(
        pt="Nada foi importado, porque {bad:linha tem|linhas têm} erro.",
        en="Nothing was imported, because {bad:row has an error|rows have errors}.",
    )
