"""Hosts of a PostgreSQL URL, in the forms of libpq and SQLAlchemy, and connections to the one that takes writes."""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

import asyncpg  # type: ignore[import-untyped]  # It has no types.
from sqlalchemy.engine import URL, make_url

from db.engine import failures, pooler, sockets
from db.engine.asyncpg_types import DriverConnection
from db.engine.failures import OtherEncodingError, PoolerFoundError, TooOldError
from domain.addresses import is_host

_FORM = re.compile(r"(?P<begin>[\w+]+://(?:[^:/]*(?::[^@]*)?@)?)(?P<hosts>[^/?]*)(?P<rest>.*)", re.DOTALL)
"""A URL as SQLAlchemy reads it, but with any number of hosts."""

_BEGIN = re.compile(r"^postgresql://(?:[^@/]*@)?")

_HOST = re.compile(r"(?P<host>/[^:]+|\[[0-9A-Fa-f:.]+\]|[^:/\[\]]+)(?::(?P<port>\d{1,5}))?")
_PORT = 5432
_PORT_MAX = 65_535

_NEXT_SECONDS = 0.5
"""How long a host may take to answer until the next one is asked too: one that is switched off never does."""

_AGAIN_SECONDS = 1.0
"""Interval at which hosts that failed are tried again while others do not respond: one may be promoted meanwhile."""

_ATTRIBUTES = ("read-write", "primary")
"""What `target_session_attrs` may be for several hosts; the first is the default."""

_OF_SQLALCHEMY = "prepared_statement_cache_size"
"""Parameter that is not the driver's."""

_NOT_OF_LIBPQ = frozenset({_OF_SQLALCHEMY, pooler.PARAMETER, "ssl", "servicefile"})

Connect = Callable[..., Awaitable[DriverConnection]]
"""Connects to a host as the driver does."""


class HostsError(ValueError):
    """The hosts of a URL are not understood. The message has no part of the URL."""


class Host(NamedTuple):
    """Name, address or folder of the socket of a server, and its port."""

    name: str
    port: int

    def __str__(self) -> str:
        """Return it as a URL has it."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return f"{name}:{self.port}"


def parsed(text: str, *, writes: bool = True) -> URL:
    """Return the URL of a text; several hosts are those of its query, as `host=NAME:PORT` for each.

    Of several hosts, the one that takes writes is used, or any if there are to be no `writes`. Raises ArgumentError or
    ValueError if it is no URL, and HostsError if its hosts are not understood.
    """
    form = _FORM.fullmatch(text)
    if form is None or not form["begin"].startswith("postgres"):
        return make_url(text)
    if "@" in form["hosts"] + form["rest"].partition("?")[0]:
        # The password would end at its first @, and messages name the host and the database.
        message = "an @ in its password has to be percent-encoded, as %40"
        raise HostsError(message)
    listed = form["hosts"] if "," in form["hosts"] else ""
    url = make_url(form["begin"] + ("" if listed else form["hosts"]) + form["rest"])
    asked, ports = _values(url, "host"), _values(url, "port")
    if asked and (listed or url.host):
        message = "it has hosts both before the name of the database and in “host”"
        raise HostsError(message)
    given = listed.split(",") if listed else asked
    hosts = _hosts(given, ports)
    _check_names([url.host] if url.host else given)
    several = len(hosts) > 1
    if writes:
        _check_attributes(url, several=several)
    if not several:
        return url
    wanted = {"target_session_attrs": _ATTRIBUTES[0] if writes else "any", **url.query}
    listed_hosts = [str(host) for host in hosts]
    return url.set(query={**wanted, "host": listed_hosts}).difference_update_query(["port"])


def lacks_values(text: str) -> bool:
    """Return whether a URL has a parameter without a name or a value, which `parsed` leaves out, or a ? without any."""
    form = _FORM.fullmatch(text)
    _, mark, query = form["rest"].partition("?") if form is not None else ("", "", "")
    named = (each.partition("=") for each in query.split("&"))
    return bool(mark) and not all(name and value for name, _, value in named)


def of(url: URL) -> Sequence[Host]:
    """Return the hosts of a URL that has several; none for any other."""
    hosts = url.query.get("host", "")
    return () if isinstance(hosts, str) else _hosts(hosts, ())


def of_libpq(url: URL) -> str:
    """Return the URL as PostgreSQL's own programs take it, without its password and what only the portal knows."""
    listed = of(url)
    query = {name: value for name, value in url.query.items() if name not in _NOT_OF_LIBPQ}
    if "ssl" in url.query:
        query["sslmode"] = url.query["ssl"]
    if listed:
        del query["host"]
    whole = url._replace(drivername="postgresql", password=None).set(query=query).render_as_string()
    # It takes a plus sign as it is, and no blank.
    base, mark, rest = whole.partition("?")
    one = base.replace(" ", "%20") + mark + rest.replace("+", "%20")
    if not listed:
        return one
    return _BEGIN.sub(lambda begin: begin[0] + ",".join(map(_for_libpq, listed)), one)


def _for_libpq(host: Host) -> str:
    # The folder of a socket.
    return f"{quote(host.name, safe='')}:{host.port}" if host.name.startswith("/") else str(host)


def options(url: URL, *, seconds: float, connect: Connect) -> dict[str, Any]:
    """Return how an engine of SQLAlchemy connects to the hosts, which have so many seconds to answer."""
    if not of(url):
        return {"url": url, "connect_args": {"timeout": seconds, "async_creator_fn": connect}}
    several = Hosts(url, seconds=seconds, connect=connect)
    own = {name: url.query[name] for name in (_OF_SQLALCHEMY,) if name in url.query}
    return {"url": URL.create(url.drivername, query=own), "connect_args": {"async_creator_fn": several.connect}}


class Hosts:
    """Servers of one database, of which one is as `target_session_attrs` asks."""

    def __init__(self, url: URL, *, seconds: float, connect: Connect = sockets.connect) -> None:
        """Take a URL with several hosts, the seconds that they have to answer, and what connects to one."""
        self._connect, self._seconds = connect, seconds
        self._hosts = list(of(url))
        query = url.difference_update_query(["host", _OF_SQLALCHEMY]).query
        self._given = {**url.translate_connect_args(username="user"), "timeout": seconds, **query}

    async def connect(self, **options: object) -> DriverConnection:
        """Connect to the first host that is as asked, with these options of the driver.

        Each is asked when the one before it has failed or does not answer soon; the last one that was right is asked
        first. Raises the most telling error if there is none.
        """
        left, trying, failed = list(self._hosts), dict[asyncio.Task[DriverConnection], Host](), list[Exception]()
        answered = list[Host]()
        now = asyncio.get_running_loop().time
        until = now() + self._seconds
        try:
            while (left or trying) and now() < until:
                if left:
                    host = left.pop(0)
                    trying[asyncio.ensure_future(self._to(host, options))] = host
                pause = _NEXT_SECONDS if left else _AGAIN_SECONDS
                done, _ = await asyncio.wait(
                    trying, timeout=min(pause, until - now()), return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    host = trying.pop(task)
                    try:
                        connection = task.result()
                    except failures.DRIVER_ERRORS as error:
                        failed.append(error)
                        answered.append(host)
                    else:
                        self._prefer(host)
                        return connection
                if not done and not left:
                    left, answered = answered, []
            raise max(failed, key=_tells, default=TimeoutError("no host has answered"))
        finally:
            for task in trying:
                task.cancel()
                task.add_done_callback(_close)

    async def _to(self, host: Host, options: Mapping[str, object]) -> DriverConnection:
        return await self._connect(host=host.name, port=host.port, **self._given, **options)

    def _prefer(self, host: Host) -> None:
        self._hosts.sort(key=lambda each: each != host)


def _close(task: "asyncio.Task[DriverConnection]") -> None:
    """Close a connection that was made while another one was found."""
    if not task.cancelled() and task.exception() is None:
        task.result().terminate()


def _tells(error: Exception) -> int:
    """Return how much an error says about why no host can be used: an answer more than none, and no address least."""
    if isinstance(error, (PoolerFoundError, TooOldError, OtherEncodingError)):
        # No other host helps before the operator has changed something.
        return 4
    if isinstance(error, (asyncpg.PostgresError, ssl.SSLCertVerificationError)):
        return 3
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return 2
    return 0 if isinstance(error, socket.gaierror) else 1


def _values(url: URL, name: str) -> Sequence[str]:
    given = url.query.get(name, ())
    return given.split(",") if isinstance(given, str) else given


def _hosts(texts: Sequence[str], ports: Sequence[str]) -> list[Host]:
    if len(ports) > 1 and len(ports) != len(texts):
        message = "it has to have one port for all hosts, or as many ports as hosts"
        raise HostsError(message)
    if len(texts) == 1 and not ports:
        # One host of the query may have any form that the driver reads.
        return []
    found = []
    for index, text in enumerate(texts):
        form = _HOST.fullmatch(text)
        given = ports[index if len(ports) > 1 else 0] if ports else None
        if form is None or (given and form["port"]):
            message = (
                "each of its hosts has to be a name, an address or the folder of a socket, and may have a port, such "
                "as db1,db2:5433 or [::1]:5432"
            )
            raise HostsError(message)
        port = form["port"] or given or str(_PORT)
        if not port.isdecimal() or not 0 < int(port) <= _PORT_MAX:
            message = f"each port of its hosts has to be a number from 1 to {_PORT_MAX}"
            raise HostsError(message)
        found.append(Host(form["host"].strip("[]"), int(port)))
    return found


def _check_names(texts: Sequence[str]) -> None:
    forms = [(_HOST.fullmatch(text), text) for text in texts if not text.startswith("/")]
    if not all(is_host(form["host"] if form else text) for form, text in forms):
        message = "each part of a host's name, between its dots, has to have 1 to 63 characters, without NUL"
        raise HostsError(message)


def _check_attributes(url: URL, *, several: bool) -> None:
    allowed = _ATTRIBUTES if several else (*_ATTRIBUTES, "any")
    if url.query.get("target_session_attrs", allowed[0]) not in allowed:
        message = (
            f"its target_session_attrs has to be {' or '.join(_ATTRIBUTES)}, or any with one host only, because the "
            "portal writes"
        )
        raise HostsError(message)
