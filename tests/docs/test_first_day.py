"""The first day in production, as the documentation shows it: from an empty folder to an activated license."""

import re
from pathlib import Path

from tests.databases import Databases
from tests.docs.pages import blocks
from tests.docs.shell import Shell
from tests.e2e.processes import free_port

_CODE = re.compile(r"^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$", re.MULTILINE)
_SQLITE_URL = "sqlite:///./data/portal.db"


def test_the_first_day_ends_with_an_activated_license(
    engine: str, databases: Databases, run: Shell, tmp_path: Path
) -> None:
    script = "".join(block.text for block in blocks("sh", page="docs/first-day.md")).replace("8000", str(free_port()))
    if engine == "postgresql":
        assert _SQLITE_URL in script
        script = script.replace(_SQLITE_URL, databases.empty(engine).replace("+asyncpg", ""))

    # The page leaves its server running.
    done = run(f"trap 'kill $! && wait $!' EXIT\n{script}", tmp_path)

    assert done.returncode == 0, done.stdout
    assert len(_CODE.findall(done.stdout)) == 1
    assert "\nFinalizado\n" in done.stdout
    assert done.stdout.endswith("ana@alfa.example\tAna Prado\tMANAGER\tactive\nNothing is wrong.\n")
    made = [(each.name, each.stat().st_mode & 0o777) for each in tmp_path.glob("data/portal.db")]
    assert made == ([("portal.db", 0o600)] if engine == "sqlite" else [])
