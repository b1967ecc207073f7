"""Fields that many inputs have, and arguments that many fields have."""

from typing import Annotated, Any, TypeVar

import strawberry

Value = TypeVar("Value")

First = Annotated[
    int | None,
    strawberry.argument(
        description=(
            "How many objects from the beginning of the list, at most 100. Sizes of nested lists multiply, and an "
            "operation that could select more than 50,000 objects is COST_EXCEEDED."
        )
    ),
]
After = Annotated[str | None, strawberry.argument(description="Show only what follows this cursor of the list.")]
Last = Annotated[
    int | None,
    strawberry.argument(description="How many objects from the end of the list, at most 100; not with `first`."),
]
Before = Annotated[str | None, strawberry.argument(description="Show only what stands before this cursor of the list.")]


def idempotency_key() -> Any:  # noqa: ANN401 — a field of a dataclass, as strawberry.field is.
    """The key that makes a request safe to send again."""
    return strawberry.field(
        default=strawberry.UNSET,
        description=(
            "A text of at most 255 characters that the caller makes up for this request, kept for 24 hours. The same "
            "key and input does the work once and answers with the same objects as they are now; another input is "
            "refused with IDEMPOTENCY_CONFLICT."
        ),
    )


def optional(description: str) -> Any:  # noqa: ANN401 — a field of a dataclass, as strawberry.field is.
    """A field that can be omitted, which is not the same as null."""
    return strawberry.field(default=strawberry.UNSET, description=description)


def given(value: Value | None) -> Value | None:
    """An argument's value; None where it was omitted."""
    return None if value is strawberry.UNSET else value
