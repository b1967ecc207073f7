"""The command line, called as an operator calls it, on each engine."""

import asyncio
import gc
import importlib
import os
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex

import pytest
import sqlalchemy as sa

from db import users
from db.engine import Database
from domain.access import API_TOKENS_MAX
from domain.timestamps import utc_now
from tests.databases import Databases
from tests.factories import add_token
from tests.server.conftest import Command
from tests.units import execute, writing

EXAMPLES = Path(__file__).parents[3] / "examples"
PARTNER = "Alfa Automação Comercial Ltda"


def test_the_demo_data_is_right_to_the_last_counter_and_made_once(command: Command) -> None:
    made = command("demo")

    assert made.exit_code == 0, made.output
    assert command("doctor").output == "Nothing is wrong.\n"
    assert command("demo").exit_code == 1
    assert command("demo", "--if-empty").exit_code == 0


def test_demo_data_is_refused_outside_demo_mode(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO", "false")

    refused = command("demo")

    assert refused.exit_code == 2
    assert "DEMO=true" in refused.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("create-partner", "--name", "Delta", "--cnpj", "11.222.333/0001-81"),
        ("create-token", "--email", "gerente@alfa.example", "--permissions", "all"),
        ("reset-second-factor", "--email", "gerente@alfa.example"),
        ("import", "clients", str(EXAMPLES / "clientes.csv"), "--partner", PARTNER),
        ("rotate-secret",),
        ("serve", "--port", "0"),
    ],
)
def test_nothing_is_stored_with_a_secret_that_can_be_guessed(
    command: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DEMO", "false")

    refused = command(*arguments)

    assert refused.exit_code == 2
    assert refused.stderr.startswith("SECRET_KEY: it is easy to guess. Make another one with: ")


def test_with_a_secret_that_can_be_guessed_an_operator_still_looks(
    demo_portal: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO", "false")

    looked = [
        demo_portal(*arguments)
        for arguments in (
            ("users",),
            ("tokens",),
            ("documents", "list"),
            ("erase-check", "Este nome não existe"),
            ("migrate",),
        )
    ]

    examined = demo_portal("doctor")
    assert [each.exit_code for each in looked] == [0] * 5, [each.output for each in looked]
    assert examined.exit_code == 1
    assert "secrets: SECRET_KEY: it is easy to guess." in examined.output
    assert "\n1 finding.\n" in examined.output


def test_a_secret_that_can_be_guessed_is_replaced(demo_portal: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO", "false")
    monkeypatch.setenv("SECRET_KEY_PREVIOUS", "s" * 32)
    monkeypatch.setenv("SECRET_KEY", token_hex(32))

    rotated, examined = demo_portal("rotate-secret"), demo_portal("doctor")

    assert (rotated.exit_code, examined.exit_code) == (0, 0), rotated.output + examined.output


def test_a_partner_a_user_and_a_token_are_made(command: Command) -> None:
    partner = command("create-partner", "--name", "Delta", "--cnpj", "11.222.333/0001-81")
    options = ("--partner", "Delta", "--email", "ana@delta.example", "--name", "Ana", "--role", "MANAGER")
    user = command("create-user", *options, "--password-stdin", typed="uma senha longa\n")
    token = command("create-token", "--email", "ana@delta.example", "--permissions", "CLIENTS_READ,ORDERS_READ")

    assert (partner.exit_code, user.exit_code, token.exit_code) == (0, 0, 0), partner.output + user.output
    assert token.stdout.startswith("ppt_")
    assert len(token.stdout.splitlines()) == 1


def test_a_sentence_has_one_full_stop_behind_a_name_with_one(command: Command) -> None:
    options = ("--name", "Delta S.A.", "--cnpj", "11222333000181", "--price-table", "Pauta Delta S.A.")

    made = command("create-partner", *options)

    assert made.stdout == "Created the partner Delta S.A. with the price table Pauta Delta S.A.\n"


async def _give_tokens(url: str, number: int) -> None:
    database = Database(url)
    async with writing(database) as tx:
        user = await users.credentials(tx, "gerente@alfa.example")
        assert user is not None
        for _ in range(number):
            await add_token(tx, user.partner_id, user.user_id, at=utc_now())
    await database.close()


def test_an_operator_makes_no_more_than_a_hundred_tokens_of_a_partner(demo_portal: Command) -> None:
    asyncio.run(_give_tokens(os.environ["DATABASE_URL"], API_TOKENS_MAX - 1))
    arguments = ("create-token", "--email", "gerente@alfa.example", "--permissions", "all")

    last, refused = demo_portal(*arguments), demo_portal(*arguments)

    assert last.exit_code == 0
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "100" in refused.stderr


def test_what_an_operator_gets_wrong_is_said_in_a_sentence(command: Command) -> None:
    command("create-partner", "--name", "Delta", "--cnpj", "11222333000181")

    assert command("create-partner", "--name", "Delta", "--cnpj", "11222333000181").exit_code != 0
    assert command("create-partner", "--name", "Delta", "--cnpj", "11222333000182").exit_code == 2
    assert command("create-token", "--email", "unknown@delta.example", "--permissions", "all").exit_code != 0
    assert command("create-token", "--email", "unknown@delta.example", "--permissions", "EVERYTHING").exit_code == 2
    options = ("--partner", "Delta", "--email", "ana@delta.example", "--name", "Ana", "--role", "MANAGER")
    assert command("create-user", *options, "--password-stdin", typed="short\n").exit_code != 0


@pytest.mark.parametrize(
    ("typed", "said"), [("\u200b", "Give “--"), ("Del\u202eta", "U+202E"), ("Del\nta", "one line")]
)
def test_a_name_that_can_not_be_read_is_refused_by_every_command(command: Command, typed: str, said: str) -> None:
    command("create-partner", "--name", "Del\u200bta", "--cnpj", "\u202d11222333000181\u202c")
    user = ("create-user", "--partner", "Delta", "--role", "MANAGER", "--password-stdin")
    names = [
        ("create-partner", "--name", typed, "--cnpj", "16727230000197"),
        ("create-partner", "--name", "Gama", "--cnpj", "16727230000197", "--price-table", typed),
        (*user, "--email", "ana@delta.example", "--name", typed),
    ]

    for arguments in names:
        refused = command(*arguments, typed="uma senha longa\n")

        assert refused.exit_code == 2
        assert said in refused.output
    hidden = command(*user, "--email", "ana\u200b@delta.example", "--name", "Ana", typed="uma senha longa\n")
    assert (hidden.exit_code, "U+200B" in hidden.output) == (2, True)
    assert command(*user, "--email", "ana@delta.example", "--name", "Ana", typed="uma senha longa\n").exit_code == 0
    token = ("create-token", "--email", "ana@delta.example", "--permissions", "all", "--name", typed)
    assert said in command(*token).output


def test_clients_are_imported_and_bad_rows_printed_with_line_and_reason(demo_portal: Command) -> None:
    file = str(EXAMPLES / "clientes.csv")

    first = demo_portal("import", "clients", file, "--partner", PARTNER)
    again = demo_portal("import", "clients", file, "--partner", PARTNER)

    assert first.exit_code == again.exit_code == 1
    assert first.stdout.endswith("4 imported, 0 registered already, 3 bad.\n")
    assert [line.split(":")[0] for line in first.stderr.splitlines()] == ["line 5", "line 6", "line 8"]
    assert "rounded" in first.stderr
    assert again.stdout.endswith("0 imported, 4 registered already, 3 bad.\n")
    assert demo_portal("doctor").exit_code == 0


def test_all_or_nothing_imports_nothing_if_a_row_is_bad(demo_portal: Command) -> None:
    file = str(EXAMPLES / "clientes.csv")

    refused = demo_portal("import", "clients", file, "--partner", PARTNER, "--all-or-nothing")

    assert refused.stdout.endswith("0 imported, 0 registered already, 3 bad.\n")
    assert "4 imported" in demo_portal("import", "clients", file, "--partner", PARTNER).stdout


@pytest.mark.parametrize("content", ["", "nada;outro\n1;2\n"])
def test_a_file_without_the_columns_is_refused(demo_portal: Command, tmp_path: Path, content: str) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text(content)

    for kind in ("clients", "prices"):
        refused = demo_portal("import", kind, str(file), "--partner", PARTNER)

        assert refused.exit_code == 2
        assert "line" in refused.output
    assert demo_portal("import", "clients", str(tmp_path / "none.csv"), "--partner", PARTNER).exit_code == 2


def test_prices_are_imported_all_or_none(demo_portal: Command, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    header, *lines = (EXAMPLES / "precos.csv").read_text().splitlines()
    bad = ["NADA;Compra;1;1,00;1,00;0", "SPED;Troca;1;1,00;1,00;0", "SPED;Compra;0;1,00;1,00;0", lines[0]]
    bad += ["SPED;Compra;7;um;1,00;0", "SPED;Compra;8;1,00;1,00;-1"]
    wrong.write_text("\n".join([header, lines[0], *bad]))

    refused = demo_portal("import", "prices", str(wrong), "--partner", PARTNER)
    done = demo_portal("import", "prices", str(EXAMPLES / "precos.csv"), "--partner", PARTNER)

    assert refused.exit_code == 1
    assert [line.split(":")[0] for line in refused.stderr.splitlines()[:-1]] == [f"line {n}" for n in range(3, 9)]
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{len(lines)} tiers published in Pauta Preço Ouro.\n"


DAMAGES = {
    "UPDATE license_stock SET purchased = purchased + 1": "stock and ledger",
    "UPDATE orders SET monthly_total = monthly_total + 1": "order totals",
    "UPDATE partner_counters SET event_number = event_number + 1": "numbers",
    "UPDATE clients SET city = 'Recife' WHERE status = 'CANCELLED'": "cancelled clients",
    "UPDATE activations SET client_name_folded = 'x' WHERE status = 'ACTIVE'": "sort keys",
    "UPDATE clients SET names_folded = 'x' WHERE status = 'ACTIVE'": "search keys",
    "DELETE FROM stock_movements WHERE activation_id IS NOT NULL": "activations and ledger",
    "DELETE FROM stock_movements WHERE order_id IS NOT NULL": "orders and ledger",
    "UPDATE orders SET created_by_id = (SELECT id FROM users WHERE email = 'gerente@beta.example')": "references",
}


async def _run(url: str, statement: str) -> None:
    database = Database(url)
    async with writing(database) as tx:
        await execute(tx, sa.text(statement))
    await database.close()


@pytest.mark.parametrize(("damage", "found"), DAMAGES.items())
def test_the_doctor_finds_what_is_damaged(demo_portal: Command, damage: str, found: str) -> None:
    asyncio.run(_run(os.environ["DATABASE_URL"], damage))

    findings = demo_portal("doctor")

    assert findings.exit_code == 1
    assert any(line.startswith(f"{found}: partner ") for line in findings.stdout.splitlines())


def test_the_doctor_says_where_a_database_is_not_migrated(
    command: Command, engine: str, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", databases.empty(engine))

    assert command("doctor").exit_code == 1
    assert command("demo").exit_code == 1
    assert command("migrate").exit_code == 0
    assert command("doctor").exit_code == 0


def test_garbage_is_collected_again_after_the_program_has_imported_all() -> None:
    importlib.import_module("server.__main__")

    assert gc.isenabled()


def test_the_version_is_the_package_s(command: Command) -> None:
    printed = command("--version")

    assert (printed.exit_code, printed.stdout) == (0, f"portal {version('portal-do-parceiro')}\n")


def test_the_messages_are_exported(command: Command, tmp_path: Path) -> None:
    assert command("export-messages", "--output", "messages.md").exit_code == 0

    exported = (tmp_path / "messages.md").read_text(encoding="utf-8")
    assert exported == (Path(__file__).parents[3] / "docs" / "messages.md").read_text(encoding="utf-8")
    assert command("export-messages", "--output", "-").stdout == exported
    assert command("export-messages", "--output", "none/messages.md").exit_code == 1


def test_the_schema_is_exported(command: Command, tmp_path: Path) -> None:
    assert command("export-schema").exit_code == 0

    exported = (tmp_path / "schema.graphql").read_text()
    assert exported == (Path(__file__).parents[3] / "schema.graphql").read_text()


def test_what_is_exported_replaces_no_database(command: Command, tmp_path: Path) -> None:
    (tmp_path / "other.db").write_bytes(b"SQLite format 3\0 and more")

    for name in ("export-schema", "export-messages"):
        done = command(name, "--output", "other.db")

        assert (done.exit_code, "is a SQLite database, and was not changed" in done.stderr) == (1, True)
    assert (tmp_path / "other.db").read_bytes().endswith(b"and more")
