"""Settings with blanks around them or other bytes than UTF-8, and names of settings in sentences."""

import os
from pathlib import Path

import pytest

from server.setting_values import SettingsError
from server.settings import Settings


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Environment that sets nothing."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_values_are_read_without_blanks_around_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "DATABASE_URL": " sqlite:///data/portal.db\r",
        "PORT": "8080\r",
        "LOG_FORMAT": "json\r",
        "DEMO": "true ",
        "SECRET_KEY": f"{'s' * 32}\r",
        "MAIL_FROM": "\tportal@moderniza.example",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    found = Settings.load()

    assert (found.database_url, found.port) == ("sqlite+aiosqlite:///data/portal.db", 8080)
    assert (found.log_format, found.demo, found.mail_from) == ("json", True, "portal@moderniza.example")
    assert found.secret() == f"{'s' * 32}\r".encode()


def test_what_e_mails_need_is_named_as_the_variables_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_URL", "smtp://mail.example")

    with pytest.raises(SettingsError, match=r"^SMTP_URL: MAIL_FROM and PORTAL_URL must be set too$"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", b"\xff\xfe" + b"0123456789abcdef" * 2),
        ("SECRET_KEY_PREVIOUS", b"\xff\xfe" + b"0123456789abcdef" * 2),
        ("HOST", b"\xff"),
        ("PORT", b"80\xff"),
        ("DATABASE_URL", b"sqlite:////tmp/\xff.db"),
        ("DATABASE_READ_URL", b"postgresql://replica\xff/portal"),
        ("CORS_ORIGINS", b"https://\xff.example"),
        ("LOG_LEVEL", b"INFO\xff"),
        ("MAIL_FROM", b"p\xff@moderniza.example"),
    ],
)
def test_a_setting_that_is_not_utf_8_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: bytes) -> None:
    monkeypatch.setenv(name, os.fsdecode(value))

    with pytest.raises(SettingsError, match=rf"^{name}: it has bytes that are not UTF-8$"):
        Settings.load()


def test_every_setting_is_refused_unless_it_is_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "\udcff")

    with pytest.raises(SettingsError) as refused:
        Settings.load()

    assert str(refused.value).count("it has bytes that are not UTF-8") == len(Settings.model_fields)
