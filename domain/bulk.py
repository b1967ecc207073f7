"""Bulk mutations: many changes of one kind by one input."""

from enum import Enum

from domain.errors import Forbidden, Unauthenticated
from domain.languages import Text
from domain.refusals import Path, Refusal, UserErrorCode

BULK_MAX = 100
"""Maximum number of items of one input."""


class BulkMode(Enum):
    """Whether the items of a bulk mutation are done one by one, or together."""

    EACH = "EACH"
    ALL_OR_NOTHING = "ALL_OR_NOTHING"


class BulkStatus(Enum):
    """What a bulk mutation did with an item."""

    DONE = "DONE"
    REFUSED = "REFUSED"
    NOT_DONE = "NOT_DONE"


class CountChanged(Refusal):
    """A filter matches another number of objects than the caller expects."""

    code = UserErrorCode.COUNT_CHANGED
    text = Text(
        pt="A seleção mudou: o filtro encontra {actual:ativação|ativações}, e você esperava {expected}.",
        en="The selection has changed: the filter finds {actual:activation|activations}, and you expected {expected}.",
    )

    def __init__(self, path: Path = (), *, expected: int, actual: int) -> None:
        super().__init__(path, expected=expected, actual=actual)
        self.expected = expected
        self.actual = actual


class OneSelection(Refusal):
    """Activations are chosen either by their ids or by a filter with its count."""

    text = Text(
        pt="Escolha as ativações uma a uma ou por um filtro com a quantidade esperada.",
        en="Choose the activations one by one, or by a filter with the expected number.",
    )


class SignedOutAmongItems(Unauthenticated):
    """The session or token ended after some items of a bulk mutation were done, and before others."""

    text = Text(
        pt=(
            "Seu acesso terminou durante a operação: alguns itens foram feitos e os outros não. Entre de novo e "
            "confira; se a operação tem uma chave de idempotência, repetir com a mesma chave faz só os que faltam."
        ),
        en=(
            "Your session or token ended during the operation. Some items were done, and the others were not. Sign in "
            "again, and check; if it has an idempotency key, a retry with the same key does only those that are left."
        ),
    )


class ForbiddenAmongItems(Forbidden):
    """The user's role was changed after some items of a bulk mutation were done, and before others."""

    text = Text(
        pt=(
            "Seu perfil mudou durante a operação e já não permite {actions:nem}: alguns itens foram feitos e os "
            "outros não. Confira quais."
        ),
        en=(
            "Your role was changed during the operation, and no longer allows you to {actions:or}. Some items were "
            "done, and the others were not. Check which."
        ),
    )
