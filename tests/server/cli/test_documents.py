"""`portal documents`, called as an operator calls it, on each engine."""

import asyncio
import json
import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from db.engine import Database
from resolvers import documents
from tests.server.conftest import Command
from tests.units import execute, writing

EXAMPLE = Path(__file__).parents[3] / "examples" / "persisted-documents.json"
ROLE = "query Role { viewer { role } }"


def manifest(directory: Path, texts: object) -> str:
    file = directory / "manifest.json"
    file.write_text(json.dumps(texts))
    return str(file)


def listed(command: Command) -> list[list[str]]:
    return [line.split("\t") for line in command("documents", "list").stdout.splitlines()]


def test_the_example_is_registered_once(command: Command) -> None:
    count = len(json.loads(EXAMPLE.read_text()))

    first, again = (command("documents", "register", str(EXAMPLE)) for _ in range(2))

    assert first.stdout == f"{count} registered, 0 registered already.\n", first.output
    assert again.stdout == f"0 registered, {count} registered already.\n"
    assert {line[3] for line in listed(command)} == {"valid"}


def test_documents_are_listed_with_their_operations_and_removed(command: Command, tmp_path: Path) -> None:
    texts = {"a": ROLE, "b": "{ viewer { role } }", "c": "query C { __typename } query D { __typename }"}
    command("documents", "register", manifest(tmp_path, texts))

    removed = command("documents", "remove", "b")

    assert removed.stdout == "1 removed.\n"
    assert [(line[0], line[1], line[3]) for line in listed(command)] == [("a", "Role", "valid"), ("c", "C, D", "valid")]


def test_nothing_is_registered_where_one_is_bad_and_each_is_named(command: Command, tmp_path: Path) -> None:
    deep = "{ activation(id: 0) " + "{ movedTo " * 20 + "{ id }" + " }" * 20 + " }"
    bad = {
        "unknown": "{ nothing }",
        "cut": "{ viewer {",
        "empty": "{ viewer {} }",
        "deep": deep,
        "\x1b[2J": ROLE,
        f"sha256:{'0' * 64}": ROLE,
    }

    refused = command("documents", "register", manifest(tmp_path, {"good": ROLE} | bad))

    assert refused.exit_code == 1
    assert "\x1b" not in refused.stderr
    lines = [line for line in refused.stderr.splitlines() if line.startswith(("unknown", "cut", "empty", "d"))]
    assert dict(line.split(": ", 1) for line in lines) == {
        "unknown": "Cannot query field 'nothing' on type 'Query' (at 1:3).",
        "cut": "Syntax Error: Expected Name, found <EOF> (at 1:11).",
        "empty": "Syntax Error: Expected Name, found '}' (at 1:11).",
        "deep": "An operation can nest its fields at most 20 deep (at 1:1).",
    }
    assert "'\\x1b[2J': an id is" in refused.stderr
    assert f"sha256:{'0' * 64}: the SHA-256 of the text is another one" in refused.stderr
    assert refused.stderr.endswith("Nothing was registered.\n")
    assert listed(command) == []


def test_an_id_keeps_its_text(command: Command, tmp_path: Path) -> None:
    command("documents", "register", manifest(tmp_path, {"a": ROLE}))

    refused = command("documents", "register", manifest(tmp_path, {"a": "{ viewer { role } }", "b": ROLE}))

    assert refused.exit_code == 1
    assert refused.stderr == "a: it is registered already, with another text.\nNothing was registered.\n"
    assert [line[0] for line in listed(command)] == ["a"]


def test_nothing_is_removed_where_one_is_unknown(command: Command, tmp_path: Path) -> None:
    command("documents", "register", manifest(tmp_path, {"a": ROLE}))

    refused = command("documents", "remove", "a", "b")

    assert (refused.exit_code, len(listed(command))) == (1, 1)
    assert refused.stderr == "b: no document is registered under this id.\nNothing was removed.\n"


@pytest.mark.parametrize("limit", ["DOCUMENTS_MAX", "CHARACTERS_MAX"])
def test_no_more_are_registered_than_a_server_can_hold(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(documents, limit, 1)

    refused = command("documents", "register", manifest(tmp_path, {"a": ROLE, "b": ROLE}))

    assert (refused.exit_code, listed(command)) == (1, [])
    assert "at most 1" in refused.stderr


def test_a_document_that_the_schema_no_longer_knows_is_listed_as_such(command: Command, tmp_path: Path) -> None:
    command("documents", "register", manifest(tmp_path, {"a": ROLE}))
    asyncio.run(_run(os.environ["DATABASE_URL"], "UPDATE trusted_documents SET text = '{ gone }'"))

    assert [line[3] for line in listed(command)] == [
        "Cannot query field 'gone' on type 'Query'. Did you mean 'node'? (at 1:3)"
    ]


async def _run(url: str, statement: str) -> None:
    database = Database(url)
    async with writing(database) as tx:
        await execute(tx, sa.text(statement))
    await database.close()


def test_a_missing_file_or_invalid_manifest_is_a_usage_error(command: Command, tmp_path: Path) -> None:
    assert command("documents", "register", manifest(tmp_path, [])).exit_code == 2
    assert command("documents", "register", str(tmp_path / "none.json")).exit_code == 1
    assert command("documents", "remove").exit_code == 2


def test_many_errors_are_reported_by_their_number(command: Command, tmp_path: Path) -> None:
    refused = command("documents", "register", manifest(tmp_path, {f"d{n}": "{ nothing }" for n in range(60)}))

    assert "And 10 more like these." in refused.stderr
