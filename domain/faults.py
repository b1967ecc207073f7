"""What is wrong with a request, or with the server: the errors that are not the business's."""

from collections.abc import Iterable
from typing import ClassVar

from domain.access import Permission


class Fault(Exception):  # noqa: N818 — the word of the field for what is nobody's refusal.
    """A request that can't be answered; its text is for the caller."""

    code: ClassVar[str]

    def __init__(self, message: str, **extensions: object) -> None:
        """Say what is wrong and what would be right; the extensions are facts for programs."""
        super().__init__(message)
        self.extensions = extensions


class BadUserInput(Fault):
    """An argument is not what it has to be."""

    code = "BAD_USER_INPUT"


class Unauthenticated(Fault):
    """The operation needs a token, and has none or a bad one."""

    code = "UNAUTHENTICATED"


class UnusableToken(Unauthenticated):
    """The request's token is malformed, unknown, expired or revoked."""

    def __init__(self, message: str, challenge: str) -> None:
        """Say what is wrong with the token, in words and as a WWW-Authenticate header."""
        super().__init__(message)
        self.challenge = challenge


class Forbidden(Fault):
    """The token lacks permissions that the operation needs."""

    code = "FORBIDDEN"

    def __init__(self, missing: Iterable[Permission]) -> None:
        """Name the permissions that are missing."""
        names = sorted(permission.value for permission in missing)
        super().__init__(f"This operation needs the permission {', '.join(names)}.", missingPermissions=names)


class CostExceeded(Fault):
    """The operation asks for more than one request may."""

    code = "COST_EXCEEDED"


class DocumentNotFound(Fault):
    """No document is registered under the id that the request names; its code is the one that clients know."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class DocumentNotTrusted(Fault):
    """Only registered documents are run here, and the request brings a text of its own."""

    code = "DOCUMENT_NOT_TRUSTED"


class RateLimited(Fault):
    """Too many tries; the extension `retryAfter` has the seconds to wait."""

    code = "RATE_LIMITED"

    def __init__(self, seconds: int) -> None:
        """Say how long to wait."""
        super().__init__(f"Too many failed sign-ins. Try again in {seconds} seconds.", retryAfter=seconds)


class Unavailable(Fault):
    """The database can't be reached, can't write, or is busy."""

    code = "UNAVAILABLE"


class OutcomeUnknown(Unavailable):
    """The database failed while it committed a change, so that the change may have been made or not."""

    def __init__(self) -> None:
        """Say when a retry is safe."""
        message = (
            "The database failed while the change was committed, so it is unknown whether it was made. A retry with "
            "the same idempotency key is safe; without a key, check first whether the change was made."
        )
        super().__init__(message, outcome="UNKNOWN")
