"""Products on the command line, on each engine."""

import asyncio
import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from db import tables
from db.engine import Database
from db.tables import products
from tests import cnpjs
from tests.server.conftest import Command
from tests.units import fetch_all, reading

EXAMPLES = Path(__file__).parents[3] / "examples"

Product = tuple[str, str, int, bool]


def stored() -> list[Product]:
    """Return the products: code, name, included seats, and whether they are active."""

    async def read() -> list[Product]:
        database = Database(os.environ["DATABASE_URL"])
        columns = products.c.code, products.c.name, products.c.included_seats, products.c.active
        async with reading(database) as connection:
            found = [tuple(row) for row in await fetch_all(connection, sa.select(*columns).order_by(products.c.code))]
        await database.close()
        return found

    return asyncio.run(read())


def create(command: Command, code: str, *more: str) -> int:
    return command("create-product", "--code", code, "--name", "SPED Fiscal", "--included-seats", "2", *more).exit_code


def test_a_product_is_created_active_unless_said_otherwise(command: Command) -> None:
    assert create(command, "sped") == 0
    assert create(command, "antigo", "--inactive") == 0

    assert stored() == [("ANTIGO", "SPED Fiscal", 2, False), ("SPED", "SPED Fiscal", 2, True)]


def test_a_code_is_one_product_s(command: Command) -> None:
    create(command, "SPED")

    again = command("create-product", "--code", "Sped", "--name", "Outro", "--included-seats", "9")

    assert (again.exit_code, again.stderr) == (1, "There is a product with the code “SPED” already.\n")
    assert stored() == [("SPED", "SPED Fiscal", 2, True)]


@pytest.mark.parametrize(
    ("code", "name", "seats"),
    [("A B", "X", "1"), ("", "X", "1"), ("A", " ", "1"), ("A", "X", "-1"), ("A", "X", "10001")],
)
def test_what_no_product_can_have_is_refused(command: Command, code: str, name: str, seats: str) -> None:
    refused = command("create-product", "--code", code, "--name", name, "--included-seats", seats)

    assert refused.exit_code == 2
    assert stored() == []


def test_the_example_is_imported(command: Command) -> None:
    file = str(EXAMPLES / "produtos.csv")

    first, again = command("import", "products", file), command("import", "products", file)

    assert (first.exit_code, first.stdout) == (0, "4 created, 0 updated, 0 unchanged, 0 bad.\n")
    assert (again.exit_code, again.stdout) == (0, "0 created, 0 updated, 4 unchanged, 0 bad.\n")
    assert stored()[0] == ("CLASSICO", "Moderniza Clássico", 2, False)


def test_a_code_that_is_there_is_updated_and_stays_active_or_not(command: Command, tmp_path: Path) -> None:
    create(command, "SPED", "--inactive")
    create(command, "NFCE")
    (tmp_path / "p.csv").write_text("code,name,included_seats\nsped,Fiscal,5\nnfce,NFC-e,1\n")

    done = command("import", "products", "p.csv")

    assert done.stdout == "0 created, 2 updated, 0 unchanged, 0 bad.\n"
    assert stored() == [("NFCE", "NFC-e", 1, True), ("SPED", "Fiscal", 5, False)]


def events() -> list[tuple[str, str | None]]:
    """Return the types of the events of products, each with the code of its product."""

    async def read() -> list[tuple[str, str | None]]:
        database = Database(os.environ["DATABASE_URL"])
        found = (
            sa.select(tables.events.c.type, products.c.code)
            .join(products, products.c.id == tables.events.c.product_id)
            .order_by(tables.events.c.number)
        )
        async with reading(database) as connection:
            rows = [(row[0].value, row[1]) for row in await fetch_all(connection, found)]
        await database.close()
        return rows

    return asyncio.run(read())


@pytest.mark.parametrize("more", [(), ("--all-or-nothing",)])
def test_changes_by_the_command_line_are_events_of_the_vendor(
    command: Command, tmp_path: Path, more: tuple[str, ...]
) -> None:
    create(command, "BEFORE")
    person = "--email", "rita@moderniza.example", "--name", "Rita", "--role", "vendor_admin"
    vendor = command(
        "create-vendor-user", *person, "--vendor-cnpj", cnpjs.another(), "--password-stdin", typed="uma senha longa\n"
    )
    create(command, "SPED")
    create(command, "NFCE", "--inactive")
    (tmp_path / "p.csv").write_text(
        "code,name,included_seats,active\n"
        "new,Novo,1,\nsped,Fiscal,5,no\nnfce,SPED Fiscal,2,yes\nbefore,SPED Fiscal,2,\n"
    )

    done = command("import", "products", "p.csv", *more)

    assert vendor.exit_code == 0
    assert done.stdout == "1 created, 2 updated, 1 unchanged, 0 bad.\n"
    assert events() == [
        ("PRODUCT_CREATED", "SPED"),
        ("PRODUCT_CREATED", "NFCE"),
        ("PRODUCT_RETIRED", "NFCE"),
        ("PRODUCT_CREATED", "NEW"),
        ("PRODUCT_REINSTATED", "NFCE"),
        ("PRODUCT_UPDATED", "SPED"),
        ("PRODUCT_RETIRED", "SPED"),
    ]


BAD = """Código;Nome;Usuários incluídos;Ativo
SPED;SPED Fiscal;1;sim
;Sem código;1;sim
NFC E;Com espaço;1;sim
NFE;;1;sim
NFE2;Sem usuários;;sim
NFE3;Demais;10001;sim
NFE4;Talvez;1;talvez
sped;De novo;2;sim
NFCE;NFC-e;2;s
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_bad_rows_are_named_and_the_others_imported(command: Command, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "p.csv").write_text(BAD, encoding=encoding)

    refused = command("import", "products", "p.csv", "--all-or-nothing")
    before = stored()
    done = command("import", "products", "p.csv")

    assert (refused.exit_code, refused.stdout, before) == (1, "0 created, 0 updated, 0 unchanged, 7 bad.\n", [])
    assert (done.exit_code, done.stdout) == (1, "2 created, 0 updated, 0 unchanged, 7 bad.\n")
    lines = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"line {number}" for number in range(3, 10)]
    for line, reason in zip(
        lines, ("code", "code", "“Nome”", "“Usuários incluídos”", "10,000", "sim or não", "line 2"), strict=True
    ):
        assert reason in line
    assert stored() == [("NFCE", "NFC-e", 2, True), ("SPED", "SPED Fiscal", 1, True)]


def test_all_or_nothing_imports_all_where_all_is_good(command: Command, tmp_path: Path) -> None:
    lines = [f'="{number:05}",Produto {number},1' for number in range(1_100)]
    (tmp_path / "p.csv").write_text("\n".join(["code,name,seats", *lines]))

    done = command("import", "products", "p.csv", "--all-or-nothing")

    assert (done.exit_code, done.stdout) == (0, "1,100 created, 0 updated, 0 unchanged, 0 bad.\n")
    assert stored()[7] == ("00007", "Produto 7", 1, True)


def test_a_file_without_the_columns_is_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("código;nome\nA;B\n")

    refused = command("import", "products", "p.csv")

    assert (refused.exit_code, "lacks “Included seats”." in refused.stderr) == (2, True)
