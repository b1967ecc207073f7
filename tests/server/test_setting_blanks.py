"""Settings with blanks around them, as files of variables may have them, and names of settings in sentences."""

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
