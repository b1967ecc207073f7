"""Settings, each an environment variable of the same name in capitals."""

import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsConfigDict
from sqlalchemy.engine import make_url

from db.engine.pool_sizes import CONNECT_SECONDS, PoolSizes
from domain.attempts import MailLimits
from resolvers.mail import Outbox
from server.http.status_codes import Edition
from server.identity import OpenIdProvider, Provider
from server.limit_settings import LimitSettings
from server.mail import SmtpMailer, server_of
from server.mail_settings import MailSettings
from server.rates.buckets import Buckets, DatabaseBuckets, MemoryBuckets
from server.rates.redis_buckets import RedisBuckets
from server.secret_key import keep, read, refuse_if_weak
from server.setting_values import (
    MEMORY_URL,
    DatabaseUrl,
    Host,
    KeysOfProvider,
    Networks,
    Origins,
    RateLimitUrl,
    ReplicaUrls,
    Seconds,
    Secret,
    SettingsError,
    Token,
    has_host,
    in_capitals,
)

_ISSUER = re.compile(r"(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/[^\s?#]*)?")

Given = TypeVar("Given")


class Settings(LimitSettings, MailSettings):
    """Settings of the portal; `Settings.load()` reads them from the environment."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, hide_input_in_errors=True, extra="ignore")

    database_url: DatabaseUrl = Field(
        default="sqlite+aiosqlite:///./data/portal.db",
        repr=False,
        description="Where the data is: sqlite:///PATH, or postgresql://USER:PASSWORD@HOST/NAME.",
    )
    database_read_url: ReplicaUrls = Field(
        default=(),
        repr=False,
        description="Streaming replicas of DATABASE_URL's PostgreSQL, which queries read on; several with commas.",
    )
    database_read_connections: int = Field(
        default=16, ge=2, le=1000, description="The most connections to PostgreSQL that a process has for reads."
    )
    database_write_connections: int = Field(
        default=8, ge=2, le=1000, description="The most connections to PostgreSQL that a process has for writes."
    )
    database_row_security: bool = Field(
        default=False,
        description="Whether PostgreSQL lets a request touch its own partner's rows only, by row-level security.",
    )
    database_connect_seconds: Seconds = Field(
        default=CONNECT_SECONDS, description="How long a new connection to PostgreSQL may take, with all hosts."
    )
    host: Host = Field(
        default="127.0.0.1", description="The address to listen on; 0.0.0.0 for every one of the machine."
    )
    port: int = Field(default=8000, ge=0, le=65535, description="The port to listen on; 0 for any free one.")
    workers: int = Field(default=1, ge=1, le=256, description="How many processes serve.")
    secret_key: Secret | None = Field(
        default=None,
        description=(
            "The secret of keyed hashes, at least 32 characters, equal on every machine that shares a database. "
            "By default it is kept in the file secret.key beside the SQLite file, or in ./data, made by portal migrate."
        ),
    )
    secret_key_previous: Secret | None = Field(
        default=None,
        description=(
            "The SECRET_KEY before this one: what is stored with it is still read. By default what the file "
            "previous.key beside secret.key has, if there is one and SECRET_KEY is not set."
        ),
    )
    demo: bool = Field(
        default=False, description="Whether this is a demonstration, with users whose password is public."
    )
    vendor_second_factor: bool = Field(
        default=False,
        description="Whether the vendor's users must have a second factor; until they have, they can only enroll one.",
    )
    graphiql: bool = Field(
        default_factory=lambda given: bool(given.get("demo")),
        description="Whether a browser gets GraphiQL at /graphql; where it is not given, what DEMO says.",
    )
    introspection: Literal["everyone", "signed-in"] = Field(
        default_factory=lambda given: "everyone" if given.get("demo") else "signed-in",
        description=(
            "Who gets the schema by introspection, and its names in errors: everyone, or signed-in; where it is not "
            "given, everyone in a demonstration only."
        ),
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], in_capitals] = Field(
        default="INFO", description="The least level that is logged: DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="json, console, or auto: console on a terminal, and json elsewhere."
    )
    trusted_documents: Literal["allowed", "only"] = Field(
        default="allowed", description="allowed, or only: then no document is run that is not registered."
    )
    report_cost: bool = Field(
        default=False,
        description="Whether every answer says what it cost; if not, those to requests with GraphQL-Cost: report do.",
    )
    event_retention_days: int = Field(
        default=0, ge=0, le=36_500, description="The days after which events are deleted; 0 to keep all of them."
    )
    session_retention_days: int = Field(
        default=30, ge=1, le=36_500, description="The days after which sessions that have ended are deleted."
    )
    event_hints: bool = Field(
        default=True,
        description=(
            "Whether processes on PostgreSQL tell each other of new events by NOTIFY; if not, they look ten times a "
            "second."
        ),
    )
    metrics_token: Token | None = Field(
        default=None,
        description="The token, at least 16 characters, with which /metrics is read; without it, the path has nothing.",
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="A port of its own for /metrics, of the same HOST."
    )
    gzip_from_bytes: int = Field(
        default=1024,
        ge=0,
        description="From how many bytes on an answer is compressed for callers that accept gzip; 0 for never.",
    )
    webhooks_send: bool = Field(
        default=True, description="Whether server processes send webhooks; false where portal webhooks send does it."
    )
    webhooks_allow_private: bool = Field(
        default=False,
        description="Whether webhooks may have http URLs and private addresses: for development only.",
    )
    cors_origins: Origins = Field(
        default=(), description="The origins whose web pages may read the answers, with commas between them."
    )
    forwarded_allow_ips: Networks = Field(
        default=("127.0.0.1", "::1"),
        description=(
            "The addresses and networks of proxies that are believed about the scheme and the caller's address, with "
            "commas between them; * for all, none for none."
        ),
    )
    oidc_audience: str | None = Field(
        default=None, description="The audience that tokens of OIDC_ISSUER have to name: the portal's id there."
    )
    oidc_keys: KeysOfProvider | None = Field(
        default=None,
        description="The URL or file of the issuer's keys (JWKS); where it is not given, what its metadata names.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        validate_default=True,
        description="The issuer (OpenID Connect) whose tokens are bearer tokens here, such as https://id.example.",
    )
    rate_limit_url: RateLimitUrl | None = Field(
        default=None,
        repr=False,
        description=(
            "Where the used points are counted: redis://HOST:PORT or rediss://… (Redis or Valkey), or memory:// for "
            "each process alone. Where it is not given, in the database, or a file beside SQLite's."
        ),
    )
    status_codes: Edition = Field(
        default="2025",
        description=(
            "The edition of GraphQL over HTTP whose status codes application/graphql-response+json has: 2025, or "
            "2026 with 422 and 294."
        ),
    )

    @classmethod
    def load(cls) -> "Settings":
        """Read the environment; raise SettingsError if a variable is wrong."""
        try:
            return cls()
        except ValidationError as error:
            # A default that depends on other settings can't be computed if one of those is wrong.
            problems = [problem for problem in error.errors() if problem["type"] != "default_factory_not_called"]
            lines = (f"{str(problem['loc'][0]).upper()}: {_sentence(problem)}" for problem in problems)
            raise SettingsError("; ".join(lines)) from None

    @property
    def has_metrics(self) -> bool:
        """Whether the processes record metrics."""
        return self.metrics_token is not None or self.metrics_port is not None

    def outbox(self) -> Outbox:
        """Return what sends e-mails and makes links; it has no mailer without SMTP_URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        url = self.portal_url or f"http://{host}:{self.port}"
        if self.smtp_url is None or self.mail_from is None:
            return Outbox(portal_url=url)
        limits = MailLimits(self.mails_per_user, self.mails_per_partner)
        return Outbox(SmtpMailer(server_of(self.smtp_url.get_secret_value()), self.mail_from), url, limits)

    def pool_sizes(self) -> PoolSizes:
        """Return how many connections to PostgreSQL a process has."""
        return PoolSizes(self.database_read_connections, self.database_write_connections, self.database_connect_seconds)

    def buckets(self) -> Buckets:
        """Return the buckets that the processes share."""
        if self.rate_limit_url is None:
            return DatabaseBuckets(self.database_url)
        url = self.rate_limit_url.get_secret_value()
        return MemoryBuckets() if url == MEMORY_URL else RedisBuckets(url)

    def provider(self) -> OpenIdProvider | None:
        """Return the identity provider, if there is one."""
        if self.oidc_issuer is None or self.oidc_audience is None:
            return None
        return OpenIdProvider(Provider(self.oidc_issuer, self.oidc_audience, self.oidc_keys))

    def secret(self, *, even_weak: bool = False) -> bytes:
        """Return the secret of keyed hashes, from the setting or its file; `keep_secret` creates the file.

        Outside of a demonstration, raise SettingsError if it is easy to guess, unless it may be `even_weak`.
        """
        if self.secret_key is not None:
            secret = self.secret_key.get_secret_value().encode()
        else:
            secret = read(self._secret_file())
        if not (self.demo or even_weak):
            refuse_if_weak(secret)
        return secret

    def previous_secret(self) -> bytes | None:
        """Return the secret before the present one, from the setting or a file beside that of the secret."""
        if self.secret_key_previous is not None:
            return self.secret_key_previous.get_secret_value().encode()
        file = self._secret_file().with_name("previous.key")
        return read(file) if self.secret_key is None and file.exists() else None

    def keep_secret(self) -> Path | None:
        """Create the file of the secret unless one is given or exists; return the file if it was created."""
        if self.secret_key is not None:
            return None
        file = self._secret_file()
        return file if keep(file) else None

    def secret_files(self) -> list[Path]:
        """Return the file of the secret; none if the secret is given."""
        file = self._secret_file()
        return [] if self.secret_key is not None else [file, file.with_name("previous.key")]

    def _secret_file(self) -> Path:
        url = make_url(self.database_url)
        folder = Path(url.database or "").parent if url.get_backend_name() == "sqlite" else Path("data")
        return folder / "secret.key"

    @field_validator("database_row_security", "database_read_url")
    @classmethod
    def _is_of_postgresql(cls, value: Given, info: ValidationInfo) -> Given:
        if value and not str(info.data.get("database_url", "postgresql")).startswith("postgresql"):
            message = "only PostgreSQL has it, and DATABASE_URL names a SQLite file"
            raise ValueError(message)
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            given = [name.upper() for name in ("oidc_audience", "oidc_keys") if info.data.get(name) is not None]
            if given:
                message = f"it must be set where {' and '.join(given)} is"
                raise ValueError(message)
            return None
        if not (_ISSUER.fullmatch(value) and has_host(value)):
            message = "it has to be a URL such as https://id.example, with no query; http:// is for this machine only"
            raise ValueError(message)
        if info.data.get("oidc_audience", "") is None:
            message = "OIDC_AUDIENCE must be set too"
            raise ValueError(message)
        return value


def _sentence(problem: ErrorDetails) -> str:
    return problem["msg"].removeprefix("Value error, ")
