"""Settings that are URLs, with passwords in them."""

import pytest

from server import diagnosis
from server.setting_values import SettingsError
from server.settings import Settings

pytestmark = pytest.mark.usefixtures("settings")

COMPLETE = {
    "DATABASE_URL": "postgresql://portal@db.example/portal",
    "MAIL_FROM": "portal@moderniza.example",
    "PORTAL_URL": "https://portal.example",
}
"""Settings that others need."""


def _set(monkeypatch: pytest.MonkeyPatch, given: dict[str, str]) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("character", ["#", "/", "?", "[", "]", "@", ":", "%", "\N{ACCOUNT OF}"])
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("SMTP_URL", "smtp://portal:{}@mail.example:587"),
        ("SMTP_URL", "smtps://{}@mail.example"),
        ("RATE_LIMIT_URL", "redis://:{}@redis.example:6379/0"),
        ("RATE_LIMIT_URL", "rediss://portal:{}@redis.example"),
        ("DATABASE_URL", "postgresql://portal:{}@db.example:5432/portal"),
        ("DATABASE_URL", "postgresql://portal:{}@one.example,two.example:5433/portal"),
        ("DATABASE_URL", "postgresql://portal:{}@/portal?host=one.example&host=two.example"),
        ("DATABASE_URL", "sqlite://portal:{}@db.example/portal.db"),
        ("DATABASE_READ_URL", "postgresql://portal:{}@db.example:5432/portal"),
    ],
)
@pytest.mark.parametrize("password", ["Segredo{}Oculto", "4711{}Oculto"])
def test_no_part_of_a_password_is_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, password: str, character: str
) -> None:
    _set(monkeypatch, {**COMPLETE, name: url.format(password.format(character))})

    try:
        found = Settings.load()
        found.outbox()
        found.buckets()
    except SettingsError as wrong:
        shown = str(wrong)
        assert shown.startswith(f"{name}: ")
    else:
        # What the driver takes for the host is in the message of a failed connection.
        urls = (found.database_url, *found.database_read_url)
        shown = str([diagnosis.trouble(OSError(), each) for each in urls])
        assert repr(found).count("Oculto") == 0
    assert not any(part in shown for part in ("Segredo", "Oculto", "4711"))


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("SMTP_URL", "smtp://portal:S#gredo@mail.example"),
        ("SMTP_URL", "smtp://portal:4711#gredo@mail.example"),
        ("RATE_LIMIT_URL", "redis://:S/gredo@redis.example"),
        ("RATE_LIMIT_URL", "redis://:4711/gredo@redis.example"),
        ("RATE_LIMIT_URL", "redis://:S#gredo@redis.example"),
        ("DATABASE_URL", "postgresql://portal:S@gredo@db.example/portal"),
        ("DATABASE_READ_URL", "postgresql://portal:S@gredo@db.example/portal"),
    ],
)
def test_a_password_that_a_url_cannot_have_is_to_be_encoded(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://portal@db.example/portal")
    monkeypatch.setenv(name, url)

    with pytest.raises(SettingsError, match=rf"^{name}: .*percent-encoded"):
        Settings.load()


@pytest.mark.parametrize("host", ["portal..example", ".example", f"{'a' * 64}.example"])
@pytest.mark.parametrize(
    ("name", "url", "said"),
    [
        ("CORS_ORIGINS", "https://{}", "an origin"),
        ("DATABASE_READ_URL", "postgresql://portal@{}/portal", "1 to 63 characters"),
        ("DATABASE_URL", "postgresql://portal@{}:5433/portal", "1 to 63 characters"),
        ("OIDC_ISSUER", "https://{}", "https://id.example"),
        ("OIDC_KEYS", "https://{}/keys", "https://id.example/keys"),
        ("PORTAL_URL", "https://{}", "https://portal.example"),
        ("RATE_LIMIT_URL", "redis://{}:6379/0", "redis://"),
        ("SMTP_URL", "smtp://portal:secret@{}:587", "smtp://USER"),
    ],
)
def test_a_host_that_no_name_service_is_asked_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, said: str, host: str
) -> None:
    _set(monkeypatch, {**COMPLETE, "OIDC_AUDIENCE": "portal", "OIDC_ISSUER": "https://id.example"})
    Settings.load()
    monkeypatch.setenv(name, url.format(host))

    with pytest.raises(SettingsError, match=rf"^{name}: .*{said}"):
        Settings.load()


@pytest.mark.parametrize(
    "query", ["", "b.db", "=full", "synchronous", "sslmode=", "&sslmode=require", "sslmode=require&host"]
)
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "sqlite:////tmp/a?{}"),
        ("DATABASE_URL", "sqlite:////tmp/a@b?{}"),
        ("DATABASE_URL", "postgresql://portal:a%3Fb@db.example/portal?{}"),
        ("DATABASE_URL", "postgresql://one.example,two.example/portal?{}"),
        ("DATABASE_READ_URL", "postgresql://portal@db.example/portal?{}"),
    ],
)
def test_a_parameter_of_a_url_without_a_value_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, query: str
) -> None:
    _set(monkeypatch, {**COMPLETE, name: url.format(query)})

    with pytest.raises(SettingsError, match=rf"^{name}: a \? begins its parameters, .* percent-encoded, as %3F"):
        Settings.load()


@pytest.mark.parametrize("url", ["sqlite:////tmp/a%3Fb.db", "sqlite:////tmp/a%3Fb.db?synchronous=full"])
def test_a_file_may_have_a_question_mark_in_its_name(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    assert diagnosis.sqlite_file(Settings.load().database_url) == "/tmp/a?b.db"  # noqa: S108 — it is not made.
