"""`portal serve`."""

import signal
import sys
from datetime import timedelta
from typing import Annotated, NoReturn

import typer
from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

from resolvers.portal import Portal
from server import logs
from server.cli.running import fail, failures, run, settings
from server.cli.tokens import NoSuchUser, issue
from server.settings import Settings

_DEMO_USER = "gerente@alfa.example"
_DEMO_TOKEN_LIFETIME = timedelta(days=7)
_GRACE_SECONDS = 10
_QUERY = "{ viewer { user { name } partner { name } } clients(first: 3) { totalCount nodes { name cnpj city } } }"


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="The address to listen on. [default: HOST, or 127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port; 0 for a free one. [default: PORT, or 8000]")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="How many processes serve. [default: WORKERS, or 1]")
    ] = None,
) -> None:
    """Serve the API until Ctrl-C. With DEMO=true it also prints a token and a line to try it with."""
    given = settings()
    with failures():
        # The processes that serve read it too: one of them must not be the first to make it, or to find it wrong.
        given.secret()
    logs.configure(given)
    config = Config(
        "server.app:create",
        factory=True,
        host=host or given.host,
        port=given.port if port is None else port,
        workers=workers or given.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    # Bound here, so that a port in use is found before anything is printed, and a free one is known.
    try:
        listening = config.bind_socket()
    except SystemExit:
        fail(f"Port {config.port} of {config.host} can't be listened on; choose another with --port or PORT.")
    if given.demo:
        _welcome(_url(config.host, listening.getsockname()[1]), given)
    signal.signal(signal.SIGTERM, _end)
    try:
        if config.workers > 1:
            Multiprocess(config, sockets=[listening]).run()
        else:
            Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        # uvicorn has stopped in good order and then raises the signal once more.
        return


def _end(_signal: int, _frame: object) -> NoReturn:
    sys.exit(0)


def _url(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 — it is read here, not bound.
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _welcome(url: str, given: Settings) -> None:
    async def work(portal: Portal) -> str | None:
        try:
            expires_at = portal.now() + _DEMO_TOKEN_LIFETIME
            return await issue(portal, _DEMO_USER, "demo", chosen=None, expires_at=expires_at)
        except NoSuchUser:
            return None

    typer.echo(f"\nThe portal is at {url}/graphql")
    # Where a program reads the log, it often reads standard output too, and a token has no place there.
    if given.log_format == "json" and not sys.stdout.isatty():
        typer.echo(f"Make a token with: portal create-token --email {_DEMO_USER} --permissions all\n")
        return
    token = run(work)
    if token is None:
        typer.echo("There is no demo data yet. Make it with: portal demo\n")
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
