"""Free texts of a partner, from which the cancellation of a client erases who it was."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import Column, Table

from db.engine.expressions import AnyColumn
from db.engine.filters import PARTNER
from db.tables import activations, clients, orders, partners, tokens, webhook_deliveries, webhooks
from domain.access import TokenKind
from domain.answer_erasure import answer_names
from domain.erasure import ErasedKind, Identity
from domain.webhook_texts import decoded

Kinds: TypeAlias = Mapping[str, ErasedKind]
"""Columns of a table, and what kind of value each of them has."""


@dataclass(frozen=True)
class Texts:
    """Free texts of a table. Its rows are read by an index, in the order of the columns `by`."""

    table: Table
    kinds: Kinds
    by: Sequence[str]
    folded: Mapping[str, str] = field(default_factory=dict)
    """Columns with the copies by which texts are searched."""
    encoded: bool = False
    """Whether values may be written as in URLs and programs: with percent-encodings or escapes."""
    any_form: bool = False
    """Whether values may be written in any form, as in what programs answer."""
    is_free: Callable[[], sa.ColumnElement[bool]] | None = None

    @property
    def columns(self) -> list[AnyColumn]:
        """The columns that say which row it is, and then those of the texts."""
        return [self.table.c[name] for name in (*self.by, *self.kinds)]

    @property
    def key(self) -> Column[int]:
        """The column that the rows are written by."""
        return self.table.c.id

    @property
    def mine(self) -> sa.ColumnElement[bool]:
        """The condition that a row is the partner's."""
        return self.partner == PARTNER

    @property
    def partner(self) -> Column[int]:
        """The column with the partner."""
        partner: Column[int] = self.table.c.id if self.table is partners else self.table.c.partner_id
        return partner

    def have(self, identity: Identity, rows: Sequence[tuple[Any, ...]]) -> bool:
        """Return whether the texts of any of the rows, whose columns are `columns`, have one of the values."""
        text = "\n".join(self._of(rows))
        return answer_names(identity, text) if self.any_form else identity.found_in(text)

    def _of(self, rows: Sequence[tuple[Any, ...]]) -> Iterator[str]:
        for row in rows:
            for text in filter(None, row[len(self.by) :]):
                yield text
                if self.encoded:
                    yield decoded(text)


_ACTIVATIONS = Texts(
    activations,
    {
        "note": ErasedKind.ACTIVATION_NOTE,
        "cancellation_note": ErasedKind.ACTIVATION_NOTE,
        "activation_key": ErasedKind.ACTIVATION_KEY,
        "ecf_serial_number": ErasedKind.ECF_SERIAL_NUMBER,
    },
    ("activated_at", "id"),
    folded={"note": "note_folded", "cancellation_note": "cancellation_note_folded"},
)
WEBHOOKS = Texts(
    webhooks, {"url": ErasedKind.WEBHOOK_URL, "selection": ErasedKind.WEBHOOK_SELECTION}, ("id",), encoded=True
)
ANSWERS = Texts(webhook_deliveries, {"answer": ErasedKind.WEBHOOK_ANSWER}, ("id",), any_form=True)

BEFORE_ACTIVATIONS = (
    Texts(clients, {"cancellation_note": ErasedKind.CLIENT_NOTE}, ("registered_at", "id")),
    Texts(partners, {"suspension_reason": ErasedKind.SUSPENSION_REASON}, ("id",)),
    Texts(orders, {"note": ErasedKind.ORDER_NOTE, "cancellation_note": ErasedKind.ORDER_NOTE}, ("number", "id")),
)
OF_ACTIVATIONS = (_ACTIVATIONS,)
AFTER_STOCK = (
    Texts(tokens, {"name": ErasedKind.TOKEN_NAME}, ("id",), is_free=lambda: tokens.c.kind == TokenKind.API),
    WEBHOOKS,
    ANSWERS,
)
FREE_TEXTS = (*BEFORE_ACTIVATIONS, *OF_ACTIVATIONS, *AFTER_STOCK)
"""Every free text of a partner, in the order of locks; the actor is locked before tokens."""
