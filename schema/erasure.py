"""Receipts of erasures."""

import strawberry

from domain.erasure import ErasedCount, ErasedKind
from schema.labels import label_of
from schema.nodes import OfRow
from schema.relations import attribute, computed


@strawberry.type(description="How many values of one kind the cancellation of a client erased, and none of the values.")
class ErasedValues(OfRow, row=ErasedCount):
    """Count of a receipt."""

    kind: ErasedKind = attribute("The kind of the values.")
    kind_label: str = label_of("kind", ErasedKind)
    count: int = computed(
        lambda _, erased: erased.number, reads=("number",), description="The number of values, at least 1."
    )
