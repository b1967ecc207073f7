"""Errors of the request or the server; the business's refusals are in `domain.refusals`.

Those of limits are in `domain.limits`, those of deadlines in `domain.deadlines`. Those that a person can meet have a
text in both languages; those that only a programmer meets are in English.
"""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from domain.access import ACTIONS, ROLE_PERMISSIONS, Permission, Role
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
            "`pageInfo.endCursor` of `events(last: 1)`, read what has changed by `clients` and `activations` with "
            "`updatedSince`, the `occurredAt` of the last event that you have, and continue from that cursor."
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
    """The user's role lacks permissions that the operation requires."""

    code = "FORBIDDEN"
    text = Text(
        pt="Seu perfil não permite {actions:nem}.",
        en="Your role does not allow you to {actions:or}.",
    )

    def __init__(self, missing: Iterable[Permission]) -> None:
        """Take the missing permissions."""
        self.missing = sorted(missing, key=lambda permission: permission.value)
        names = [permission.value for permission in self.missing]
        super().__init__("", {"actions": [ACTIONS[each] for each in self.missing]}, missingPermissions=names)


class TokenForbidden(Forbidden):
    """The API token lacks permissions that the operation requires, and its user's role has some of them."""

    text = Text(
        pt="Este token não permite {actions:nem}.",
        en="This token does not allow you to {actions:or}.",
    )


def lacking(missing: Iterable[Permission], role: Role) -> Forbidden:
    """Return the error for missing permissions: the token's if its user's role would allow one of them.

    Another token of the user gets what the role allows; all else needs another role.
    """
    missing = frozenset(missing)
    return TokenForbidden(missing) if missing & ROLE_PERMISSIONS[role] else Forbidden(missing)


class SecondFactorRequired(ApiError):
    """The user must have a second factor, has none, and can do nothing but enroll one."""

    code = "SECOND_FACTOR_REQUIRED"
    text = Text(
        pt="Sua conta exige a verificação em duas etapas. Cadastre um aplicativo autenticador para continuar.",
        en="Your account requires two-step verification. Set up an authenticator app to continue.",
    )


class DocumentNotFound(ApiError):
    """No document is registered under the id of the request; the code is the one that clients know."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class DocumentNotTrusted(ApiError):
    """The server runs only registered documents, and the request has a text of its own."""

    code = "DOCUMENT_NOT_TRUSTED"


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
    """The database failed during a commit without an idempotency key, so it is unknown whether the change was made."""

    text = Text(
        pt="O portal falhou enquanto gravava, e não se sabe se a alteração foi feita. Confira antes de repetir.",
        en="The portal failed while saving, so it is unknown whether the change was made. Check before you repeat it.",
    )

    def __init__(self) -> None:
        super().__init__(outcome="UNKNOWN")


class KeyedOutcomeUnknown(OutcomeUnknown):
    """The database failed during a commit with an idempotency key, so it is unknown whether the change was made."""

    text = Text(
        pt=(
            "O portal falhou enquanto gravava, e não se sabe se a alteração foi feita. Repita a operação com a "
            "mesma chave de idempotência: a alteração não será feita duas vezes."
        ),
        en=(
            "The portal failed while saving, so it is unknown whether the change was made. Repeat it with the same "
            "idempotency key: it will not be made twice."
        ),
    )


class ProviderUnreachable(Unavailable):
    """The identity provider can't be reached to check a token."""

    text = Text(
        pt="O serviço que confirma o acesso não responde. Tente de novo em um minuto.",
        en="The service that confirms sign-ins does not answer. Try again in a minute.",
    )


class ServerStopped(Unavailable):
    """The server stopped before the request was done, and nothing was changed."""

    text = Text(
        pt="O portal foi reiniciado antes de terminar. Nada foi alterado; tente de novo.",
        en="The portal was restarted before it was done. Nothing was changed; try again.",
    )


class ChangeInterrupted(Unavailable):
    """The server stopped before a change was answered, so it is unknown whether the change was made."""

    text = Text(
        pt=(
            "O portal foi reiniciado antes de terminar. Confira antes de repetir; se a operação tem uma chave de "
            "idempotência, repetir com a mesma chave é seguro."
        ),
        en=(
            "The portal was restarted before it was done. Check before you repeat it; if it has an idempotency key, a "
            "retry with the same key is safe."
        ),
    )

    def __init__(self) -> None:
        super().__init__(outcome="UNKNOWN")


class Internal(ApiError):
    """An error of the portal itself, which its log explains."""

    code = "INTERNAL"
    text = Text(
        pt="Ocorreu um erro no portal. Tente de novo; se ele se repetir, avise o suporte.",
        en="Something went wrong in the portal. Try again; if it happens again, tell the support.",
    )
