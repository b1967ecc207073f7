"""Errors of the request or the server; the business's refusals are in `domain.refusals`."""

from collections.abc import Iterable
from typing import ClassVar

from domain.access import Permission


class ApiError(Exception):
    """Error of the request or the server; its text is for the caller."""

    code: ClassVar[str]

    def __init__(self, message: str, **extensions: object) -> None:
        """Take a message that says what is wrong and what would be right, and facts for programs."""
        super().__init__(message)
        self.extensions = extensions


class BadUserInput(ApiError):
    """An argument is invalid."""

    code = "BAD_USER_INPUT"


class Unauthenticated(ApiError):
    """The operation needs a token, and has none or an unusable one."""

    code = "UNAUTHENTICATED"


class UnusableToken(Unauthenticated):
    """The request's token is malformed, unknown, expired or revoked, or may not be used from the caller's address."""

    def __init__(self, message: str, challenge: str, **extensions: object) -> None:
        """Take a message, the value of the WWW-Authenticate header, and facts for programs."""
        super().__init__(message, **extensions)
        self.challenge = challenge


class Forbidden(ApiError):
    """The token lacks permissions that the operation requires."""

    code = "FORBIDDEN"

    def __init__(self, missing: Iterable[Permission]) -> None:
        names = sorted(permission.value for permission in missing)
        super().__init__(f"This operation needs the permission {', '.join(names)}.", missingPermissions=names)


class SecondFactorRequired(ApiError):
    """The user must have a second factor, has none, and can do nothing but enroll one."""

    code = "SECOND_FACTOR_REQUIRED"

    def __init__(self) -> None:
        message = (
            "You must have a second factor: enroll an authenticator app with “enrollTotp”, and turn it on with "
            "“confirmTotp”. Until then this session can do nothing else."
        )
        super().__init__(message)


class CostExceeded(ApiError):
    """The operation exceeds the cost limit of a request."""

    code = "COST_EXCEEDED"


class DocumentNotFound(ApiError):
    """No document is registered under the id of the request; the code is the one that clients know."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class DocumentNotTrusted(ApiError):
    """The server runs only registered documents, and the request has a text of its own."""

    code = "DOCUMENT_NOT_TRUSTED"


class RateLimited(ApiError):
    """The caller made too many attempts; the extension `retryAfter` is the number of seconds to wait."""

    code = "RATE_LIMITED"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many attempts. Try again in {seconds} seconds.", retryAfter=seconds)


class TooManySubscriptions(ApiError):
    """The caller has as many subscriptions as it may; the extension `retryAfter` is the number of seconds to wait."""

    code = "RATE_LIMITED"

    def __init__(self, limit: int) -> None:
        message = f"You have {limit:,} subscriptions already, and can have no more: end one of them first."
        super().__init__(message, limit=limit, retryAfter=5)


class Unavailable(ApiError):
    """The database is unreachable, read-only or overloaded."""

    code = "UNAVAILABLE"


class OutcomeUnknown(Unavailable):
    """The database failed during a commit, so it is unknown whether the change was made."""

    def __init__(self) -> None:
        message = (
            "The database failed while the change was committed, so it is unknown whether it was made. A retry with "
            "the same idempotency key is safe; without a key, check first whether the change was made."
        )
        super().__init__(message, outcome="UNKNOWN")
