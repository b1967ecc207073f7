"""Errors of the request or the server; the business's refusals are in `domain.refusals`.

Those that a person can meet have a text in both languages; those that only a programmer meets are in English.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import ClassVar

from domain.access import ACTIONS, Permission
from domain.languages import Fact, Language, Text
from domain.policies import PolicyKind

CHALLENGE = 'Bearer error="invalid_token"'
"""Value of the WWW-Authenticate header for a token that does not work (RFC 6750)."""

_UNKNOWN_ORIGIN = Text(pt="a partir deste endereço", en="from the address of this caller")


class ApiError(Exception):
    """Error of the request or the server; its message is for the caller.

    The first line of a subclass's docstring is its situation in the catalogue of messages, if it has a text.
    """

    code: ClassVar[str]
    text: ClassVar[Text | None] = None

    def __init__(self, message: str = "", facts: Mapping[str, Fact] | None = None, /, **extensions: object) -> None:
        """Take a message that says what is wrong and what would be right, and facts for programs.

        A class with a text takes the facts of its sentence instead of the message.
        """
        self.facts: Mapping[str, Fact] = facts or {}
        self.extensions = extensions
        super().__init__(self.text.filled(Language.ENGLISH, self.facts) if self.text else message)

    def message(self, language: Language) -> str:
        """Return the message in the language, or in English if only a programmer meets it."""
        return self.text.filled(language, self.facts) if self.text else str(self)


class BadUserInput(ApiError):
    """An argument is invalid."""

    code = "BAD_USER_INPUT"


class BodyTooLong(BadUserInput):
    """The request is too long, because of a file in it, for example."""

    text = Text(
        pt="O envio passa do máximo de {bytes} bytes. Divida o arquivo e envie uma parte por vez.",
        en="The request is longer than {bytes} bytes. Split the file, and send one part at a time.",
    )

    def __init__(self, longest: int) -> None:
        """Take the maximum number of bytes."""
        super().__init__("", {"bytes": longest})


class CursorTooOld(BadUserInput):
    """Events after a cursor were deleted because of their age."""

    def __init__(self, *, argument: str, first_number: int) -> None:
        """Take the argument, and the number of the first event that is kept."""
        message = (
            f"Events after “{argument}” are no longer kept; the first one that is has the number {first_number}. Take "
            "the cursor of the last event, read what has changed by `clients` and `activations` with `updatedSince`, "
            "the `occurredAt` of the last event that you have, and continue from that cursor."
        )
        super().__init__(message, argument=argument, tooOld=True, firstNumber=first_number)


class Unauthenticated(ApiError):
    """The operation needs a token, and has none or an unusable one."""

    code = "UNAUTHENTICATED"


class SignInFirst(Unauthenticated):
    """The operation needs a person who has signed in, or a token."""

    text = Text(pt="Entre no portal para continuar.", en="Sign in to continue.")


class UnusableToken(Unauthenticated):
    """The request's token is malformed, unknown, expired or revoked, or may not be used from the caller's address."""

    def __init__(
        self, message: str = "", facts: Mapping[str, Fact] | None = None, /, *, challenge: str, **extensions: object
    ) -> None:
        """Take what every error takes, and the value of the WWW-Authenticate header."""
        super().__init__(message, facts, **extensions)
        self.challenge = challenge


class SessionOver(UnusableToken):
    """The session or token is unknown, expired or revoked."""

    text = Text(
        pt="Sua sessão ou seu token não vale mais. Entre de novo ou use outro token.",
        en="Your session or token is no longer valid. Sign in again, or use another token.",
    )

    def __init__(self) -> None:
        super().__init__(challenge=CHALLENGE)


class TokenElsewhere(UnusableToken):
    """A policy of the partner keeps its API tokens from the caller's address."""

    text = Text(
        pt=(
            "Os tokens de API do parceiro não podem ser usados {origin}. Use uma das redes do parceiro ou peça ao "
            "fornecedor que inclua esta."
        ),
        en=(
            "The partner's API tokens can't be used {origin}. Use one of the partner's networks, or ask the vendor to "
            "add this one."
        ),
    )

    def __init__(self, address: str | None) -> None:
        """Take the caller's address, if it is known."""
        known = Text(pt=f"a partir do endereço {address}", en=f"from the address {address}")
        facts = {"origin": known if address else _UNKNOWN_ORIGIN}
        super().__init__("", facts, challenge=CHALLENGE, policy=PolicyKind.API_TOKEN_NETWORKS.value)


class Forbidden(ApiError):
    """The user or token lacks permissions that the operation requires."""

    code = "FORBIDDEN"
    text = Text(
        pt="Seu perfil não permite {actions:nem}.",
        en="Your role does not allow you to {actions:or}.",
    )

    def __init__(self, missing: Iterable[Permission]) -> None:
        """Take the missing permissions."""
        by_name = sorted(missing, key=lambda permission: permission.value)
        names = [permission.value for permission in by_name]
        super().__init__("", {"actions": [ACTIONS[each] for each in by_name]}, missingPermissions=names)


class SecondFactorRequired(ApiError):
    """The user must have a second factor, has none, and can do nothing but enroll one."""

    code = "SECOND_FACTOR_REQUIRED"
    text = Text(
        pt="Sua conta exige a verificação em duas etapas. Cadastre um aplicativo autenticador para continuar.",
        en="Your account requires two-step verification. Set up an authenticator app to continue.",
    )


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


class DocumentNotFound(ApiError):
    """No document is registered under the id of the request; the code is the one that clients know."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class DocumentNotTrusted(ApiError):
    """The server runs only registered documents, and the request has a text of its own."""

    code = "DOCUMENT_NOT_TRUSTED"


class RateLimited(ApiError):
    """The caller made too many attempts.

    The extension `retryAfter` is the number of seconds to wait.
    """

    code = "RATE_LIMITED"
    text = Text(
        pt="Muitas tentativas de acesso. Tente de novo em {wait}.",
        en="Too many sign-in attempts. Try again in {wait}.",
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


class Unavailable(ApiError):
    """The database is unreachable, read-only or overloaded."""

    code = "UNAVAILABLE"


class NotRead(Unavailable):
    """The database failed during a read."""

    text = Text(
        pt="O portal está indisponível no momento, e a consulta não pôde ser feita. Tente de novo.",
        en="The portal is not available right now, so this could not be read. Try again.",
    )


class ChangeNotRead(NotRead):
    """A change was made, and the database failed before what it changed was read."""

    text = Text(
        pt=(
            "A alteração foi feita, mas o portal ficou indisponível antes de ler o resultado. Não a repita; consulte "
            "o resultado."
        ),
        en=(
            "The change was made, but the portal became unavailable, and its result could not be read. Do not repeat "
            "it; look it up."
        ),
    )

    def __init__(self) -> None:
        super().__init__(outcome="CHANGED")


class NotChanged(Unavailable):
    """The database failed before a change."""

    text = Text(
        pt="O portal está indisponível no momento. Nada foi alterado; tente de novo.",
        en="The portal is not available right now. Nothing was changed; try again.",
    )


class OutcomeUnknown(Unavailable):
    """The database failed during a commit, so it is unknown whether the change was made."""

    text = Text(
        pt=(
            "O portal falhou enquanto gravava, e não se sabe se a alteração foi feita. Confira antes de repetir; com a "
            "mesma chave de idempotência, repetir é seguro."
        ),
        en=(
            "The portal failed while it saved, so it is unknown whether the change was made. Check before you repeat "
            "it; a retry with the same idempotency key is safe."
        ),
    )

    def __init__(self) -> None:
        super().__init__(outcome="UNKNOWN")


class CallerGone(Unavailable):
    """The caller closed the connection before its query was answered."""

    def __init__(self) -> None:
        super().__init__("The caller went away.")


class TimedOut(Unavailable):
    """The deadline of the request has passed. The extension `deadlineSeconds` is how long a request may take."""

    code = "TIMEOUT"

    def __init__(self, seconds: float, **extensions: object) -> None:
        """Take the seconds from the beginning of the request to its deadline."""
        self.seconds = seconds
        whole = round(seconds) if seconds == round(seconds) else seconds
        facts = {"limit": timedelta(seconds=seconds)}
        super().__init__("", facts, deadlineSeconds=whole, **extensions)


class ReadTimedOut(TimedOut):
    """A read did not end before the deadline of its request."""

    text = Text(
        pt="A consulta não terminou em {limit} e foi interrompida. Peça menos dados ou tente de novo.",
        en="This could not be read within {limit}. Ask for less, or try again.",
    )


class ChangeTimedOut(TimedOut):
    """A change did not end before the deadline of its request."""

    text = Text(
        pt="A operação não terminou em {limit} e foi interrompida. Nada foi alterado; tente de novo.",
        en="This could not be done within {limit}. Nothing was changed; try again.",
    )


class ChangeNotShown(TimedOut):
    """A change was made, and what it changed could not be read before the deadline of its request."""

    text = Text(
        pt="A alteração foi feita, mas o resultado não pôde ser lido em {limit}. Não a repita; consulte o resultado.",
        en="The change was made, but its result could not be read within {limit}. Do not repeat it; look it up.",
    )

    def __init__(self, seconds: float) -> None:
        """Take the seconds from the beginning of the request to its deadline."""
        super().__init__(seconds, outcome="CHANGED")


class AnswerTimedOut(TimedOut):
    """A request was not answered at its deadline, and may have changed something."""

    text = Text(
        pt=(
            "A operação não terminou em {limit}, e não se sabe se a alteração foi feita. Confira antes de repetir; "
            "com a mesma chave de idempotência, repetir é seguro."
        ),
        en=(
            "This was not done within {limit}, and it is unknown whether the change was made. Check before you repeat "
            "it; a retry with the same idempotency key is safe."
        ),
    )

    def __init__(self, seconds: float) -> None:
        """Take the seconds from the beginning of the request to its deadline."""
        super().__init__(seconds, outcome="UNKNOWN")


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


class ProviderUnreachable(Unavailable):
    """The identity provider can't be reached to check a token."""

    text = Text(
        pt="O serviço que confirma o acesso não responde. Tente de novo em um minuto.",
        en="The service that confirms sign-ins does not answer. Try again in a minute.",
    )


class ServerStopped(Unavailable):
    """The server stopped before the request was done."""

    text = Text(
        pt=(
            "O portal foi reiniciado antes de terminar. Confira antes de repetir; com a mesma chave de idempotência, "
            "repetir é seguro."
        ),
        en=(
            "The portal was restarted before it was done. Check before you repeat it; a retry with the same "
            "idempotency key is safe."
        ),
    )


class Internal(ApiError):
    """An error of the portal itself, which its log explains."""

    code = "INTERNAL"
    text = Text(
        pt="Ocorreu um erro no portal. Tente de novo; se ele se repetir, avise o suporte.",
        en="Something went wrong in the portal. Try again; if it happens again, tell the support.",
    )
