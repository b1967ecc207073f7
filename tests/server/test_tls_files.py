"""Files of TLS that DATABASE_URL needs are looked at before the first connection, with a sentence for each mistake."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli import app
from tests.certificates import Certificate, certificate

COMMANDS = ("serve --port 0", "users", "doctor", "migrate", "migrate --check")
PAIR = "it has no certificate in PEM format, or the key is not its own"
NO_SERVER = "postgresql://portal@127.0.0.1:1/portal?sslmode="


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DEMO", "true")
    monkeypatch.setenv("SECRET_KEY", "s" * 32)
    monkeypatch.setenv("DATABASE_URL", f"{NO_SERVER}verify-full")
    for name in ("PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGSSLCRL", "PGSSLMODE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def made() -> Certificate:
    return certificate("portal.example")


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, made: Certificate) -> Path:
    """Folder with usable files of TLS, which the environment names."""
    contents = {"PGSSLROOTCERT": made.pem.encode(), "PGSSLCERT": made.pem.encode(), "PGSSLKEY": made.key}
    for name, content in contents.items():
        (tmp_path / f"{name}.pem").write_bytes(content)
        monkeypatch.setenv(name, str(tmp_path / f"{name}.pem"))
    return tmp_path


def refused(arguments: Sequence[str]) -> str:
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == 1
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca"])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_root_certificate_is_said_by_every_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, mode: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{NO_SERVER}{mode}")

    assert refused(command.split()) == (
        f"DATABASE_URL asks for sslmode={mode}, and there is no root certificate to verify PostgreSQL's with. Let "
        f"PGSSLROOTCERT name the file that has it, or put it at {tmp_path}/.postgresql/root.crt."
    )


@pytest.mark.parametrize(
    ("variable", "content", "reason"),
    [
        ("PGSSLROOTCERT", None, "No such file or directory"),
        ("PGSSLROOTCERT", b"secret", "it has no certificate in PEM format"),
        ("PGSSLCRL", None, "No such file or directory"),
        ("PGSSLCERT", None, "No such file or directory"),
        ("PGSSLCERT", b"secret", PAIR),
        ("PGSSLKEY", None, "No such file or directory"),
        ("PGSSLKEY", b"secret", PAIR),
    ],
)
def test_an_unusable_file_is_named(
    monkeypatch: pytest.MonkeyPatch, files: Path, variable: str, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (files / "wrong.pem").write_bytes(content)
    monkeypatch.setenv(variable, str(files / "wrong.pem"))

    said = refused(["users"])

    assert "wrong.pem" in said or reason == PAIR
    assert f"can't be used: {reason}" in said
    assert "secret" not in said


def test_a_folder_in_the_place_of_a_certificate_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", str(tmp_path))

    assert f"{tmp_path}, can't be used: Is a directory." in refused(["users"])


def test_a_replica_without_a_root_certificate_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{NO_SERVER}disable")
    monkeypatch.setenv("DATABASE_READ_URL", f"{NO_SERVER}verify-ca")

    assert "sslmode=verify-ca" in refused(["serve", "--port", "0"])


@pytest.mark.parametrize("mode", ["disable", "prefer", "require", "verify-full"])
def test_files_that_are_right_or_not_needed_are_no_mistake(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, made: Certificate, mode: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{NO_SERVER}{mode}")
    if mode == "verify-full":
        (tmp_path / ".postgresql").mkdir()
        (tmp_path / ".postgresql" / "root.crt").write_text(made.pem)

    assert refused(["users"]).startswith("PostgreSQL can't be reached at 127.0.0.1:1")
