"""Fields of many inputs, and arguments of many fields."""

from typing import Annotated, Any, TypeVar

import strawberry

Value = TypeVar("Value")

First = Annotated[
    int | None,
    strawberry.argument(
        description=(
            "The number of objects from the start of the list, at most 100. The sizes of nested lists multiply, "
            "and an operation that could select more than 50,000 objects fails with COST_EXCEEDED."
        )
    ),
]
After = Annotated[str | None, strawberry.argument(description="Returns the objects after this cursor.")]
Last = Annotated[
    int | None,
    strawberry.argument(
        description="The number of objects from the end of the list, at most 100. Can't be combined with `first`."
    ),
]
Before = Annotated[str | None, strawberry.argument(description="Returns the objects before this cursor.")]


PartnerId = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description=(
            "The ID of the partner that the field is about. The vendor's users must give it; a partner's users can "
            "omit it, since they see only their own partner."
        )
    ),
]


@strawberry.input
class OnBehalf:
    """Input of a mutation that the vendor's users do on behalf of a partner."""

    partner_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "The ID of the partner to act for. The vendor's users must give it; a partner's users can omit it, since "
            "they act for their own partner only. Any other ID is refused with NOT_FOUND."
        ),
    )


@strawberry.input
class OnBehalfOrVendor:
    """Input of a mutation that the vendor's users do on behalf of a partner, or for the vendor itself."""

    partner_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "The ID of the partner to act for. The vendor's users omit it, or give the vendor's own ID, to act for the "
            "vendor itself; a partner's users can omit it. Any other ID is refused with NOT_FOUND."
        ),
    )


def idempotency_key() -> Any:  # noqa: ANN401 — a field of a dataclass, as strawberry.field is.
    """Declare the key that makes a retry of a request safe."""
    return strawberry.field(
        default=strawberry.UNSET,
        description=(
            "A text of at most 255 characters that the caller chooses for this request, stored for 24 hours. A "
            "retry with the same key and input makes no second change and returns the same objects in their "
            "current state. A different input is refused with IDEMPOTENCY_CONFLICT. Keys are those of one mutation and "
            "one partner: in another mutation, or with another `partnerId`, the same key is another request."
        ),
    )


def optional(description: str) -> Any:  # noqa: ANN401 — a field of a dataclass, as strawberry.field is.
    """Declare a field that can be omitted, which is not the same as null."""
    return strawberry.field(default=strawberry.UNSET, description=description)


def given(value: Value | None) -> Value | None:
    """Return an argument's value; None if it was omitted."""
    return None if value is strawberry.UNSET else value
