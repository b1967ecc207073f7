"""Steps that fold texts again, since marks that look alike are one, and what they tell the operator."""

import re
import unicodedata

import pytest
import sqlalchemy as sa

from db.migrations import migrate
from db.migrations.revisions import BrokenConstraintError
from db.migrations.versions import v0031_alike_marks
from domain.text import fold
from tests.databases import Databases
from tests.db.plain_sql import look, write

LAST_OF_RELEASED = "0030"
_ACCENTS = re.compile("[\u0300-\u036f]+")
ASKED = (
    "SELECT name_folded FROM partners ORDER BY id",
    "SELECT name, name_folded FROM price_tables ORDER BY id",
    "SELECT name_folded, trade_name_folded, names_folded, city_folded FROM clients ORDER BY id",
    "SELECT note_folded, cancellation_note_folded, client_name_folded FROM activations ORDER BY id",
)
AT = "'2026-07-01T12:00:00.000000Z'"


def folded_before(text: str) -> str:
    """Fold a text as the versions before step 0031 did."""
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(each for each in _ACCENTS.sub("", decomposed) if not unicodedata.combining(each))
    return " ".join(kept.split())


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def price_table(name: str) -> str:
    return f"INSERT INTO price_tables (name, name_folded) VALUES ({quoted(name)}, {quoted(folded_before(name))})"  # noqa: S608 — our own.


async def found(url: str) -> list[list[tuple[object, ...]]]:
    return await look(url, lambda sync: [[tuple(row) for row in sync.execute(sa.text(each))] for each in ASKED])


def characters_folded_otherwise() -> str:
    every = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    return "".join(each for each in every if folded_before(f"a{each}b") != fold(f"a{each}b"))


async def test_every_text_is_folded_as_today_after_the_steps(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to=LAST_OF_RELEASED)
    marks = characters_folded_otherwise()
    names = [f"Linha {mark} de {number}" for number, mark in enumerate(marks)]
    client = """INSERT INTO clients (partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded,
        city, city_folded, status, registered_at)
        VALUES (1, {cnpj}, {name}, {folded}, {name}, {folded}, {both}, {name}, {folded}, 'ACTIVE', {at})"""
    activation = """INSERT INTO activations (partner_id, client_id, product_id, authorization_code, activation_key,
        seats, additional_seats, note, note_folded, cancellation_note, cancellation_note_folded, client_name_folded,
        activated_at, activated_by_id, status, cancelled_at, cancellation_reason) VALUES (1, {id}, 1, 'C-{id}',
        'K-{id}', 1, 0, {name}, {folded}, {name}, {folded}, {folded}, {at}, 1, 'CANCELLED', {at}, 'MOVED')"""
    texts = [
        {
            "id": number,
            "cnpj": quoted(str(number)),
            "name": quoted(name),
            "folded": quoted(folded_before(name)),
            "both": quoted(f"{folded_before(name)}\n{folded_before(name)}"),
            "at": AT,
        }
        for number, name in enumerate(names, 1)
    ]
    await write(
        url,
        *(
            "INSERT INTO partners (name, name_folded, cnpj) VALUES ({name}, {folded}, {cnpj})".format(**each)  # noqa: S608 — our own.
            for each in texts
        ),
        """INSERT INTO users (partner_id, email, name, role, password_hash)
            VALUES (1, 'ana@alfa.example', 'Ana', 'MANAGER', 'hash')""",
        "INSERT INTO products (code, name, included_seats, active) VALUES ('A', 'A', 1, TRUE)",
        *map(price_table, names),
        *(client.format(**each) for each in texts),
        *(activation.format(**each) for each in texts),
    )

    migrate.upgrade(url)

    now = [fold(name) for name in names]
    assert len(marks) > len(v0031_alike_marks.MARKS)
    assert await found(url) == [
        [(each,) for each in now],
        list(zip(names, now, strict=True)),
        [(each, each, f"{each}\n{each}", each) for each in now],
        [(each, each, each) for each in now],
    ]


@pytest.mark.parametrize("step", ["0031", "0036"])
async def test_a_price_table_gets_a_name_that_no_other_has(engine: str, databases: Databases, step: str) -> None:
    url = databases.migrated(engine, to=f"{int(step) - 1:04}")
    alike, apart = ("'", "’") if step == "0031" else ("''", "″")
    long = "P" * 198
    names = [
        f"Pauta {alike}",
        f"Pauta {apart}",
        f"Pauta {alike} (2)",
        f"Pauta {alike} (2-2)",
        long + alike,
        long + apart,
    ]
    await write(url, *map(price_table, names))
    told = list[str]()

    migrate.upgrade(url, to=step, tell=told.append)

    after = (await found(url))[1]
    renamed = [f"Pauta {apart} (2-3)", f"{long[:196]} (6)"]
    assert [name for name, _ in after] == [names[0], renamed[0], *names[2:5], renamed[1]]
    assert all(folded == fold(str(name)) for name, folded in after)
    assert [renamed[0] in told[0], renamed[1] in told[1], names[1] in told[0]] == [True, True, True]
    assert len(told) == 2


async def test_rows_that_a_constraint_refuses_are_named_by_it(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0030")
    partner = "INSERT INTO partners (name, name_folded, cnpj) VALUES ('{}', '{}', '{}')"
    await write(
        url,
        "CREATE UNIQUE INDEX of_the_operator ON partners (name_folded)",
        partner.format("D''Alfa", "d''alfa", 1),
        partner.format("D’Alfa", "d’alfa", 2),
    )

    with pytest.raises(BrokenConstraintError) as raised:
        migrate.upgrade(url)

    said = str(raised.value)
    assert "partners" in said
    assert ("name_folded" if engine == "sqlite" else "of_the_operator") in said
    assert "alfa" not in said
