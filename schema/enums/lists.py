"""Enums of lists, and of mutations of many items."""

from enum import Enum

from domain.bulk import BulkMode, BulkStatus
from schema.enums.describing import describe


class SortDirection(Enum):
    """Direction in which a list is sorted."""

    ASC = "ASC"
    DESC = "DESC"


describe(
    SortDirection,
    "The direction in which a list is sorted.",
    {
        SortDirection.ASC: "Ascending: from the lowest to the highest, from A to Z, from the oldest to the newest.",
        SortDirection.DESC: "Descending: from the highest to the lowest, from Z to A, from the newest to the oldest.",
    },
)
describe(
    BulkMode,
    "Whether the items of a mutation are done one by one, or together.",
    {
        BulkMode.EACH: (
            "Each item is done on its own, in the order of the input, and a refused one keeps no other from being done."
        ),
        BulkMode.ALL_OR_NOTHING: "All items are done in one step, or nothing is changed if one of them is refused.",
    },
)
describe(
    BulkStatus,
    "What a mutation of many items did with one of them, or would do if it were no dry run.",
    {
        BulkStatus.DONE: "The item was done, now or by an earlier request with the same idempotency key.",
        BulkStatus.REFUSED: "The item was refused, and `userErrors` says why.",
        BulkStatus.NOT_DONE: "Nothing is wrong with the item, but nothing was done, because others were refused.",
    },
)
