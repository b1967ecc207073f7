"""Enums of price tables."""

from domain.price_tables import PriceChange, VersionState
from schema.enums.describing import describe

describe(
    VersionState,
    "The state of a version of a price table.",
    {
        VersionState.DRAFT: "The version can still be changed. Only the vendor's users see it.",
        VersionState.PUBLISHED: "The version applies from the time at which it begins, and never changes.",
    },
)
describe(
    PriceChange,
    "The kind of a difference between a draft and the prices in force.",
    {
        PriceChange.ADDED: "The draft has a tier that is not in force.",
        PriceChange.REMOVED: "A tier that is in force is not in the draft.",
        PriceChange.CHANGED: "The draft has other prices or another bonus for the tier.",
    },
)
