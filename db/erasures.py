"""Statements that erase who a cancelled client was from all texts of its partner."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy import Column, Table

from db.engine import Connection, Transaction
from db.engine.expressions import KEEPING_KEYS, AnyColumn, among, found_by_id
from db.engine.filters import PARTNER, value, values_of
from db.engine.statement import Statement
from db.tables import activations, clients, orders, partners, tokens, webhook_deliveries, webhooks
from domain.access import TokenKind
from domain.activations import note_folded
from domain.clients import ClientStatus
from domain.erasure import ErasedKind, Identity, single_words, words_of_others

_PAGE = 2_000
"""Rows that are read at once: a partner can have hundreds of thousands."""

_SEARCHED = 100
"""Rows that are searched at once."""

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
ANSWERS = Texts(webhook_deliveries, {"answer": ErasedKind.WEBHOOK_ANSWER}, ("id",))

BEFORE_ACTIVATIONS = (
    Texts(clients, {"cancellation_note": ErasedKind.CLIENT_NOTE}, ("registered_at", "id")),
    Texts(partners, {"suspension_reason": ErasedKind.SUSPENSION_REASON}, ("id",)),
    Texts(orders, {"note": ErasedKind.ORDER_NOTE, "cancellation_note": ErasedKind.ORDER_NOTE}, ("number", "id")),
)
OF_ACTIVATIONS = (_ACTIVATIONS,)
AFTER_STOCK = (
    Texts(tokens, {"name": ErasedKind.TOKEN_NAME}, ("id",), is_free=lambda: tokens.c.kind == TokenKind.API),
    ANSWERS,
)
FREE_TEXTS = (*BEFORE_ACTIVATIONS, *OF_ACTIVATIONS, *AFTER_STOCK)
"""Every free text of a partner, in the order of locks; the actor is locked before tokens."""

_KEYS = frozenset({"activation_key", "ecf_serial_number"})


class _Statements(NamedTuple):
    first: Statement[tuple[Any, ...]]
    after: Statement[tuple[Any, ...]]
    lock: Statement[tuple[Any, ...]]
    write: Statement[tuple[Any, ...]]


def _statements(texts: Texts) -> _Statements:
    by = [texts.table.c[name] for name in texts.by]
    written = [texts.table.c[name].is_not(None) for name in texts.kinds]
    of_page = sa.select(*texts.columns).where(texts.mine, sa.or_(*written)).order_by(*by).limit(_PAGE)
    if texts.is_free is not None:
        of_page = of_page.where(texts.is_free())
    if texts.table is activations:
        of_page = of_page.where(activations.c.client_id != sa.bindparam("client_id"))
    after = [sa.bindparam(f"after_{column.name}", type_=column.type) for column in by]
    return _Statements(
        Statement(of_page, values_of),
        Statement(of_page.where(sa.tuple_(*by) > sa.tuple_(*after)), values_of),
        Statement(
            sa.select(*texts.columns)
            .where(found_by_id(texts.partner) == PARTNER, among(texts.key, "ids"))
            .order_by(texts.key)
            .with_for_update(key_share=KEEPING_KEYS),
            values_of,
        ),
        Statement(
            sa.update(texts.table)
            .where(texts.mine, texts.key == sa.bindparam("row_id"))
            .values({name: sa.bindparam(f"new_{name}") for name in (*texts.kinds, *texts.folded.values())}),
            values_of,
        ),
    )


_OF = {texts.table.name: _statements(texts) for texts in FREE_TEXTS}
_LOCK_WEBHOOKS = Statement(
    sa.select(webhooks.c.id)
    .where(webhooks.c.partner_id == PARTNER)
    .order_by(webhooks.c.id)
    .with_for_update(key_share=KEEPING_KEYS),
    values_of,
)
_LOCK_FREE_CLIENTS: Statement[int] = Statement(
    sa.select(clients.c.id)
    .where(found_by_id(clients.c.partner_id) == PARTNER, among(clients.c.id, "ids"))
    .with_for_update(key_share=KEEPING_KEYS, skip_locked=True),
    value,
)
_OTHER_NAMES: Statement[str] = Statement(
    sa.select(clients.c.names_folded).where(
        clients.c.partner_id == PARTNER,
        clients.c.status == ClientStatus.ACTIVE,
        clients.c.id != sa.bindparam("client_id"),
    ),
    value,
)


@dataclass(frozen=True)
class Erasure:
    """Cancelled client, its values, and the rows of other objects whose texts have some of them, by table."""

    partner_id: int
    client_id: int
    identity: Identity
    """Its CNPJ and names, with all words of the names."""
    opaque: Callable[[], str]
    at: datetime
    found: Mapping[str, Sequence[int]]

    def of(self, table: Table) -> Sequence[int]:
        """Return the ids of the rows of a table."""
        return self.found[table.name]


async def search(
    connection: Connection,
    partner_id: int,
    client_id: int,
    identity: Identity,
    opaque: Callable[[], str],
    *,
    at: datetime,
) -> Erasure:
    """Return which rows have the values, without a lock; all texts of the client's own activations are another matter.

    Answers to webhooks are not searched: they are, when the webhooks are locked.
    """
    searched = Identity(identity.cnpj, identity.names, words=single_words(identity.names))
    found = {
        texts.table.name: await _rows_with(connection, partner_id, client_id, texts, searched)
        for texts in FREE_TEXTS
        if texts is not ANSWERS
    }
    return Erasure(partner_id, client_id, searched, opaque, at, found)


async def lock_clients(tx: Transaction, erasure: Erasure, held: Collection[int]) -> list[int]:
    """Lock the clients that were found, besides those that are `held`, without waiting; return which are locked."""
    late = sorted(set(erasure.of(clients)) - set(held))
    return [] if not late else list(await tx.fetch(_LOCK_FREE_CLIENTS, {"partner_id": erasure.partner_id, "ids": late}))


async def erase(tx: Transaction, erasure: Erasure, kinds: Sequence[Texts]) -> Counter[ErasedKind]:
    """Lock the rows by id, erase the values from these of their texts, and return how many of each kind had any.

    A single word of a name is kept if another active client's name has it. Keys and serial numbers are searched for the
    CNPJ and whole names only, each of which `opaque` replaces.
    """
    found = {texts.table.name: await _found(tx, erasure, texts) for texts in kinds}
    erased: Counter[ErasedKind] = Counter()
    if not any(found.values()):
        return erased
    identity, of_client = erasure.identity, {"partner_id": erasure.partner_id, "client_id": erasure.client_id}
    others = await tx.fetch(_OTHER_NAMES, of_client)
    words = identity.words - words_of_others(list(others), identity.words)
    erasing = _Erasing(
        in_notes=Identity(identity.cnpj, identity.names, words=words),
        in_keys=Identity(identity.cnpj, identity.names),
        opaque=erasure.opaque,
        at=erasure.at,
    )
    for texts in kinds:
        erased += await _rewrite(tx, erasure.partner_id, texts, found[texts.table.name], erasing)
    return erased


async def _found(tx: Transaction, erasure: Erasure, texts: Texts) -> Sequence[int]:
    if texts is not ANSWERS:
        return erasure.of(texts.table)
    # An answer is stored before it is searched for, or after the commit, when the event is seen.
    await tx.fetch(_LOCK_WEBHOOKS, {"partner_id": erasure.partner_id})
    return await _rows_with(tx, erasure.partner_id, erasure.client_id, texts, erasure.identity)


class _Erasing(NamedTuple):
    in_notes: Identity
    in_keys: Identity
    opaque: Callable[[], str]
    at: datetime

    def without(self, column: str, text: str | None) -> str | None:
        if text is None:
            return None
        if column in _KEYS:
            return self.in_keys.replaced_in_key(text, self.opaque)
        return self.in_notes.redacted(text)


async def _rows_with(
    connection: Connection, partner_id: int, client_id: int, texts: Texts, identity: Identity
) -> list[int]:
    """Return the ids of the rows whose texts have one of the values, read once."""
    statements = _OF[texts.table.name]
    ids: list[int] = []
    mine = {"partner_id": partner_id, "client_id": client_id}
    statement, wanted = statements.first, mine
    place, width = texts.by.index("id"), len(texts.by)
    while rows := list(await connection.fetch(statement, wanted)):
        for start in range(0, len(rows), _SEARCHED):
            some = rows[start : start + _SEARCHED]
            # Most rows have none of the values, which one search of many shows.
            if identity.found_in("\n".join(_texts(some, width))):
                ids += [row[place] for row in some if identity.found_in("\n".join(_texts([row], width)))]
        if len(rows) < _PAGE:
            break
        after = {f"after_{name}": last for name, last in zip(texts.by, rows[-1], strict=False)}
        statement, wanted = statements.after, {**mine, **after}
    return ids


def _texts(rows: Sequence[tuple[Any, ...]], width: int) -> Iterator[str]:
    return (text for row in rows for text in row[width:] if text)


async def _rewrite(
    tx: Transaction, partner_id: int, texts: Texts, ids: Sequence[int], erasing: _Erasing
) -> Counter[ErasedKind]:
    """Lock the rows, and write those of their texts that have one of the values."""
    erased: Counter[ErasedKind] = Counter()
    if not ids:
        return erased
    statements = _OF[texts.table.name]
    lines = []
    for row in await tx.fetch(statements.lock, {"partner_id": partner_id, "ids": sorted(ids)}):
        before = dict(zip(texts.kinds, row[len(texts.by) :], strict=True))
        after = {name: erasing.without(name, text) for name, text in before.items()}
        changed = [name for name in before if before[name] != after[name]]
        erased.update(texts.kinds[name] for name in changed)
        if changed:
            copies = {copy: note_folded(after[name]) for name, copy in texts.folded.items()}
            new = {f"new_{name}": text for name, text in (after | copies).items()}
            lines.append({"partner_id": partner_id, "row_id": row[texts.by.index("id")], "at": erasing.at, **new})
    await tx.execute_many(statements.write, lines)
    return erased
