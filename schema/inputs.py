"""Fields that many inputs have."""

from typing import Any

import strawberry


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
