"""The Python of the documentation compiles, and its scripts do what is said of them."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import cnpjs
from tests.docs.conftest import Demo
from tests.docs.pages import Block, blocks, the_file

PAGE = "docs/guides/scripts.md"
EXPORTS_PAGE = "docs/guides/exports.md"


def _run(
    name: str, *arguments: str, demo: Demo, folder: Path, page: str = PAGE, token: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a script of the page, with the manager's token or another one."""
    (folder / name).write_text(the_file(name, page), encoding="utf-8")
    environment = {**os.environ, "PORTAL": demo.url, "TOKEN": token or demo.token, "PYTHONIOENCODING": "utf-8"}
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


@pytest.mark.parametrize(
    "script", [block for block in blocks("python") if block.page == PAGE], ids=lambda block: f"{block.line}"
)
def test_each_script_of_the_page_reads_the_portals_address(script: Block) -> None:
    assert 'os.environ.get("PORTAL", "http://127.0.0.1:8000")' in script.text


def test_the_script_that_exports_saves_the_whole_list(demo: Demo, tmp_path: Path) -> None:
    done = _run("export.py", "clients.jsonl", demo=demo, folder=tmp_path, page=EXPORTS_PAGE)

    *rows, last = (tmp_path / "clients.jsonl").read_text(encoding="utf-8").splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(last) == {"rowCount": len(rows)}
    assert len(rows) > 0


@pytest.mark.parametrize(
    ("page", "name", "permission", "reason"),
    [
        (EXPORTS_PAGE, "export.py", "CLIENTS_READ", "Este token não permite exportar listas."),
        (EXPORTS_PAGE, "export.py", "EXPORTS_CREATE", "Este token não permite consultar clientes."),
        (PAGE, "poll.py", "CLIENTS_READ", "Este token não permite consultar o histórico."),
    ],
)
def test_a_script_without_a_permission_says_why_it_ends(  # noqa: PLR0917 — what differs has names.
    demo: Demo, tmp_path: Path, page: str, name: str, permission: str, reason: str
) -> None:
    token = demo.command("create-token", "--email", "gerente@alfa.example", "--permissions", permission).strip()

    done = _run(name, "clients.jsonl", demo=demo, folder=tmp_path, page=page, token=token)

    assert (done.returncode, done.stderr) == (1, f"{reason}\n")
