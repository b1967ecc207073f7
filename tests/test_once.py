"""What the processes of a run share is made once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pytest

from tests import once
from tests.databases import PostgreSQL


def test_what_several_need_at_once_is_made_once(tmp_path: Path) -> None:
    folders: list[Path] = []
    second = Barrier(2)

    def make(folder: Path) -> None:
        folders.append(folder)
        # A second one would come meanwhile.
        with suppress(BrokenBarrierError):
            second.wait(0.3)
        (folder / "file").write_text("whole", encoding="ascii")

    def read() -> str:
        return (once.made("thing", make, within=tmp_path) / "file").read_text(encoding="ascii")

    with ThreadPoolExecutor(8) as threads:
        found = [each.result() for each in [threads.submit(read) for _ in range(8)]]

    assert found == ["whole"] * 8
    assert len(folders) == 1


def test_what_could_not_be_made_is_made_again(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        once.made("thing", fail, within=tmp_path)
    found = once.made("thing", lambda folder: (folder / "whole").touch(), within=tmp_path)

    assert [each.name for each in found.iterdir()] == ["whole"]


def test_a_database_that_could_not_be_filled_is_made_again(postgresql_server: PostgreSQL) -> None:
    def fail(_url: str) -> None:
        raise ZeroDivisionError

    filled: list[str] = []

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            postgresql_server.made("mended", fail)
    found = [postgresql_server.made("mended", filled.append) for _ in range(2)]

    assert filled == found[:1]
    assert found[0] == found[1]
