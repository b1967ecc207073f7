"""Files of the command line that are links, devices, pipes or folders."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.server.cli.test_backups import names, partner, rename_partner
from tests.server.conftest import Command

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def linked(demo_portal: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Command, Path, Path]:
    """`portal` whose database is a link to a file on another disk, the link, and the file."""
    database = Path(os.environ["DATABASE_URL"].removeprefix("sqlite+aiosqlite:///"))
    file, link = tmp_path / "disk/portal.db", tmp_path / "app/portal.db"
    for each in (file, link):
        each.parent.mkdir()
    database.rename(file)
    link.symlink_to("../disk/portal.db")
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{link}")
    return demo_portal, link, file


@on_sqlite
def test_a_database_is_restored_where_the_link_leads(linked: tuple[Command, Path, Path], tmp_path: Path) -> None:
    command, link, file = linked
    assert command("backup", "copy.db").exit_code == 0
    rename_partner(file, "Later")

    restored = command("restore", "copy.db", "--replace")

    assert restored.exit_code == 0, restored.output
    assert link.is_symlink()
    assert names(link.parent) == {link.name}
    (former,) = [each for each in file.parent.iterdir() if each != file]
    assert (former.is_symlink(), partner(former)) == (False, "Later")
    assert partner(file) == partner(tmp_path / "copy.db") != "Later"
    assert str(former) in restored.output


@on_sqlite
def test_a_backup_is_made_where_the_link_leads(demo_portal: Command, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "latest").symlink_to("kept/copy.db")

    made = demo_portal("backup", "latest")
    refused = demo_portal("backup", "latest")
    again = demo_portal("backup", "latest", "--replace")

    assert (made.exit_code, refused.exit_code, again.exit_code) == (0, 1, 0)
    assert (tmp_path / "latest").is_symlink()
    assert names(tmp_path / "kept") == {"copy.db"}
    assert partner(tmp_path / "kept/copy.db")


@on_sqlite
def test_no_backup_takes_the_place_of_what_is_no_file(demo_portal: Command, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()

    pipe, folder, here = (demo_portal("backup", name, "--replace") for name in ("pipe", "folder", "."))

    assert "pipe can't be used: It is no regular file." in pipe.stderr
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert folder.stderr == "folder is a folder. Name a file.\n"
    assert here.stderr == ". is a folder. Name a file.\n"
    assert {pipe.exit_code, folder.exit_code, here.exit_code} == {1}


@on_sqlite
def test_a_database_is_made_where_the_link_leads(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "new.db").symlink_to("disk/new.db")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new.db")

    made = command("migrate")

    assert made.exit_code == 0, made.output
    assert (tmp_path / "new.db").is_symlink()
    with closing(sqlite3.connect(tmp_path / "disk/new.db")) as opened:
        assert opened.execute("SELECT count(*) FROM partners").fetchone() == (0,)


def test_no_cursor_takes_the_place_of_what_is_no_file(command: Command, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    refused = command("events", "follow", "--token", "x", "--url", "http://127.0.0.1:1", "--state", "pipe")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "pipe: It is no regular file." in refused.stderr
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
