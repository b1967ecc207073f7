"""Report of bad rows that an import of the command line writes, on each engine."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from typer.testing import Result

from db.engine import storage
from tests import cnpjs

Command = Callable[..., Result]


@pytest.fixture
def command(command: Command) -> Command:
    """`portal import clients`, for a partner in a database of its own."""
    command("create-partner", "--name", "Épsilon", "--cnpj", "11222333000181")

    def call(*arguments: str) -> Result:
        return command("import", "clients", *arguments, "--partner", "11.222.333/0001-81")

    return call


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("portal.db"))


def test_a_mended_report_may_be_its_own_report(command: Command, tmp_path: Path) -> None:
    number, other = cnpjs.another(), cnpjs.another()
    report = tmp_path / "bad.csv"
    (tmp_path / "c.csv").write_text(f"CNPJ;Nome;UF\n{number};Bar;XX\n{other};Sol;YY\n")
    command("c.csv", "--report", "bad.csv")
    report.write_text(report.read_text(encoding="utf-8").replace(";XX", ";SP"), encoding="utf-8")
    report.chmod(0o640)

    done = command("bad.csv", "--report", "bad.csv")

    assert (done.exit_code, done.stdout) == (1, "1 imported, 0 registered already, 1 bad.\n")
    header, row = report.read_text(encoding="utf-8-sig").splitlines()
    assert header == "reason;CNPJ;Nome;UF"
    assert row.endswith(f";{other};Sol;YY")
    assert stat.S_IMODE(report.stat().st_mode) == 0o640
    assert names(tmp_path) == ["bad.csv", "c.csv"]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["{}", "{}-wal", "{}-rates", "secret.key", "link"])
def test_a_report_does_not_replace_the_database(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("SECRET_KEY")
    database = Path(str(make_url(os.environ["DATABASE_URL"]).database))
    (database.parent / "link").unlink(missing_ok=True)
    (database.parent / "link").symlink_to(database)
    (database.parent / "secret.key").write_text("s" * 32)
    (tmp_path / "c.csv").write_text(f"CNPJ;Nome\n{cnpjs.another()};Bar\n")

    done = command("c.csv", "--report", str(database.parent / name.format(database.name)))

    assert (done.exit_code, "can't replace the database or its secret" in done.stderr) == (2, True), done.output
    assert storage.is_database(database)


@pytest.mark.parametrize("option", ["--dry-run", "--all-or-nothing"])
def test_a_report_does_not_replace_rows_that_are_not_imported(command: Command, tmp_path: Path, option: str) -> None:
    content = f"CNPJ;Nome\n{cnpjs.another()};Bar\n1;Sol\n"
    file = tmp_path / "c.csv"
    file.write_text(content)
    (tmp_path / "link.csv").symlink_to(file)

    done = command("c.csv", "--report", "link.csv", option)

    assert done.exit_code == 2
    assert "Give the report another name." in done.stderr
    assert file.read_text() == content


def test_a_report_of_an_import_of_all_or_nothing_is_whole(command: Command, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(f"CNPJ;Nome\n1;A\n{cnpjs.another()};B\n2;C\n")

    done = command("c.csv", "--all-or-nothing", "--report", "bad.csv")

    assert done.exit_code == 1
    assert len((tmp_path / "bad.csv").read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/dev/full", "the disk is full"),
        ("none/bad.csv", "its folder does not exist"),
        ("c.csv/bad.csv", "its path is no folder"),
        (".", "it is a folder"),
    ],
)
def test_a_report_that_can_not_be_written_ends_before_the_import(
    command: Command, tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "c.csv").write_text(f"CNPJ;Nome\n{cnpjs.another()};Bar\n")

    failed = command("c.csv", "--report", name)
    done = command("c.csv")

    assert (failed.exit_code, failed.stderr) == (2, f"The report {name} can't be written: {reason}.\n")
    assert done.stdout == "1 imported, 0 registered already, 0 bad.\n"


def test_a_report_that_fails_later_names_its_file(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c.csv").write_text(f"CNPJ;Nome\n1;Bar\n{cnpjs.another()};Sol\n")
    (tmp_path / "bad.csv").write_text("before")

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", full)

    failed = command("c.csv", "--report", "bad.csv", "--language", "pt-BR")

    assert failed.exit_code == 2
    assert "O relatório bad.csv não pode ser gravado: o disco está cheio." in failed.stderr
    assert "1 cliente já importado." in failed.stderr
    assert (tmp_path / "bad.csv").read_text() == "before"
    assert names(tmp_path) == ["bad.csv", "c.csv"]


def test_a_report_may_be_a_pipe(command: Command, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("CNPJ;Nome\n1;Bar\n")
    reading, writing = os.pipe()

    done = command("c.csv", "--report", f"/dev/fd/{writing}")
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8-sig") as pipe:
        header, row = pipe.read().splitlines()

    assert done.exit_code == 1
    assert header == "reason;CNPJ;Nome"
    assert row.endswith(";1;Bar")


def test_a_link_to_a_report_stays_a_link(command: Command, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("CNPJ;Nome\n1;Bar\n")
    (tmp_path / "kept").mkdir()
    (tmp_path / "bad.csv").symlink_to("kept/bad.csv")

    command("c.csv", "--report", "bad.csv")

    assert (tmp_path / "bad.csv").is_symlink()
    assert (tmp_path / "kept/bad.csv").read_text(encoding="utf-8").endswith(";1;Bar\n")
