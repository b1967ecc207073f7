"""The first partner by API, as the documentation shows it: from an empty folder to the month's invoice."""

from pathlib import Path

from tests.databases import Databases
from tests.docs.pages import blocks, the_file
from tests.docs.shell import Shell
from tests.e2e.processes import free_port

PAGE = "docs/first-partner.md"
_SQLITE_URL = "sqlite:///./data/portal.db"


def test_the_first_partner_ends_with_the_months_invoice(
    engine: str, databases: Databases, run: Shell, tmp_path: Path
) -> None:
    script = "".join(block.text for block in blocks("sh", page=PAGE)).replace("8000", str(free_port()))
    if engine == "postgresql":
        assert _SQLITE_URL in script
        script = script.replace(_SQLITE_URL, databases.empty(engine).replace("+asyncpg", ""))
    (tmp_path / "first_partner.py").write_text(the_file("first_partner.py", PAGE), encoding="utf-8")
    (printed,) = (block.text for block in blocks("text", page=PAGE))

    # The page leaves its server running.
    done = run(f"trap 'kill $! && wait $!' EXIT\n{script}", tmp_path)

    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith(f"{printed}Nothing is wrong.\n")
