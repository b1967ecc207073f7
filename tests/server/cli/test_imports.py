"""Import of a partner's sheet from the command line, on each engine."""

import asyncio
import csv
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from db import partner_changes, prices
from db.client_changes import ClientDetails
from db.engine import Database, Work
from db.tables import clients as client_table
from db.tables import events as event_table
from db.tables import partner_counters
from domain.events import EventType
from domain.orders import OrderType
from domain.partners import PartnerClosed, PartnerStatus
from domain.price_tables import PriceKey
from resolvers import imports, price_imports, price_tables
from resolvers.clients import RegisterClient
from resolvers.portal import Portal
from server.cli import app
from tests import cnpjs
from tests.factories import add_product, new_partner, tier
from tests.units import fetch_all, fetch_value, reading, writing

Command = Callable[..., Result]


def wanted(*numbers: str) -> list[RegisterClient]:
    return [RegisterClient(number, ClientDetails(name="Padaria São João", city="São Luís")) for number in numbers]


async def bring(
    portal: Portal, partner_id: int, batches: Iterable[list[RegisterClient]], *, all_or_nothing: bool
) -> list[list[bool]]:
    heard: list[list[bool]] = []
    await imports.register_clients(portal, partner_id, batches, all_or_nothing=all_or_nothing, report=heard.append)
    return heard


@pytest.mark.parametrize("all_or_nothing", [True, False])
async def test_clients_are_registered_as_by_the_api_and_known_ones_left_alone(
    portal: Portal, *, all_or_nothing: bool
) -> None:
    partner_id, other_id = await new_partner(portal), await new_partner(portal)
    numbers = [cnpjs.another() for _ in range(4)]
    await bring(portal, partner_id, [wanted(numbers[1])], all_or_nothing=False)
    await bring(portal, other_id, [wanted(numbers[2])], all_or_nothing=False)

    heard = await bring(portal, partner_id, [wanted(*numbers[:2]), wanted(*numbers[2:])], all_or_nothing=all_or_nothing)

    assert heard == [[True, False], [True, True]]
    async with reading(portal.database) as connection:
        mine = sa.select(client_table).where(client_table.c.partner_id == partner_id).order_by(client_table.c.id)
        found = await fetch_all(connection, mine)
        of_partner = sa.select(event_table).where(event_table.c.partner_id == partner_id).order_by(event_table.c.number)
        events = await fetch_all(connection, of_partner)
        counter = sa.select(partner_counters.c.event_number).where(partner_counters.c.partner_id == partner_id)
        assert await fetch_value(connection, counter) == 4
    assert {client.cnpj for client in found} == set(numbers)
    folded = {(client.name_folded, client.names_folded, client.city_folded) for client in found}
    assert folded == {("padaria sao joao", "padaria sao joao", "sao luis")}
    assert [event.number for event in events] == [1, 2, 3, 4]
    assert {event.client_id for event in events} == {client.id for client in found}
    assert {(event.type, event.actor_id) for event in events} == {(EventType.CLIENT_REGISTERED, None)}


@pytest.mark.parametrize("how", ["all_or_nothing", "dry_run", "each"])
async def test_no_clients_of_a_closed_partner_are_imported(portal: Portal, how: str) -> None:
    partner_id = await new_partner(portal)
    async with writing(portal.database) as tx:
        await partner_changes.set_status(tx, partner_id, PartnerStatus.CLOSED, at=portal.now())

    with pytest.raises(PartnerClosed):
        await imports.register_clients(
            portal,
            partner_id,
            [wanted(cnpjs.another())],
            all_or_nothing=how == "all_or_nothing",
            report=lambda _: None,
            dry_run=how == "dry_run",
        )

    async with reading(portal.database) as connection:
        mine = sa.select(client_table.c.id).where(client_table.c.partner_id == partner_id)
        assert await fetch_all(connection, mine) == []


async def test_nothing_is_left_of_all_where_one_batch_can_not_be_had(portal: Portal) -> None:
    partner_id = await new_partner(portal)

    def batches() -> Iterable[list[RegisterClient]]:
        yield wanted(cnpjs.another())
        raise LookupError

    with pytest.raises(LookupError):
        await bring(portal, partner_id, batches(), all_or_nothing=True)

    async with reading(portal.database) as connection:
        assert not (
            await fetch_value(connection, sa.select(sa.exists().where(client_table.c.partner_id == partner_id)))
        )
        counter = sa.select(partner_counters.c.event_number).where(partner_counters.c.partner_id == partner_id)
        assert await fetch_value(connection, counter) == 0


async def test_prices_replace_those_of_what_is_named_only(portal: Portal) -> None:
    partner_id = await new_partner(portal)
    async with writing(portal.database) as tx:
        product_id = await add_product(tx)
    table = await price_tables.preselected_of(portal, partner_id)
    purchase, seats = (PriceKey(product_id, order_type) for order_type in OrderType)
    old, new = tier(1, monthly=100), tier(1, monthly=200)
    await price_imports.publish(portal, table, {purchase: [old], seats: [old]})

    await price_imports.write(portal, table, {purchase: [new]})

    async def in_force() -> object:
        at = portal.now()
        async with reading(portal.database) as connection:
            return (await prices.tiers_of_tables(connection, partner_id, [table.id], at=at))[table.id]

    assert await in_force() == {purchase: [old], seats: [old]}
    await price_imports.publish(portal, table, {}, with_draft=True)
    assert await in_force() == {purchase: [new], seats: [old]}


@pytest.fixture
def command(command: Command) -> Command:
    """`portal import`, for a partner in a database of its own."""
    command("create-partner", "--name", "Épsilon", "--cnpj", "11222333000181")

    def call(kind: str, *arguments: str) -> Result:
        return command("import", kind, *arguments, "--partner", "11.222.333/0001-81")

    return call


def test_each_of_many_rows_is_reported_with_its_line(command: Command, tmp_path: Path) -> None:
    numbers = [cnpjs.another() for _ in range(1_200)]
    lines = ["CNPJ;Razão Social;Telefone", *(f'{number};"Padaria\n{number}";1' for number in numbers)]
    lines[700] = "1,67E+13;Padaria;1"
    (tmp_path / "c.csv").write_text("\n".join([*lines, f"{numbers[0]};De novo;2"]), encoding="utf-8-sig")

    first = command("clients", "c.csv")
    again = command("clients", "c.csv")

    assert (first.exit_code, again.exit_code) == (1, 1)
    assert first.stderr.splitlines()[0] == "Columns that are not used: Telefone."
    assert "line 1400: The spreadsheet has rounded the CNPJ" in first.stderr
    assert first.stdout.splitlines() == [
        f"line 2401: {numbers[0]} is in line 2 already; left alone.",
        "1,199 imported, 1 registered already, 1 bad.",
    ]
    assert f"line 2: {numbers[0]} is registered already; left alone." in again.stdout
    assert again.stdout.endswith("0 imported, 1,200 registered already, 1 bad.\n")


def test_a_dry_run_writes_the_report_and_registers_nothing(command: Command, tmp_path: Path) -> None:
    number, other = cnpjs.another(), cnpjs.another()
    (tmp_path / "c.csv").write_text(f"CNPJ;Nome;Telefone\n{number};Bar;1\n{other[:-1]};Café;-2\n{other};Sol;3;4\n")

    tried = command("clients", "c.csv", "--dry-run", "--report", "bad.csv", "--language", "pt-BR")
    done = command("clients", "c.csv", "--report", "bad.csv")

    assert (tried.exit_code, tried.stdout) == (1, "1 a importar, 0 já cadastrados, 2 com erro.\n")
    assert "linha 3: O CNPJ deve ter" in tried.stderr
    assert done.stdout == "1 imported, 0 registered already, 2 bad.\n"
    header, *rows = csv.reader((tmp_path / "bad.csv").read_text(encoding="utf-8-sig").splitlines(), delimiter=";")
    assert header == ["reason", "CNPJ", "Nome", "Telefone"]
    assert [row[0][:7] for row in rows] == ["line 3:", "line 4:"]
    assert [row[1:] for row in rows] == [[other[:-1], "Café", "'-2"], [other, "Sol", "3", "4"]]


def test_a_mended_report_is_imported_without_its_reasons(command: Command, tmp_path: Path) -> None:
    number = cnpjs.another()
    (tmp_path / "c.csv").write_text(f"CNPJ;Nome;UF\n{number};Bar;XX\n")
    command("clients", "c.csv", "--report", "bad.csv")
    report = tmp_path / "bad.csv"
    report.write_text(report.read_text(encoding="utf-8").replace(";XX", ";SP"), encoding="utf-8")

    done = command("clients", "bad.csv", "--report", "rest.csv")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "1 imported, 0 registered already, 0 bad.\n"
    assert (tmp_path / "rest.csv").read_text(encoding="utf-8-sig") == "reason;CNPJ;Nome;UF\n"


def test_a_dry_run_of_prices_and_products_changes_nothing(command: Command, tmp_path: Path) -> None:
    asyncio.run(create_product(os.environ["DATABASE_URL"], "SPED"))
    (tmp_path / "p.csv").write_text("produto;tipo;quantidade;valor mensal;adesao\nsped;Compra;1;R$ 9,90;R$ -\n")
    (tmp_path / "q.csv").write_text("codigo;nome;usuarios\nNOVO;Novo;1\nRUIM;Ruim;x\n")
    runner = CliRunner()

    prices_tried = command("prices", "p.csv", "--dry-run")
    tried = runner.invoke(app, ["import", "products", "q.csv", "--dry-run", "--report", "r.csv", "--language", "pt-BR"])
    done = runner.invoke(app, ["import", "products", "q.csv"])
    again = runner.invoke(app, ["import", "products", "q.csv", "--dry-run"])

    assert prices_tried.stdout.startswith("1 tier to publish")
    assert prices_tried.stdout.endswith("Nothing was changed.\n")
    assert (tried.exit_code, tried.stdout) == (1, "1 a criar, 0 a alterar, 0 sem mudança, 1 com erro.\n")
    assert "“usuarios” deve ter um número inteiro" in (tmp_path / "r.csv").read_text(encoding="utf-8")
    assert done.stdout == "1 created, 0 updated, 0 unchanged, 1 bad.\n"
    assert again.stdout == "0 to create, 0 to update, 1 unchanged, 1 bad.\n"


def test_warnings_of_a_file_are_printed_before_its_rows(command: Command, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_bytes(f"CNPJ;Razão Social\n{cnpjs.another()};Maceió\n".encode("cp850"))

    done = command("clients", "c.csv", "--language", "pt-BR", "--dry-run")

    assert done.stderr.startswith(
        "O arquivo parece ser de um programa de MS-DOS. Na página de código 850: linhas 1, 2."
    )
    assert done.exit_code == 0


def test_all_or_nothing_imports_all_where_all_is_good(command: Command, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("cnpj\tname\n" + "".join(f"{cnpjs.another()}\tA\n" for _ in range(600)))

    done = command("clients", "c.csv", "--all-or-nothing")

    assert (done.exit_code, done.stdout) == (0, "600 imported, 0 registered already, 0 bad.\n")


def test_what_was_imported_before_the_database_failed_is_said(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c.csv").write_text("cnpj;name\n" + "".join(f"{cnpjs.another()};A\n" for _ in range(600)))
    transactions = iter([Database.write])
    written = Database.write

    async def write(database: Database, work: Work[object]) -> object:
        if next(transactions, None) is None:
            raise OSError
        return await written(database, work)

    monkeypatch.setattr(Database, "write", write)

    stopped = command("clients", "c.csv")

    assert stopped.exit_code == 1
    assert "500 clients were imported before. Import the file again to go on." in stopped.stderr


def test_a_draft_shows_holes_and_dearer_tiers_and_holes_are_not_published(command: Command, tmp_path: Path) -> None:
    asyncio.run(create_product(os.environ["DATABASE_URL"], "SPED"))
    columns = "produto;tipo;quantidade_minima;valor_mensal;adesao\n"
    (tmp_path / "p.csv").write_text(f"{columns}sped;Compra;5;1,00;0\nsped;Compra;9;2,00;0\n")
    (tmp_path / "q.csv").write_text(f"{columns}sped;Compra;1;1,00;0\n")
    name = "Pauta Épsilon (11222333000181)"
    runner = CliRunner()

    refused = command("prices", "p.csv")
    drafted = runner.invoke(app, ["import", "prices", "p.csv", "--table", name])
    published = runner.invoke(app, ["import", "prices", "q.csv", "--table", name.upper(), "--publish"])
    told = runner.invoke(app, ["import", "prices", "p.csv", "--table", name, "--language", "pt-BR"])
    tried = runner.invoke(app, ["import", "prices", "q.csv", "--table", name, "--dry-run", "--language", "pt-BR"])
    unknown = runner.invoke(app, ["import", "prices", "q.csv", "--table", "Pauta"])

    assert refused.exit_code == 1
    assert "quantidades abaixo de 5" in refused.stderr or "quantities below 5" in refused.stderr
    assert (drafted.exit_code, drafted.stdout) == (0, f"2 tiers drafted in {name}.\n")
    assert drafted.stderr.splitlines() == [
        "SPED (Purchase) has no price for quantities below 5; the draft can't be published without it.",
        "SPED (Purchase) is dearer from 9 on.",
    ]
    assert (published.exit_code, published.stdout) == (0, f"1 tier published in {name}.\n")
    assert told.stdout == f"2 faixas de preço no rascunho de {name}.\n"
    assert told.stderr.splitlines() == [
        "SPED (Compra) não tem preço para quantidades abaixo de 5; sem ele, o rascunho não pode ser publicado.",
        "SPED (Compra) fica mais caro a partir de 9 unidades.",
    ]
    assert tried.stdout == f"1 faixa de preço a importar para {name}. Nada foi alterado.\n"
    assert (unknown.exit_code, "There is no price table" in unknown.stderr) == (1, True)
    assert runner.invoke(app, ["import", "prices", "q.csv"]).exit_code == 2


async def create_product(url: str, code: str) -> None:
    database = Database(url)
    async with writing(database) as tx:
        await add_product(tx, code=code)
    await database.close()


def test_an_unknown_partner_and_a_missing_file_are_reported(command: Command, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("cnpj;name\n")
    unknown = CliRunner().invoke(app, ["import", "clients", "c.csv", "--partner", "Zeta"])

    assert unknown.exit_code == 1
    assert "Zeta" in unknown.stderr
    assert command("clients", "none.csv").exit_code == 2
    assert "it does not exist" in command("prices", "none.csv").stderr
    assert command("clients", str(tmp_path)).exit_code == 2


@pytest.mark.parametrize(
    ("name", "pt", "en"),
    [
        ("there/is/none.csv", "ele não existe", "it does not exist"),
        (".", "é uma pasta", "it is a folder"),
        ("c.csv/d.csv", "o caminho não é uma pasta", "its path is no folder"),
        ("x" * 300, "o nome é longo demais", "its name is too long"),
    ],
)
@pytest.mark.usefixtures("command")
def test_a_file_that_can_not_be_read_says_why(tmp_path: Path, name: str, pt: str, en: str) -> None:
    (tmp_path / "c.csv").write_text("cnpj;name\n")
    runner = CliRunner()

    for kind in ("clients", "products", "prices"):
        of = [] if kind == "products" else ["--partner", "11222333000181"]
        said = [runner.invoke(app, ["import", kind, name, *of, "--language", language]) for language in ("pt-BR", "en")]

        assert [each.exit_code for each in said] == [2, 2]
        assert f"O arquivo não pode ser lido: {pt}." in said[0].stderr
        assert f"The file can't be read: {en}." in said[1].stderr
