"""The database finds each key and serial number in which a client can be recognised."""

from collections.abc import Mapping, Sequence
from random import Random

import pytest
import sqlalchemy as sa

from db import erased_keys, erasures, tables
from db.engine import Database, Transaction
from domain.erasure import Identity, single_words
from tests.factories import NOON, add_activations, add_client, add_partner, add_product, add_user
from tests.units import execute, fetch_all, writing

CNPJ = "00123456000195"
IDENTITIES = [
    Identity(CNPJ, ("Padaria Sol Ltda", "Pão & Cia", "***")),
    Identity(CNPJ, ("7 Irmãos Padaria", "A Sol")),
    Identity(CNPJ, ("7", "½ Sol")),
]
PIECES = [
    *("SOL", "PADARIA", "PÃO", "PAO", "LTDA", "CIA", "***", "**", "½", "\uff33OL", "-", " ", "_", "/", "A", "É", "7"),
    *("7-IRMAOS-PADARIA", "7 IRMÃOS", "IRMAOS", "17", "A-SOL", "PADARIA-SOL-LTDA"),
    *(CNPJ, "123456000195", "12.345.600-0195", "1-2-3-4-5-6-0-0-0-1-9-5", "12345600019", "1/23456000/195"),
]


def _texts() -> list[str]:
    rng = Random(1)  # noqa: S311 — examples.
    return sorted({"".join(rng.choices(PIECES, k=rng.randint(1, 4))) for _ in range(400)})


async def _with_texts(tx: Transaction, texts: Sequence[str]) -> tuple[int, Mapping[int, str]]:
    """Add an activation with each of the texts; return their partner, and the texts by id."""
    partner_id = await add_partner(tx)
    client_id = await add_client(tx, partner_id)
    user_id, product_id = await add_user(tx, partner_id), await add_product(tx)
    await add_activations(
        tx, partner_id, user_id=user_id, product_id=product_id, wanted=[(client_id, NOON)] * len(texts)
    )
    table = tables.activations
    rows = await fetch_all(tx, sa.select(table.c.id).where(table.c.partner_id == partner_id).order_by(table.c.id))
    by_id = dict(zip([row.id for row in rows], texts, strict=True))
    for place, (row_id, text) in enumerate(by_id.items()):
        column = "activation_key" if text.isascii() and place % 2 else "ecf_serial_number"
        await execute(tx, sa.update(table).where(table.c.id == row_id).values({column: text, "updated_at": NOON}))
    return partner_id, by_id


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.names[0])
async def test_the_database_suspects_every_key_with_one_of_the_values(database: Database, identity: Identity) -> None:
    async with writing(database) as tx:
        partner_id, by_id = await _with_texts(tx, _texts())

        suspects = set(await erased_keys.suspects(tx, partner_id, identity))

    named = {text for text in by_id.values() if identity.found_in(text)}
    assert len(named) > 20
    assert named - {by_id[each] for each in suspects} == set()
    assert len(suspects) < len(by_id)


async def test_a_short_first_word_makes_few_keys_suspect(database: Database) -> None:
    named, others = ["7-IRMAOS-PADARIA", "17.IRMAOS-PADARIA-2"], [f"PADARIA-{number}7" for number in range(200)]
    async with writing(database) as tx:
        partner_id, by_id = await _with_texts(tx, [*named, *others])

        suspects = await erased_keys.suspects(tx, partner_id, Identity(CNPJ, ("7 Irmãos Padaria",)))

    assert {by_id[each] for each in suspects} == set(named)


async def test_more_suspects_than_are_read_at_once_are_all_looked_at(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasures, "_PAGE", 7)
    names = "Padaria Sol", "7 Irmãos"
    async with writing(database) as tx:
        partner_id, by_id = await _with_texts(tx, _texts())

        identity = Identity(CNPJ, names, words=single_words(names))
        erasure = await erasures.search(tx, partner_id, -1, identity, str, at=NOON)

    found = erasure.of(tables.activations)
    assert sorted(found) == sorted(each for each, text in by_id.items() if identity.in_keys.found_in(text))
    assert len(found) > 7
