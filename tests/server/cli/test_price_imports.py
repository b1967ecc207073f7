"""Import of prices from the command line, and its publication, on each engine."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from db.engine import Database
from db.tables import events, price_table_versions
from domain.events import EventType
from domain.price_tables import VersionState
from resolvers.partners import NewVendor, vendor_id
from server.cli import app
from tests import cnpjs
from tests.factories import add_product
from tests.units import execute, fetch_all, reading, writing

Command = Callable[..., Result]

TABLE = "Pauta Épsilon (11222333000181)"
COLUMNS = "produto;tipo;quantidade_minima;valor_mensal;adesao\n"


def in_database(work: Callable[[Database], Awaitable[object]]) -> object:
    """Run work on the database of the command."""

    async def run() -> object:
        database = Database(os.environ["DATABASE_URL"])
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


async def add_products(database: Database) -> None:
    async with writing(database) as tx:
        for code in ("SPED", "LIGHT"):
            await add_product(tx, code=code)


async def versions(database: Database) -> list[tuple[int, VersionState]]:
    """Return the number and state of each version."""
    async with reading(database) as connection:
        listed = sa.select(price_table_versions.c.number, price_table_versions.c.state)
        return [tuple(row) for row in await fetch_all(connection, listed.order_by(price_table_versions.c.number))]


async def changes(database: Database) -> int:
    """Return how many events of changed prices there are."""
    async with reading(database) as connection:
        of_prices = sa.select(events.c.number).where(events.c.type == EventType.PRICES_CHANGED)
        return len(await fetch_all(connection, of_prices))


async def changes_of_each(database: Database) -> list[int]:
    """Return how many events of changed prices each partner has that has any, the vendor among them."""
    async with reading(database) as connection:
        counted = sa.select(sa.func.count()).where(events.c.type == EventType.PRICES_CHANGED)
        return [row[0] for row in await fetch_all(connection, counted.group_by(events.c.partner_id))]


async def add_vendor(database: Database) -> None:
    async with writing(database) as tx:
        await vendor_id(tx, NewVendor("Grupo Moderniza", cnpjs.another()))


def write(folder: Path, name: str, *lines: str) -> None:
    """Write a sheet of prices."""
    (folder / name).write_text(COLUMNS + "".join(f"{line}\n" for line in lines), encoding="utf-8")


@pytest.fixture
def prices(command: Command, tmp_path: Path) -> Command:
    """`portal import prices` to a price table whose first version, of two products, is in force."""
    command("create-partner", "--name", "Épsilon", "--cnpj", "11222333000181")
    in_database(add_products)
    write(tmp_path, "both.csv", "sped;Compra;1;1,00;0", "light;Compra;1;1,00;0")
    write(tmp_path, "sped.csv", "sped;Compra;1;2,00;0")
    write(tmp_path, "light.csv", "light;Compra;1;9,00;0", "light;Adicional;1;1,00;0")
    write(tmp_path, "hole.csv", "sped;Compra;5;1,00;0")
    runner = CliRunner()

    def call(file: str, *options: str) -> Result:
        return runner.invoke(app, ["import", "prices", file, "--table", TABLE, *options])

    assert call("both.csv", "--publish").exit_code == 0
    return call


@pytest.mark.parametrize("options", [["--publish"], ["--publish", "--dry-run"]])
def test_other_changes_of_a_draft_are_published_only_if_asked(prices: Command, options: list[str]) -> None:
    prices("light.csv")

    refused = prices("sped.csv", *options)

    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert refused.stderr == (
        "The draft changes the prices of other products too: LIGHT (Purchase) and LIGHT (Additional seats). Publish it "
        "with them by --with-draft, or publish or discard it first.\n"
    )
    assert in_database(versions) == [(1, VersionState.PUBLISHED), (2, VersionState.DRAFT)]


def test_other_changes_that_are_published_with_a_file_are_named(prices: Command) -> None:
    prices("light.csv")

    done = prices("sped.csv", "--publish", "--with-draft")

    assert (done.exit_code, done.stdout) == (0, f"1 tier published in {TABLE}.\n")
    assert done.stderr.splitlines() == [
        "LIGHT (Purchase) has new prices from the draft too.",
        "LIGHT (Additional seats) has new prices from the draft too.",
    ]
    assert in_database(versions) == [(1, VersionState.PUBLISHED), (2, VersionState.PUBLISHED)]


def test_prices_whose_dots_could_separate_decimals_are_warned_of(prices: Command, tmp_path: Path) -> None:
    write(tmp_path, "dots.csv", "sped;Compra;1;12.500;0", "light;Compra;1;1.000;0")

    done = prices("dots.csv", "--dry-run")

    assert done.exit_code == 0
    assert "such as “12.500” (lines 2, 3)" in done.stderr


def test_a_draft_with_the_products_of_the_file_only_is_published(prices: Command) -> None:
    prices("sped.csv")
    prices("light.csv")

    done = prices("both.csv", "--publish")

    assert done.exit_code == 1
    assert "LIGHT (Additional seats). Publish" in done.stderr
    assert "LIGHT (Purchase)" not in done.stderr
    assert prices("sped.csv", "--publish", "--with-draft").exit_code == 0
    assert prices("light.csv", "--publish").exit_code == 0


def test_a_dry_run_of_a_publication_finds_what_it_would_find(prices: Command, tmp_path: Path) -> None:
    write(tmp_path, "dear.csv", "sped;Compra;1;1,00;0", "sped;Compra;5;2,00;0")
    published = in_database(changes)

    hole = prices("hole.csv", "--publish", "--dry-run")
    drafted = prices("hole.csv", "--dry-run")
    dear = prices("dear.csv", "--publish", "--dry-run", "--language", "pt-BR")

    assert (hole.exit_code, hole.stdout) == (1, "")
    assert "has no price for quantities below 5 in orders of the type “Purchase”." in hole.stderr
    assert (drafted.exit_code, drafted.stdout) == (0, f"1 tier to import to {TABLE}. Nothing was changed.\n")
    assert drafted.stderr == (
        "SPED (Purchase) has no price for quantities below 5; the draft can't be published without it.\n"
    )
    assert (dear.exit_code, dear.stdout) == (0, f"2 faixas de preço a publicar em {TABLE}. Nada foi alterado.\n")
    assert dear.stderr == "SPED (Compra) fica mais caro a partir de 5 unidades.\n"
    assert in_database(versions) == [(1, VersionState.PUBLISHED)]
    assert in_database(changes) == published


def test_a_file_with_the_prices_in_force_tells_no_partner_of_changes(prices: Command) -> None:
    in_database(add_vendor)
    before = in_database(changes_of_each)

    same = prices("both.csv", "--publish")
    after_same = in_database(changes_of_each)
    other = prices("sped.csv", "--publish")

    assert (same.exit_code, other.exit_code) == (0, 0)
    # The vendor has an event of each publication.
    assert [before, after_same, in_database(changes_of_each)] == [[1], [1, 1], [2, 2]]


def test_what_is_refused_is_said_in_the_language_of_the_import(prices: Command, tmp_path: Path) -> None:
    write(tmp_path, "dear.csv", "sped;Compra;1;1,00;0", "sped;Compra;2;2,00;0")

    hole = prices("hole.csv", "--publish", "--language", "pt-BR")
    unknown = CliRunner().invoke(app, ["import", "prices", "sped.csv", "--table", "Nada", "--language", "pt-BR"])
    unnamed = CliRunner().invoke(app, ["import", "clients", "sped.csv", "--partner", "Zeta", "--language", "pt-BR"])

    assert hole.stderr == (
        "O produto “Moderniza Completo” não tem preço para quantidades abaixo de 5 no tipo de pedido “Compra”.\n"
    )
    assert unknown.stderr == "Não há pauta de preços com o nome “Nada”.\n"
    assert unnamed.stderr.startswith("Nenhum parceiro, ou mais de um, se chama “Zeta”.")


def test_a_publication_for_a_partner_says_who_else_buys_by_its_table(prices: Command, command: Command) -> None:
    def published(*options: str) -> Result:
        return command("import", "prices", "sped.csv", "--partner", "Épsilon", *options)

    alone = published("--dry-run")
    command("create-partner", "--name", "Zeta", "--cnpj", "11444777000161", "--price-table", TABLE)
    shared = [published("--dry-run"), published(), published("--language", "pt-BR")]

    assert prices("light.csv", "--dry-run").exit_code == 0
    assert alone.stderr == ""
    assert [each.stderr for each in shared] == [
        *[f"2 partners buy by the price table “{TABLE}”, and the prices are those of all of them.\n"] * 2,
        f"2 parceiros compram pela pauta “{TABLE}”, e os preços valem para todos eles.\n",
    ]


@pytest.mark.parametrize("options", [["--publish"], [], ["--publish", "--dry-run"]])
def test_a_file_without_prices_is_neither_drafted_nor_published(
    prices: Command, tmp_path: Path, options: list[str]
) -> None:
    write(tmp_path, "none.csv")

    refused = prices("none.csv", *options)

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == "The file has no row below its line of headers.\n"
    assert in_database(versions) == [(1, VersionState.PUBLISHED)]


def test_a_draft_is_named_for_a_publication_only(prices: Command) -> None:
    refused = prices("sped.csv", "--with-draft")

    assert (refused.exit_code, refused.stderr) == (2, "--with-draft is of a publication: give --publish too.\n")
    assert in_database(versions) == [(1, VersionState.PUBLISHED)]


def test_a_draft_that_is_outdated_is_a_trouble_of_the_data(prices: Command) -> None:
    prices("sped.csv")

    async def publish_another(database: Database) -> None:
        async with writing(database) as tx:
            of_draft = price_table_versions.c.state == VersionState.DRAFT
            await execute(tx, sa.update(price_table_versions).where(of_draft).values(copy_of=None))

    in_database(publish_another)

    refused = prices("sped.csv", "--publish", "--dry-run")

    assert refused.exit_code == 1
    assert "The draft is no copy of version 1" in refused.stderr
