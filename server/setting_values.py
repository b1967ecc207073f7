"""The values of settings: types which say what is right where the environment has something else."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from db.engine import hosts, pooler
from db.engine.sqlite_engine import SYNCHRONOUS
from domain.addresses import is_host, is_local_host
from domain.rates import POINTS_PER_SECOND_MAX
from domain.text import storable
from server.rates import redis_buckets

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_HIGHEST_PORT = 65_535
_SSL_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_POSTGRESQL_PARAMETERS = frozenset({"host", "port", "passfile", "service", "servicefile", "ssl", "sslmode"}) | {
    "target_session_attrs",
    "prepared_statement_cache_size",
    pooler.PARAMETER,
}
"""Parameters of a URL that the driver takes; it would raise a TypeError for any other."""

_ORIGIN = re.compile(
    r"(?!http://[^/]*:80$)(?!https://[^/]*:443$)"
    r"[a-z][a-z0-9+.-]*://([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?"
)

_PORTAL_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_KEYS_URL = re.compile(r"https?://[^\s/?#@]+[^\s#]*")
_POSTGRESQL = re.compile(r"postgres(?:ql)?(?:\+asyncpg)?://")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")

_REDIS_URL = re.compile(r"(rediss?://[^\s/?#]+(/\d*)?|unix:///[^\s?#]+)(\?\w+=[^\s#]*)?")

MEMORY_URL = "memory://"
"""URL of a store that every process has for itself."""

SHORTEST_SECRET = 32
"""The least number of characters of a secret."""

_SHORTEST_TOKEN = 16
_WHOLE = frozenset({"secret_key", "secret_key_previous"})


class SettingsError(Exception):
    """The value of a setting is wrong. The message names the variable and what it must be, without its value."""


def _database_url(value: str, *, writes: bool = True) -> str:
    try:
        url = hosts.parsed(value, writes=writes)
    except hosts.HostsError:
        raise
    except (ArgumentError, ValueError):
        message = "it is not a database URL, such as sqlite:///data/portal.db"
        raise ValueError(message) from None
    if hosts.lacks_values(value):
        message = (
            "a ? begins its parameters, each of which has a name and a value; one in its path or password has to be "
            "percent-encoded, as %3F"
        )
        raise ValueError(message)
    if url.drivername in _DRIVERS:
        url = url.set(drivername=_DRIVERS[url.drivername])
    if url.drivername not in _DRIVERS.values():
        message = "it has to begin with sqlite:/// or postgresql://"
        raise ValueError(message)
    if url.get_backend_name() == "sqlite" and url.host is not None:
        message = (
            "a SQLite URL has three slashes before the path of a file, as in sqlite:///data/portal.db, and four before "
            "one that begins with a slash"
        )
        raise ValueError(message)
    if url.get_backend_name() == "sqlite" and not _known_to_sqlite(url):
        message = f"a SQLite URL can say ?synchronous=… and nothing else: {' or '.join(sorted(SYNCHRONOUS))}"
        raise ValueError(message)
    if url.get_backend_name() == "postgresql" and not _known_to_postgresql(url):
        message = (
            f"a PostgreSQL URL can say ?sslmode=… ({', '.join(sorted(_SSL_MODES))}) and "
            f"{', '.join(sorted(_POSTGRESQL_PARAMETERS - {'ssl', 'sslmode'}))}, and nothing else; a port is a number "
            f"from 1 to {_HIGHEST_PORT}, and prepared_statement_cache_size a number"
        )
        raise ValueError(message)
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        message = "it has to name a file: a database in memory can't be shared by several connections"
        raise ValueError(message)
    return _as_asyncpg_says(url).render_as_string(hide_password=False)


def _replica_urls(value: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_POSTGRESQL.match(each) for each in value):
        message = "it has to name replicas of PostgreSQL, such as postgresql://portal@replica.example/portal"
        raise ValueError(message)
    urls = tuple(_database_url(each, writes=False) for each in value)
    if any(hosts.of(hosts.parsed(url, writes=False)) for url in urls):
        message = (
            "each of its URLs has to name one server; give each replica a URL of its own, with commas between them"
        )
        raise ValueError(message)
    return urls


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SHORTEST_SECRET:
        message = f"it has to have at least {SHORTEST_SECRET} characters"
        raise ValueError(message)
    return value


def _hard_to_guess(value: SecretStr) -> SecretStr:
    token = value.get_secret_value()
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        message = f"it has to have at least {_SHORTEST_TOKEN} characters, of ASCII"
        raise ValueError(message)
    return value


def host(value: str) -> str:
    """Return the address or name that a server listens on; raise a ValueError if it can be none."""
    if not is_local_host(value):
        message = (
            "it has to be an address, such as 127.0.0.1 or ::1, without brackets and without a port, or a name of this "
            "machine"
        )
        raise ValueError(message)
    return value


def _portal_url(value: str) -> str:
    if not (_PORTAL_URL.fullmatch(value) and has_host(value)):
        message = "it has to be a URL such as https://portal.example, with no query and no fragment"
        raise ValueError(message)
    return value.rstrip("/")


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        message = "it has to be an e-mail address alone, such as portal@moderniza.example"
        raise ValueError(message)
    return value


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_ORIGIN.fullmatch(origin) and has_host(origin) for origin in value):
        message = (
            "each has to be an origin as browsers write it, such as https://portal.example or "
            "http://localhost:5173: in small letters, with no standard port, no path and no slash at the end"
        )
        raise ValueError(message)
    return value


def _keys(value: str) -> str:
    try:
        is_there = Path(value).is_file() if "://" not in value else _KEYS_URL.fullmatch(value) and has_host(value)
    except OSError:
        # A folder on the way to it can't be read, or its name is too long.
        is_there = False
    if not is_there:
        message = "it has to be a URL such as https://id.example/keys, or a file that is there and may be read"
        raise ValueError(message)
    return value


def has_host(url: str) -> bool:
    """Return whether a URL has a valid host, and a port other than 0 if it has one."""
    try:
        parts = urlsplit(url)
        return is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        return False


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    if value == ("none",):
        return ()
    if value != ("*",) and not all(map(_is_network, value)):
        message = (
            "each has to be an IP address or a network, such as 10.0.0.7 or 10.0.0.0/8, with no names and no "
            "ports; * alone is for all, and none for none"
        )
        raise ValueError(message)
    return value


def _in_capitals(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _split(value: object) -> object:
    return [each.strip() for each in value.split(",")] if isinstance(value, str) else value


def _split_urls(value: object) -> object:
    # A URL may list several hosts, with commas between them.
    return re.split(r"[\s,]+(?=[a-z]+(?:\+[a-z]+)?://)", value.strip()) if isinstance(value, str) else value


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _known_to_postgresql(url: URL) -> bool:
    return (
        set(url.query) <= _POSTGRESQL_PARAMETERS
        and all(url.query.get(name, "prefer") in _SSL_MODES for name in ("ssl", "sslmode"))
        and all(map(_is_port, _ports(url)))
        and str(url.query.get("prepared_statement_cache_size", 0)).isdecimal()
        and url.query.get(pooler.PARAMETER, pooler.TRANSACTION) == pooler.TRANSACTION
    )


def _ports(url: URL) -> Iterator[object]:
    asked = url.query.get("port", ())
    yield from (asked,) if isinstance(asked, str) else asked
    yield from (host.port for host in hosts.of(url))
    if url.port is not None:
        yield url.port


def _is_port(value: object) -> bool:
    return str(value).isdecimal() and 0 < int(str(value)) <= _HIGHEST_PORT


def _known_to_sqlite(url: URL) -> bool:
    return set(url.query) <= {"synchronous"} and url.query.get("synchronous", "full") in SYNCHRONOUS


def _as_asyncpg_says(url: URL) -> URL:
    # libpq and most hosts call this parameter sslmode, and asyncpg calls it ssl.
    if url.drivername == "postgresql+asyncpg" and "sslmode" in url.query:
        return url.difference_update_query(["sslmode"]).update_query_dict({"ssl": url.query["sslmode"]})
    return url


def _rate_limit_url(value: SecretStr) -> SecretStr:
    given = value.get_secret_value()
    if given == MEMORY_URL:
        return value
    if find_spec("redis") is None:
        message = "it needs the package redis: pip install 'portal-do-parceiro[redis]'"
        raise ValueError(message)
    is_reachable = given.startswith("unix:") or has_host(given)
    if not (_REDIS_URL.fullmatch(given) and is_reachable and redis_buckets.is_url(given)):
        message = (
            "it has to be a URL such as redis://:PASSWORD@127.0.0.1:6379/0 or rediss://…, with other characters of the "
            "password than letters and digits percent-encoded, such as %2F for /; or memory://"
        )
        raise ValueError(message)
    return value


class TrimmedSettings(BaseSettings):
    """Settings whose values are read without blanks around them, such as the line end of a file made on Windows."""

    @field_validator("*", mode="before")
    @classmethod
    def _trimmed(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, str) and not storable(value):
            message = "it has bytes that are not UTF-8"
            raise ValueError(message)
        # What was stored with a secret is found with that secret only.
        return value.strip() if isinstance(value, str) and info.field_name not in _WHOLE else value


Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Points = Annotated[int, Field(ge=0, le=POINTS_PER_SECOND_MAX)]
Host = Annotated[str, AfterValidator(host)]
RateLimitUrl = Annotated[SecretStr, AfterValidator(_rate_limit_url)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
ReplicaUrls = Annotated[tuple[str, ...], NoDecode, AfterValidator(_replica_urls), BeforeValidator(_split_urls)]
Secret = Annotated[SecretStr, AfterValidator(_long_enough)]
Token = Annotated[SecretStr, AfterValidator(_hard_to_guess)]
PortalUrl = Annotated[str, AfterValidator(_portal_url)]
KeysOfProvider = Annotated[str, AfterValidator(_keys)]
EmailAddress = Annotated[str, AfterValidator(_address)]
Origins = Annotated[tuple[str, ...], NoDecode, AfterValidator(_origins), BeforeValidator(_split)]
Networks = Annotated[tuple[str, ...], NoDecode, AfterValidator(_networks), BeforeValidator(_split)]
in_capitals = BeforeValidator(_in_capitals)
