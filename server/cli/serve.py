"""`portal serve`."""

import asyncio
import errno
import os
import resource
import signal
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from tempfile import TemporaryDirectory
from typing import Annotated, NoReturn

import structlog
import typer
from sqlalchemy.exc import DBAPIError
from uvicorn import Config

from db.engine import Database
from domain.access import DEMO_PASSWORD
from domain.errors import Unavailable
from domain.refusals import ApiTokenLimit
from domain.users import UnknownUser, UserDisabled
from resolvers import tokens
from resolvers.portal import Portal
from server import diagnosis, logs, proxies, second_factor, setting_values, standard_streams
from server.cli.endings import ServerEnded
from server.cli.ownership import warn_if_open_to_others
from server.cli.runner import WRONGLY_USED, fail, failures, run, settings
from server.diagnosis import DatabaseTroubleError
from server.http.deadlines import Limits
from server.http.places import Caps
from server.settings import Settings
from server.shutdown import StoppingServer
from server.supervisor import Supervisor

_DEMO_USER = "gerente@alfa.example"
_DEMO_TOKEN_LIFETIME = timedelta(days=7)
GRACE_SECONDS = 10
_PATIENCE_SECONDS = 10
OTHER_FILES = 256
"""Files of a process that are no connections of callers: the database's, those of webhooks, modules."""

log = structlog.get_logger("portal.server")

_QUERY = "{ viewer { user { name } partner { name } } clients(first: 3) { totalCount nodes { name cnpj city } } }"


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="The address to listen on. [default: HOST, or 127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port; 0 for a free one. [default: PORT, or 8000]")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Number of server processes. [default: WORKERS, or 1]")
    ] = None,
) -> None:
    """Serve the API until Ctrl-C. With DEMO=true it also prints a token and a line to try it with."""
    given = settings()
    if host:
        try:
            setting_values.host(host)
        except ValueError as error:
            fail(f"--host: {error}.", status=WRONGLY_USED)
    with failures(given):
        # The server processes use both too, but can't report problems to the operator.
        for url in (given.database_url, *given.database_read_url):
            diagnosis.check_file(url)
        given.secret()
        _warn(given)
    logs.configure(given)
    proxies.warn_of_trust_in_all(given.forwarded_allow_ips)
    second_factor.hint_if_not_required(given)
    config = Config(
        "server.app:create",
        factory=True,
        host=host or given.host,
        port=given.port if port is None else port,
        workers=workers or given.workers,
        loop="uvloop",
        http="server.http.protocol:Protocol",
        # A handshake is read by the protocol of HTTP, which then hands the connection over.
        ws="none",
        ws_max_size=given.max_body_bytes,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=list(given.forwarded_allow_ips),
        # A pipelined request is started by the task of the one before it, whose deadline is a variable of its context.
        reset_contextvars=True,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # Here, so that a used port is reported before anything else is printed, and a free one is known. Several processes
    # can bind the same port until one of them listens.
    listening = _listening(config)
    port = listening.getsockname()[1]
    # Server processes read the settings again: links of a portal without PORTAL_URL have its address.
    os.environ |= {"HOST": _reachable(config.host), "PORT": str(port)}
    if given.demo and standard_streams.is_output_open():
        _welcome(_url(config.host, port), given)
    signal.signal(signal.SIGTERM, _end)
    with _metrics(given, config):
        _serve(given, config, listening)


def _listening(config: Config) -> socket.socket:
    """Return a socket that listens; exit if there is no such name, or the port can't be had."""
    try:
        # The family is that by which the socket is made.
        family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        socket.getaddrinfo(config.host, config.port, family, socket.SOCK_STREAM)
    except socket.gaierror:
        fail(f"The name {config.host} is not known; correct --host or HOST, or see the name service of this machine.")
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((config.host, config.port))
        listening.listen(config.backlog)
    except OSError as error:
        _refuse_port(config, config.port, error, "with --port or PORT")
    # Server processes that are not forked get it too.
    listening.set_inheritable(True)
    log.info("listening", address=config.host, port=listening.getsockname()[1])
    return listening


def _refuse_port(config: Config, port: int, error: OSError, how: str) -> NoReturn:
    fail(
        f"Port {port} of {config.host} can't be listened on: {os.strerror(error.errno or errno.EIO)}. Choose another "
        f"{how}, or another address of this machine with --host or HOST."
    )


def _serve(given: Settings, config: Config, listening: socket.socket) -> None:
    limits = Limits(
        header=given.header_timeout_seconds,
        body=given.body_timeout_seconds,
        answer=given.answer_timeout_seconds,
        keep_alive=given.keep_alive_seconds,
        ping=given.ping_seconds,
        caps=Caps(_connections(given), given.max_connections_of_address, given.forwarded_allow_ips),
    )
    if config.workers > 1:
        supervisor = Supervisor(config, limits, listening, patience_seconds=given.worker_timeout_seconds)
        raise typer.Exit(supervisor.run())
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # There is no other process that could serve meanwhile.
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    # uvicorn stops in good order, and then raises the signal again.
    with suppress(KeyboardInterrupt):
        StoppingServer(config, limits, shares_socket=False).run(sockets=[listening])
    raise ServerEnded


def _connections(given: Settings) -> int:
    """Let processes open as many files as the system does, and return how many connections they may have."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files < given.max_connections + OTHER_FILES:
        files = given.max_connections + OTHER_FILES
        files = files if most == resource.RLIM_INFINITY else min(files, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    connections = max(1, min(given.max_connections, files - OTHER_FILES))
    if connections < given.max_connections:
        log.warning("fewer connections than MAX_CONNECTIONS", connections=connections, files=files)
    return connections


@contextmanager
def _metrics(given: Settings, config: Config) -> Iterator[None]:
    """Give several workers a folder for their metrics, and listen on METRICS_PORT."""
    if not given.has_metrics:
        yield
        return
    with TemporaryDirectory(prefix="portal-metrics-") as folder:
        if config.workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        # A process without metrics need not import prometheus-client; and it reads this variable when it is imported.
        from server.metrics import exposition  # noqa: PLC0415

        if given.metrics_port is not None:
            token = None if given.metrics_token is None else given.metrics_token.get_secret_value()
            try:
                exposition.listen(config.host, given.metrics_port, token)
            except OSError as error:
                _refuse_port(config, given.metrics_port, error, "with METRICS_PORT")
        yield


def _warn(given: Settings) -> None:
    """Fail for a problem that only an operator can solve, and warn of one that may pass."""
    try:
        asyncio.run(_check_tables(given))
    except DatabaseTroubleError as trouble:
        if given.demo or not trouble.passing:
            raise
        typer.secho(f"{trouble} Until then /readyz says 503.", err=True, fg=typer.colors.YELLOW)
    warn_if_open_to_others(given)


async def _check_tables(given: Settings) -> None:
    database = Database(given.database_url, row_security=given.database_row_security)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await diagnosis.check_tables(database)
            await diagnosis.check_rights(database)
    except (Unavailable, DBAPIError, sqlite3.Error, OSError) as error:
        raise diagnosis.trouble(error, given.database_url) from error
    finally:
        await database.close()


def _end(_signal: int, _frame: object) -> NoReturn:
    raise ServerEnded


def _url(host: str, port: int) -> str:
    reachable = _reachable(host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _reachable(host: str) -> str:
    """Return the address at which this machine reaches a server that listens on the host."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "::1" if isinstance(address, IPv6Address) else "127.0.0.1"


def _welcome(url: str, given: Settings) -> None:
    async def work(portal: Portal) -> str | ApiTokenLimit | None:
        try:
            expires_at = portal.now() + _DEMO_TOKEN_LIFETIME
            return await tokens.issue(portal, _DEMO_USER, "demo", chosen=None, expires_at=expires_at)
        except (UnknownUser, UserDisabled):
            return None
        except ApiTokenLimit as reason:
            return reason

    typer.echo(f"\nThe portal is at {url}/graphql")
    # A program that reads the log often reads standard output too, and a token must not be there.
    if given.log_format == "json" and not sys.stdout.isatty():
        typer.echo(f"Make a token with: portal create-token --email {_DEMO_USER} --permissions all\n")
        return
    token = run(work)
    if token is None:
        typer.echo("There is no demo user to give a token to. Make demo data with: portal demo\n")
        return
    if isinstance(token, ApiTokenLimit):
        typer.echo(
            f"There are too many tokens for another one. Sign in as {_DEMO_USER} with the password {DEMO_PASSWORD}.\n"
        )
        return
    typer.echo(f"A token of {_DEMO_USER}, for {_DEMO_TOKEN_LIFETIME.days} days: {token}")
    if given.trusted_documents == "only":
        typer.echo("Only registered documents are run. See which: portal documents list\n")
        return
    typer.echo("Try it:\n")
    typer.echo(
        f"curl -s {url}/graphql -H 'Content-Type: application/json' -H 'Authorization: Bearer {token}' "
        f'-d \'{{"query": "{_QUERY}"}}\'\n'
    )
