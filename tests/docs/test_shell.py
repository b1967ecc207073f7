"""The commands of the documentation, run page by page as a reader types them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.docs.pages import ROOT, blocks
from tests.docs.shell import Shell
from tests.e2e.processes import free_port

TESTED_ELSEWHERE = {"docs/getting-started.md", "docs/first-day.md", "docs/first-partner.md"}
BACKUPS = {"sqlite": "docs/operate/sqlite.md", "postgresql": "docs/operate/postgresql.md"}
_MAKE = re.compile(r"^make (\w[\w-]*)((?: \w+=\S+)*)(?:\s+#.*)?$")
_POSTGRESQL_URL = "postgresql://portal:secret@127.0.0.1/portal"
_LATER = "portal create-product --code LATER --name Later --included-seats 1\n"
_SERVE = """portal serve --port {port} > log 2>&1 &
trap 'kill $! && wait $!' EXIT
until curl -s -f -o /dev/null http://127.0.0.1:{port}/readyz; do sleep 0.1; done
"""


def _scripts() -> dict[str, list[str]]:
    """Return the commands of each page, block by block, without those of make."""
    scripts: dict[str, list[str]] = {}
    for block in blocks("sh"):
        if not all(map(_MAKE.match, block.text.splitlines())):
            scripts.setdefault(block.page, []).append(block.text)
    return scripts


SCRIPTS = _scripts()


@pytest.mark.parametrize("page", sorted(SCRIPTS.keys() - TESTED_ELSEWHERE - set(BACKUPS.values())))
def test_the_commands_of_a_page_succeed(page: str, demo_data: Path, run: Shell, tmp_path: Path) -> None:
    shutil.copytree(demo_data, tmp_path / "data")
    script = "".join(SCRIPTS[page])
    port = free_port()
    if ":8000" in script:
        script = _SERVE.format(port=port) + script.replace(":8000", f":{port}")

    done = run(script.replace("8001", str(port)), tmp_path, DEMO="true")

    assert done.returncode == 0, done.stdout


def test_a_backup_restores_what_was_there(
    engine: str, databases: Databases, demo_data: Path, run: Shell, tmp_path: Path
) -> None:
    # A database of PostgreSQL is filled from it.
    shutil.copytree(demo_data, tmp_path / "data")
    *backup, restore = SCRIPTS[BACKUPS[engine]]
    script = "".join([*backup, _LATER, restore, _LATER])
    if engine == "postgresql":
        assert _POSTGRESQL_URL in script
        script = script.replace(_POSTGRESQL_URL, databases.empty(engine).replace("+asyncpg", ""))

    done = run(script, tmp_path, databases.programs())

    # The second product of the same code would be refused if the first one were still there.
    assert done.returncode == 0, done.stdout
    assert "Nothing is wrong.\n" in done.stdout


def test_make_knows_the_targets_that_the_documentation_names() -> None:
    lines = [line for block in blocks("sh") for line in block.text.splitlines()]
    targets = {match[1] for line in lines if (match := _MAKE.match(line))}

    for target in targets:
        command = [shutil.which("make") or "make", "--dry-run", "--silent", target]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    assert targets >= {"run", "test"}
