"""Bulk mutations: many changes of one kind by one input."""

from enum import Enum

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
