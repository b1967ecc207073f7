"""The Python of the documentation compiles, and its scripts do what is said of them."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import cnpjs
from tests.docs.conftest import Demo
from tests.docs.pages import Block, blocks, the_file

PAGE = "docs/guides/scripts.md"


def _run(name: str, *arguments: str, demo: Demo, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script of the page."""
    (folder / name).write_text(the_file(name, PAGE), encoding="utf-8")
    environment = {**os.environ, "PORTAL": demo.url, "TOKEN": demo.token, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, name, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, encoding="utf-8")


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: f"{block.page}:{block.line}")
def test_a_python_block_compiles(block: Block) -> None:
    compile(block.text, block.page, "exec")


def test_the_script_that_registers_a_client_does_it_once(demo: Demo, tmp_path: Path) -> None:
    cnpj = cnpjs.another()
    done = [_run("register.py", cnpj, cnpj, "Mercado Sol", demo=demo, folder=tmp_path) for _ in range(2)]
    other = _run("register.py", "other", cnpj, "Mercado Sol", demo=demo, folder=tmp_path)

    assert [each.returncode for each in done] == [0, 0], done[0].stderr
    assert done[0].stdout == done[1].stdout != ""
    assert (other.returncode, other.stderr.split()[0]) == (1, "CNPJ_ALREADY_REGISTERED")


def test_the_script_that_lists_clients_prints_all_of_them(demo: Demo, tmp_path: Path) -> None:
    query = "{ clients(filter: { status: [ACTIVE] }) { totalCount } }"

    done = _run("clients.py", demo=demo, folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert len(list(csv.reader(io.StringIO(done.stdout)))) == demo.ask(query)["data"]["clients"]["totalCount"] > 0
