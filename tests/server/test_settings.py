"""Settings from the environment."""

from base64 import b32encode, b64encode
from hashlib import shake_256
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resolvers.mail import LinkTo
from server.secret_key import refuse_if_weak
from server.setting_values import SettingsError
from server.settings import Settings

STRONG = "d1f0c8a7be4f4a6f9c3e5b7029a86d13"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Environment that sets nothing."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


LISTED = "host=a%3A5432&host=b%3A1&target_session_attrs=read-write"


@pytest.mark.parametrize(
    ("given", "driven"),
    [
        ("sqlite:///data/x.db", "sqlite+aiosqlite:///data/x.db"),
        ("sqlite:///data/x.db?synchronous=normal", "sqlite+aiosqlite:///data/x.db?synchronous=normal"),
        ("postgres://u:p@db/portal", "postgresql+asyncpg://u:p@db/portal"),
        ("postgresql://u:p@db/portal?sslmode=require", "postgresql+asyncpg://u:p@db/portal?ssl=require"),
        ("postgresql://u:p@a,b:1/portal", f"postgresql+asyncpg://u:p@/portal?{LISTED}"),
    ],
)
def test_a_database_url_gets_its_async_driver(monkeypatch: pytest.MonkeyPatch, given: str, driven: str) -> None:
    monkeypatch.setenv("DATABASE_URL", given)

    assert Settings.load().database_url == driven


@pytest.mark.parametrize("between", [",", ", ", " ", "\n"])
def test_replicas_are_several_urls(monkeypatch: pytest.MonkeyPatch, between: str) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@a,b:1/portal")
    monkeypatch.setenv("DATABASE_READ_URL", f"postgresql://u:p@one:1/portal{between}postgres://u:p@/portal?host=/two")

    assert Settings.load().database_read_url == (
        "postgresql+asyncpg://u:p@one:1/portal",
        "postgresql+asyncpg://u:p@/portal?host=%2Ftwo",
    )


def test_row_level_security_is_refused_for_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_ROW_SECURITY", "true")

    with pytest.raises(SettingsError, match=r"DATABASE_ROW_SECURITY.*SQLite"):
        Settings.load()

    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@db/portal")
    assert Settings.load().database_row_security


@pytest.mark.parametrize("several", ["a,b:1/portal", "/portal?host=a&host=b:1", "/portal?host=a,b"])
def test_a_replica_is_one_server(monkeypatch: pytest.MonkeyPatch, several: str) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@db/portal")
    monkeypatch.setenv("DATABASE_READ_URL", f"postgresql://u:geheim@one/portal,postgresql://u:geheim@{several}")

    with pytest.raises(SettingsError, match="DATABASE_READ_URL: each of its URLs has to name one server") as wrong:
        Settings.load()
    assert "geheim" not in str(wrong.value)


def test_a_sqlite_file_has_no_replicas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_READ_URL", "postgresql://u:geheim@one/portal")

    with pytest.raises(SettingsError, match="DATABASE_READ_URL: only PostgreSQL has it") as wrong:
        Settings.load()
    assert "geheim" not in str(wrong.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "geheim"),
        ("DATABASE_URL", "mysql://u:geheim@db/portal"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///data/x.db?synchronous=geheim"),
        ("DATABASE_URL", "sqlite:///data/x.db?geheim=1"),
        ("DATABASE_URL", "postgresql://u:p@db/portal?geheim=1"),
        ("DATABASE_URL", "postgresql://u:p@db/portal?sslmode=geheim"),
        ("DATABASE_URL", "postgresql://u:p@db/portal?ssl=geheim"),
        ("DATABASE_URL", "postgresql://u:geheim@db:99999/portal"),
        ("DATABASE_URL", "postgresql://u:geheim@db:0/portal"),
        ("DATABASE_URL", "postgresql://u:p@/portal?host=db&port=geheim"),
        ("DATABASE_URL", "postgresql://u:geheim@a,b:99999/portal"),
        ("DATABASE_URL", "postgresql://u:p@db/portal?prepared_statement_cache_size=geheim"),
        ("DATABASE_URL", "sqlite://geheim/portal.db"),
        ("DATABASE_URL", "postgresql://u:geheim@a,,b/portal"),
        ("DATABASE_URL", "postgresql://u:geheim@a,b:x/portal"),
        ("DATABASE_URL", "postgresql://u:p@a,b/portal?target_session_attrs=geheim"),
        ("SECRET_KEY", "geheim"),
        ("FORWARDED_ALLOW_IPS", "geheim"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.1, geheim.example"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.1:8080"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.1/8"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.1,"),
        ("FORWARDED_ALLOW_IPS", "10.0.0.1,*"),
        ("PORT", "geheim"),
        ("LOG_LEVEL", "geheim"),
        ("TRUSTED_DOCUMENTS", "geheim"),
        ("STATUS_CODES", "geheim"),
        ("GZIP_FROM_BYTES", "geheim"),
        ("GZIP_FROM_BYTES", "-1"),
        ("HEADER_TIMEOUT_SECONDS", "0"),
        ("BODY_TIMEOUT_SECONDS", "-1"),
        ("ANSWER_TIMEOUT_SECONDS", "geheim"),
        ("KEEP_ALIVE_SECONDS", "nan"),
        ("WORKER_TIMEOUT_SECONDS", "inf"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "null"),
        ("CORS_ORIGINS", "geheim.example"),
        ("CORS_ORIGINS", "https://spa.example,"),
        ("CORS_ORIGINS", "https://spa.example https://geheim.example"),
        ("CORS_ORIGINS", "https://spa.example,https://geheim.example/"),
        ("CORS_ORIGINS", "https://geheim.example/path"),
        ("CORS_ORIGINS", "https://user:geheim@spa.example"),
        ("CORS_ORIGINS", "https://*.geheim.example"),
        ("CORS_ORIGINS", "https://Geheim.example"),
        ("CORS_ORIGINS", "https://geheim.example:443"),
        ("CORS_ORIGINS", "http://geheim.example:80"),
        ("CORS_ORIGINS", "http://geheim.example:99999"),
        ("CORS_ORIGINS", "https://gehéim.example"),
        ("PORTAL_URL", "geheim"),
        ("PORTAL_URL", "http://[::geheim"),
        ("PORTAL_URL", "http://geheim.example:99999"),
        ("OIDC_KEYS", "geheim"),
        ("OIDC_KEYS", "/nonexistent/geheim"),
        ("OIDC_KEYS", "geheim" * 100),
        ("OIDC_KEYS", "smtp://geheim.example"),
        ("OIDC_KEYS", "https://geheim.example:0/keys"),
        ("DATABASE_READ_URL", "geheim"),
        ("DATABASE_READ_URL", "sqlite:///geheim.db"),
        ("PORTAL_URL", "https://portal.example/?geheim"),
        ("MAIL_FROM", "geheim"),
        ("MAIL_FROM", "Portal <geheim@portal.example>"),
        ("SMTP_URL", "geheim"),
        ("SMTP_URL", "smtp://u:geheim@mail.example:0"),
        ("SMTP_URL", "https://u:geheim@mail.example"),
        ("SMTP_URL", "smtp://u:geheim@mail.example:port"),
        ("SMTP_URL", "smtp://u:geheim@mail.example?tls=geheim"),
        # It needs MAIL_FROM and PORTAL_URL.
        ("SMTP_URL", "smtp://u:geheim@mail.example"),
        ("RATE_LIMIT_URL", "http://geheim.example"),
        ("RATE_LIMIT_URL", "redis://geheim.example:99999"),
        ("RATE_LIMIT_URL", "redis://geheim.example:0"),
        ("RATE_LIMIT_URL", "redis://geheim.example:port"),
        ("RATE_LIMIT_URL", "redis://redis.example/geheim"),
        ("RATE_LIMIT_URL", "redis://redis.example?socket_timeout=geheim"),
        ("RATE_LIMIT_URL", "redis://redis.example?geheim=1"),
        ("RATE_LIMIT_URL", "rediss://redis.example?ssl_cert_reqs=geheim"),
        ("OIDC_ISSUER", "http://geheim.example"),
        ("OIDC_ISSUER", "https://geheim.example?tenant=1"),
        # It needs OIDC_AUDIENCE.
        ("OIDC_ISSUER", "https://geheim.example"),
        ("DEMO", "geheim"),
        ("GRAPHIQL", "geheim"),
        # A session that has just ended is kept for a day at least.
        ("SESSION_RETENTION_DAYS", "0"),
    ],
)
def test_a_wrong_variable_is_named_and_its_value_is_not(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as error:
        Settings.load()

    assert str(error.value).startswith(f"{name}: ")
    assert "default" not in str(error.value)
    assert "geheim" not in str(error.value)


def test_only_the_variables_that_are_wrong_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO", "perhaps")
    monkeypatch.setenv("PORT", "eighty")

    with pytest.raises(SettingsError) as error:
        Settings.load()

    assert sorted(problem.partition(":")[0] for problem in str(error.value).split("; ")) == ["DEMO", "PORT"]


@pytest.mark.parametrize(
    ("value", "trusted"),
    [("*", ("*",)), ("10.0.0.0/8, ::1", ("10.0.0.0/8", "::1")), ("", ("127.0.0.1", "::1")), ("none", ())],
)
def test_proxies_are_named_by_address_or_network(
    monkeypatch: pytest.MonkeyPatch, value: str, trusted: tuple[str, ...]
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", value)

    assert Settings.load().forwarded_allow_ips == trusted


def test_origins_are_named_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    named = "https://spa.example, http://localhost:5173,http://[::1]:3000,capacitor://localhost,https://10.0.0.1:80"
    monkeypatch.setenv("CORS_ORIGINS", named)

    assert Settings.load().cors_origins == tuple(origin.strip() for origin in named.split(","))


def test_a_secret_is_created_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "data" / "secret.key"
    made, again = Settings.load().keep_secret(), Settings.load().keep_secret()

    assert (made, again) == (Path("data/secret.key"), None)
    assert Settings.load().secret() == file.read_bytes().strip()
    assert len(Settings.load().secret()) >= 32
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_missing_secret_is_not_created_by_its_readers(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^SECRET_KEY: it is not set, and data/secret\.key does not exist"):
        Settings.load().secret()

    assert list(tmp_path.iterdir()) == []


def test_a_given_secret_is_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", STRONG)
    monkeypatch.setenv("LOG_LEVEL", "debug")

    settings = Settings.load()

    assert settings.secret() == STRONG.encode()
    assert settings.log_level == "DEBUG"


def test_the_error_of_an_unwritable_secret_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "data" / "secret.key").mkdir(parents=True)

    for act in (Settings.load().secret, Settings.load().keep_secret):
        with pytest.raises(SettingsError, match="SECRET_KEY"):
            act()


def test_a_secret_that_is_too_short_to_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret.key").write_text("short\n")

    with pytest.raises(SettingsError, match="SECRET_KEY"):
        Settings.load().secret()


WEAK = [
    "s" * 32,
    "0123456789abcdef" * 3,
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "changeme-changeme-changeme-changeme",
    "please-change-this-secret-key-in-production",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "django-insecure-your-secret-key-change-me-please",
    "qwertyuiopasdfghqwertyuiopasdfghj",
    "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0b",
    "correct horse battery staple 12345678",
    "the quick brown fox jumps over the lazy dog",
    "TheQuickBrownFoxJumpsOverTheLazyDog",
    "31415926535897932384626433832795",
    "08563954963311977530854611806680",
    "minhaempresaLTDA-portal-2026-SP-Brasil",
]


@pytest.mark.parametrize("secret", WEAK)
def test_a_secret_that_can_be_guessed_is_refused_outside_of_a_demonstration(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("SECRET_KEY", secret)

    with pytest.raises(SettingsError, match="SECRET_KEY: it is easy to guess") as refused:
        Settings.load().secret()

    assert secret not in str(refused.value)
    monkeypatch.setenv("DEMO", "true")
    assert Settings.load().secret() == secret.encode()


@given(st.binary(min_size=16, max_size=48))
@example(bytes(range(16, 32)))
def test_random_secrets_of_any_writing_are_strong_enough(seed: bytes) -> None:
    # Hypothesis likes simple bytes, and a secret is random ones.
    random = shake_256(seed).digest(16)

    for secret in (random.hex(), b64encode(random * 2).decode(), str(UUID(bytes=random)), b32encode(random).decode()):
        refuse_if_weak(secret.encode())


def test_a_random_secret_may_have_letters_that_look_like_words() -> None:
    refuse_if_weak(b"90aefece038826308faea5eabcfefec9")


def test_the_secret_before_is_given_or_in_a_file_beside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Settings.load().previous_secret() is None
    Settings.load().keep_secret()
    (tmp_path / "data" / "previous.key").write_text(f"{'p' * 32}\n")

    assert Settings.load().previous_secret() == b"p" * 32
    monkeypatch.setenv("SECRET_KEY", STRONG)
    assert Settings.load().previous_secret() is None
    monkeypatch.setenv("SECRET_KEY_PREVIOUS", "o" * 32)
    assert Settings.load().previous_secret() == b"o" * 32


@pytest.mark.parametrize(
    ("demo", "introspection", "who"),
    [
        (None, None, "signed-in"),
        ("true", None, "everyone"),
        ("true", "signed-in", "signed-in"),
        (None, "everyone", "everyone"),
    ],
)
def test_a_demonstration_describes_its_schema_to_everyone_by_default(
    monkeypatch: pytest.MonkeyPatch, demo: str | None, introspection: str | None, who: str
) -> None:
    for name, value in (("DEMO", demo), ("INTROSPECTION", introspection)):
        if value is not None:
            monkeypatch.setenv(name, value)

    assert Settings.load().introspection == who


@pytest.mark.parametrize(
    ("demo", "graphiql", "shown"),
    [(None, None, False), ("true", None, True), ("true", "false", False), (None, "true", True)],
)
def test_a_demonstration_shows_graphiql_by_default(
    monkeypatch: pytest.MonkeyPatch, demo: str | None, graphiql: str | None, *, shown: bool
) -> None:
    for name, value in (("DEMO", demo), ("GRAPHIQL", graphiql)):
        if value is not None:
            monkeypatch.setenv(name, value)

    assert Settings.load().graphiql is shown


@pytest.mark.parametrize("name", ["OIDC_AUDIENCE", "OIDC_KEYS"])
def test_an_identity_provider_needs_its_issuer(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "https://id.example/keys")

    with pytest.raises(SettingsError, match=rf"^OIDC_ISSUER: it must be set where {name} is$"):
        Settings.load()


@pytest.mark.parametrize("issuer", ["https://id.example/realms/a", "http://localhost:8080", "http://[::1]"])
def test_an_identity_provider_is_named_by_issuer_and_audience(monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    none = Settings.load().provider()
    monkeypatch.setenv("OIDC_ISSUER", issuer)
    monkeypatch.setenv("OIDC_AUDIENCE", "portal")

    assert none is None
    assert Settings.load().provider() is not None


def test_links_begin_with_the_front_end_or_else_with_this_server(monkeypatch: pytest.MonkeyPatch) -> None:
    local = Settings.load().outbox()
    for name, value in {
        "PORTAL_URL": "https://portal.example/app/",
        "MAIL_FROM": "portal@moderniza.example",
        "SMTP_URL": "smtps://mail.example",
    }.items():
        monkeypatch.setenv(name, value)
    mailing = Settings.load().outbox()

    assert (local.mailer, local.link(LinkTo.INVITATION, "x")) == (None, "http://127.0.0.1:8000/accept-invitation#x")
    assert mailing.mailer is not None
    assert mailing.link(LinkTo.PASSWORD_RESET, "x") == "https://portal.example/app/reset-password#x"
