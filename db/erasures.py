"""Statements that erase who a cancelled client was from all texts of its partner."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Table

from db import erased_keys, events, webhook_erasure
from db.engine import Connection, Transaction
from db.engine.expressions import KEEPING_KEYS, among, found_by_id
from db.engine.filters import PARTNER, value, values_of
from db.engine.statement import Statement
from db.free_texts import ANSWERS, FREE_TEXTS, OF_ACTIVATIONS, WEBHOOKS, Texts
from db.tables import activations, clients, webhook_deliveries, webhooks
from domain.activations import note_folded
from domain.answer_erasure import answer_without
from domain.clients import ClientStatus
from domain.erasure import ErasedKind, Identity, single_words, words_of_others
from domain.webhook_texts import selection_without, url_without

_PAGE = 2_000
"""Rows that are read at once: a partner can have hundreds of thousands."""

_SEARCHED = 100
"""Rows that are searched at once."""

_KEYS = frozenset({"activation_key", "ecf_serial_number"})


class _Statements(NamedTuple):
    first: Statement[tuple[Any, ...]]
    after: Statement[tuple[Any, ...]]
    lock: Statement[tuple[Any, ...]]
    write: Statement[tuple[Any, ...]]


_OF_OTHERS = activations.c.client_id != sa.bindparam("client_id")


def _statements(texts: Texts) -> _Statements:
    by = [texts.table.c[name] for name in texts.by]
    # Nearly all activations have a key, and few a note, which an index of the copies has.
    searched = texts.folded.values() or texts.kinds
    written = [texts.table.c[name].is_not(None) for name in searched]
    of_page = sa.select(*texts.columns).where(texts.mine, sa.or_(*written)).order_by(*by).limit(_PAGE)
    if texts.is_free is not None:
        of_page = of_page.where(texts.is_free())
    if texts.table is activations:
        of_page = of_page.where(_OF_OTHERS)
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
_SUSPECTS: Statement[tuple[Any, ...]] = Statement(
    sa.select(*OF_ACTIVATIONS[0].columns).where(
        found_by_id(activations.c.partner_id) == PARTNER, among(activations.c.id, "ids"), _OF_OTHERS
    ),
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


class _Erasing(NamedTuple):
    in_notes: Identity
    in_keys: Identity
    schema_names: Collection[str]

    def without(self, column: str, text: str | None, opaque: Callable[[], str]) -> str | None:
        if text is None:
            return None
        if column in _KEYS:
            return self.in_keys.replaced_in_key(text, opaque)
        if column == webhooks.c.url.name:
            return url_without(self.in_notes, text)
        if column == webhooks.c.selection.name:
            return selection_without(self.in_notes, text, self.schema_names)
        if column == webhook_deliveries.c.answer.name:
            return answer_without(self.in_notes, text)
        return self.in_notes.redacted(text)


@dataclass
class Erasure:
    """Cancelled client, its values, and the rows of other objects whose texts have some of them, by table."""

    partner_id: int
    client_id: int
    identity: Identity
    """Its CNPJ and names, with all words of the names."""
    opaque: Callable[[], str]
    at: datetime
    found: Mapping[str, Sequence[int]]
    last_number: int | None
    """Number of the partner's last event before the search; None if no transaction could write during it."""
    schema_names: Collection[str]
    """Names of the schema, which selections have without naming a client."""
    suspended: list[int] = field(default_factory=list)
    """Ids of the webhooks that were suspended, because their URL or selection is not complete any more."""
    erasing: _Erasing | None = None
    """What is erased; None until the names of the partner's other clients are read."""
    written: dict[str, list[int]] = field(default_factory=dict)
    """Ids of the rows whose texts were written anew, by table."""

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
    schema_names: Collection[str] = (),
) -> Erasure:
    """Return which rows have the values, without a lock. The client's own activations are erased without a search.

    Answers to webhooks are not searched: they are, when the webhooks are locked.
    """
    searched = Identity(identity.cnpj, identity.names, words=single_words(identity.names))
    last = None if connection.dialect.name == "sqlite" else await _last_number(connection, partner_id)
    found = await _search(connection, partner_id, client_id, searched)
    return Erasure(partner_id, client_id, searched, opaque, at, found, last, schema_names)


async def is_complete(tx: Transaction, erasure: Erasure, *, appended: int) -> bool:
    """Return whether no row got one of the values after the search, now that the partner's counters are locked.

    A transaction that writes a text appends an event. So there is nothing to search if the partner has only those that
    this one `appended`; otherwise all texts are searched again.
    """
    if erasure.last_number in {None, await _last_number(tx, erasure.partner_id) - appended}:
        return True
    # What is kept in texts, since other clients' names have it, is none of them.
    found = await _search(tx, erasure.partner_id, erasure.client_id, (await _erasing(tx, erasure)).in_notes)
    late = {name: set(ids) - set(erasure.found[name]) for name, ids in found.items()}
    late[clients.name].discard(erasure.client_id)
    return not any(late.values())


async def _last_number(connection: Connection, partner_id: int) -> int:
    return (await events.last_numbers(connection, [partner_id]))[partner_id]


async def _search(
    connection: Connection, partner_id: int, client_id: int, identity: Identity
) -> dict[str, Sequence[int]]:
    return {
        texts.table.name: await _rows_with(connection, partner_id, client_id, texts, identity)
        for texts in FREE_TEXTS
        if texts is not ANSWERS
    }


async def lock_clients(tx: Transaction, erasure: Erasure, held: Collection[int]) -> list[int]:
    """Lock the clients that were found, besides those that are `held`, without waiting; return which are locked."""
    late = sorted(set(erasure.of(clients)) - set(held))
    return [] if not late else list(await tx.fetch(_LOCK_FREE_CLIENTS, {"partner_id": erasure.partner_id, "ids": late}))


async def erase(tx: Transaction, erasure: Erasure, kinds: Sequence[Texts]) -> Counter[ErasedKind]:
    """Lock the rows by id, erase the values from these of their texts, and return how many of each kind had any.

    A single word of a name is kept if another active client's name has it. Keys and serial numbers are searched for the
    CNPJ and whole names only, unless another active client has that name; `opaque` replaces each.
    """
    erased: Counter[ErasedKind] = Counter()
    for texts in kinds:
        # Each table is locked in its place, and so are the webhooks of the answers.
        ids = await _found(tx, erasure, texts)
        if ids:
            erased += await _rewrite(tx, erasure, texts, ids)
    return erased


async def _erasing(tx: Transaction, erasure: Erasure) -> _Erasing:
    if erasure.erasing is None:
        identity, of_client = erasure.identity, {"partner_id": erasure.partner_id, "client_id": erasure.client_id}
        others = list(await tx.fetch(_OTHER_NAMES, of_client))
        words = identity.words - words_of_others(others, identity.words)
        erasure.erasing = _Erasing(
            in_notes=Identity(identity.cnpj, identity.names, words=words),
            in_keys=identity.in_keys.unlike(others),
            schema_names=erasure.schema_names,
        )
    return erasure.erasing


async def _found(tx: Transaction, erasure: Erasure, texts: Texts) -> Sequence[int]:
    if texts is WEBHOOKS:
        # All of them: an answer is stored before it is searched for, or after the commit, when the event is seen.
        await webhook_erasure.lock(tx, erasure.partner_id)
    if texts is not ANSWERS:
        return erasure.of(texts.table)
    return await _rows_with(tx, erasure.partner_id, erasure.client_id, texts, erasure.identity)


async def _rows_with(
    connection: Connection, partner_id: int, client_id: int, texts: Texts, identity: Identity
) -> list[int]:
    """Return the ids of the rows whose texts have one of the values, read once."""
    statements = _OF[texts.table.name]
    mine = {"partner_id": partner_id, "client_id": client_id}
    ids = await _by_keys(connection, mine, texts, identity.in_keys) if texts.table is activations else []
    statement, wanted = statements.first, mine
    while rows := list(await connection.fetch(statement, wanted)):
        ids += _found_in(rows, texts, identity)
        if len(rows) < _PAGE:
            break
        after = {f"after_{name}": last for name, last in zip(texts.by, rows[-1], strict=False)}
        statement, wanted = statements.after, {**mine, **after}
    return ids


async def _by_keys(connection: Connection, mine: Mapping[str, int], texts: Texts, identity: Identity) -> list[int]:
    """Return the ids of the activations that have one of the values in their key or serial number."""
    ids: list[int] = []
    suspects = sorted(set(await erased_keys.suspects(connection, mine["partner_id"], identity)))
    for start in range(0, len(suspects), _PAGE):
        rows = list(await connection.fetch(_SUSPECTS, {**mine, "ids": suspects[start : start + _PAGE]}))
        ids += _found_in(rows, texts, identity)
    return ids


def _found_in(rows: Sequence[tuple[Any, ...]], texts: Texts, identity: Identity) -> Iterator[int]:
    place = texts.by.index("id")
    for start in range(0, len(rows), _SEARCHED):
        some = rows[start : start + _SEARCHED]
        # Most rows have none of the values, which one search of many shows.
        if texts.have(identity, some):
            yield from (row[place] for row in some if texts.have(identity, [row]))


async def _rewrite(tx: Transaction, erasure: Erasure, texts: Texts, ids: Sequence[int]) -> Counter[ErasedKind]:
    """Lock the rows, and write those of their texts that have one of the values."""
    erased: Counter[ErasedKind] = Counter()
    erasing, statements = await _erasing(tx, erasure), _OF[texts.table.name]
    mine: dict[str, object] = {"partner_id": erasure.partner_id}
    lines = []
    for row in await tx.fetch(statements.lock, {**mine, "ids": sorted(ids)}):
        before = dict(zip(texts.kinds, row[len(texts.by) :], strict=True))
        after = {name: erasing.without(name, text, erasure.opaque) for name, text in before.items()}
        changed = [name for name in before if before[name] != after[name]]
        erased.update(texts.kinds[name] for name in changed)
        if changed:
            copies = {copy: note_folded(after[name]) for name, copy in texts.folded.items()}
            new = {f"new_{name}": text for name, text in (after | copies).items()}
            row_id = row[texts.by.index("id")]
            erasure.written.setdefault(texts.table.name, []).append(row_id)
            lines.append({**mine, "row_id": row_id, "at": erasure.at, **new})
            if texts is WEBHOOKS and await webhook_erasure.suspend(
                tx, erasure.partner_id, row_id, after, at=erasure.at
            ):
                erasure.suspended.append(row_id)
    await tx.execute_many(statements.write, lines)
    return erased
