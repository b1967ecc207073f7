"""The database finds each key and serial number in which a client can be recognised."""

from random import Random

import sqlalchemy as sa

from db import erased_keys, tables
from db.engine import Database
from domain.erasure import Identity, single_words
from tests.factories import NOON, add_activations, add_client, add_partner, add_product, add_user
from tests.units import execute, fetch_all, writing

IDENTITY = Identity("00123456000195", ("Padaria Sol Ltda", "Pão & Cia", "***"), words=frozenset({"padaria", "sol"}))
PIECES = [
    *("SOL", "PADARIA", "PÃO", "PAO", "LTDA", "CIA", "***", "**", "½", "\uff33OL", "-", " ", "_", "/", "A", "É", "7"),
    *("00123456000195", "123456000195", "12.345.600-0195", "1-2-3-4-5-6-0-0-0-1-9-5", "12345600019", "1/23456000/195"),
]


def _texts() -> list[str]:
    rng = Random(1)  # noqa: S311 — examples.
    return sorted({"".join(rng.choices(PIECES, k=rng.randint(1, 4))) for _ in range(400)})


async def test_the_database_suspects_every_key_with_one_of_the_values(database: Database) -> None:
    texts = _texts()
    assert IDENTITY.words <= single_words(IDENTITY.names)
    async with writing(database) as tx:
        partner_id = await add_partner(tx)
        client_id = await add_client(tx, partner_id)
        user_id, product_id = await add_user(tx, partner_id), await add_product(tx)
        wanted = [(client_id, NOON)] * len(texts)
        await add_activations(tx, partner_id, user_id=user_id, product_id=product_id, wanted=wanted)
        table = tables.activations
        rows = await fetch_all(tx, sa.select(table.c.id).where(table.c.partner_id == partner_id).order_by(table.c.id))
        by_id = dict(zip([row.id for row in rows], texts, strict=True))
        for place, (row_id, text) in enumerate(by_id.items()):
            column = "activation_key" if text.isascii() and place % 2 else "ecf_serial_number"
            await execute(tx, sa.update(table).where(table.c.id == row_id).values({column: text, "updated_at": NOON}))

        suspects = set(await erased_keys.suspects(tx, partner_id, IDENTITY))

    named = {text for text in texts if IDENTITY.found_in(text)}
    assert len(named) > 20
    assert named - {by_id[each] for each in suspects} == set()
    assert len(suspects) < len(texts)
