"""Drafts of files, and those that killed processes have left."""

import fcntl
import os
from pathlib import Path

import pytest

from db.engine import drafts
from tests.disks import read_only


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_a_draft_is_removed_with_its_logs(tmp_path: Path) -> None:
    with drafts.beside(tmp_path / "copy.db") as draft:
        for suffix in ("-wal", "-shm", "-journal"):
            Path(f"{draft}{suffix}").touch()
        mode = draft.stat().st_mode & 0o777

    assert mode == 0o600
    assert names(tmp_path) == set()


def test_drafts_that_a_killed_process_has_left_are_removed(tmp_path: Path) -> None:
    others = {".copy.db.20260131", ".copy.db.0123abcd.draft.csv", ".other.db.0123abcd.draft", ".copyxdb.0123abcd.draft"}
    for name in (*others, ".copy.db.0123abcd.draft", ".copy.db.0123abcd.draft-wal"):
        (tmp_path / name).touch()

    with drafts.beside(tmp_path / "copy.db") as draft:
        assert names(tmp_path) == {*others, draft.name}


def test_a_draft_that_is_being_made_stays(tmp_path: Path) -> None:
    with drafts.beside(tmp_path / "copy.db") as first:
        with drafts.beside(tmp_path / "copy.db") as second:
            assert names(tmp_path) == {first.name, second.name}
        with drafts.beside(tmp_path / "copy.db"):
            assert first.exists()


def test_a_folder_that_another_program_has_locked_takes_drafts(tmp_path: Path) -> None:
    (tmp_path / ".copy.db.0123abcd.draft").touch()
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        with drafts.beside(tmp_path / "copy.db") as draft:
            assert names(tmp_path) == {draft.name, ".copy.db.0123abcd.draft"}
    finally:
        os.close(folder)


def test_a_folder_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "copy.db").touch()

    with read_only(tmp_path / "copy.db"), pytest.raises(PermissionError), drafts.beside(tmp_path / "new.db"):
        pass
