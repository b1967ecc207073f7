"""Errors of requests beyond a limit: of their cost, of a caller's rate, or of what the portal does at the same time."""

from datetime import timedelta

from domain.errors import ApiError, Unavailable
from domain.languages import Text


class CostExceeded(ApiError):
    """The operation exceeds the cost limit of a request."""

    code = "COST_EXCEEDED"


class TooManyPoints(CostExceeded):
    """An operation could cost more points than a request may."""

    text = Text(
        pt=(
            "A consulta pode custar {requested:ponto|pontos}, e o máximo é {limit}. Peça listas menores ou menos "
            "campos."
        ),
        en=(
            "The request could cost {requested:point|points}, and the maximum is {limit}. Ask for shorter lists or "
            "fewer fields."
        ),
    )

    def __init__(self, requested: int, limit: int) -> None:
        """Take the points of the operation, and their limit."""
        super().__init__("", {"requested": requested, "limit": limit}, requested=requested, limit=limit)


class RateLimited(ApiError):
    """The caller made too many attempts.

    The extension `retryAfter` is the number of seconds to wait.
    """

    code = "RATE_LIMITED"
    text = Text(
        pt="Muitas tentativas. Tente de novo em {wait}.",
        en="Too many attempts. Try again in {wait}.",
    )

    def __init__(self, seconds: int) -> None:
        """Take the number of seconds to wait."""
        super().__init__("", {"wait": timedelta(seconds=seconds)}, retryAfter=seconds)
        self.seconds = seconds


class TooManyMails(RateLimited):
    """A user or a partner has caused as many e-mails as it may within a day."""

    text = Text(
        pt="O limite de e-mails por dia foi atingido. Tente de novo em {wait}.",
        en="The limit of e-mails per day is reached. Try again in {wait}.",
    )


class TooFewPoints(RateLimited):
    """The caller has used the cost points that it may use in so short a time.

    The extension `policy` is the limit that was reached: that of the partner, the vendor, the token or the address.
    """

    text = Text(
        pt="Muitas consultas em pouco tempo. Tente de novo em {wait}.",
        en="Too many requests in a short time. Try again in {wait}.",
    )

    def __init__(self, seconds: int, policy: str = "partner") -> None:
        """Take the number of seconds to wait, and the limit that was reached."""
        super().__init__(seconds)
        self.extensions["policy"] = policy


class TooManySubscriptions(ApiError):
    """The caller has as many subscriptions as it may."""

    code = "RATE_LIMITED"
    text = Text(
        pt=(
            "Já há {limit:acompanhamento aberto|acompanhamentos abertos} de eventos, que é o máximo. "
            "Feche um deles antes de abrir outro."
        ),
        en="There are {limit:open subscription|open subscriptions}, which is the maximum. Close one of them first.",
    )

    def __init__(self, limit: int) -> None:
        """Take the largest number of them."""
        super().__init__("", {"limit": limit}, limit=limit, retryAfter=5)


class TooManyConnections(Unavailable):
    """The server has as many connections as it may, in all or from the caller's address."""

    text = Text(
        pt="Há conexões demais abertas com o portal. Tente de novo ou reaproveite as que já estão abertas.",
        en="There are too many open connections to the portal. Try again, or use those that are open.",
    )


class TooManySignIns(Unavailable):
    """Too many sign-ins are in progress."""

    text = Text(
        pt="Muitas pessoas estão entrando neste momento. Nada foi alterado; tente de novo.",
        en="Too many people are signing in at this moment. Nothing was changed; try again.",
    )


class TooManyOperations(Unavailable):
    """Too many large operations are executed at the same time."""

    text = Text(
        pt="O portal está ocupado com muitas consultas grandes. Tente de novo ou peça menos dados.",
        en="The portal is busy with too many large requests. Try again, or ask for less.",
    )


class TooManyReads(Unavailable):
    """Too many reads of the partner wait for the database."""

    text = Text(
        pt="Há muitas consultas da sua empresa em andamento. Tente de novo em instantes.",
        en="Too many requests of your company are in progress. Try again in a moment.",
    )
