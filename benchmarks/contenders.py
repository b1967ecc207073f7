"""Contenders: how each of them is started, on which packages."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

from benchmarks import installation, pragmas
from benchmarks.paths import PEERS, PROJECT


@dataclass(frozen=True, slots=True)
class Start:
    """Arguments for the start of a contender."""

    database: Path
    port: int
    durability: str


@dataclass(frozen=True, slots=True)
class Contender:
    """Server that answers the workloads, or shows a limit of any server."""

    name: str
    title: str
    command: Callable[[Start], Sequence[str]]
    environment: Callable[[Start], Mapping[str, str]]
    versions: Callable[[], Mapping[str, str]]
    set_up: Callable[[], None] = lambda: None
    only: frozenset[str] | None = None
    """Workloads that it can be measured with; None for all."""
    answers: bool = True
    """Whether its answers are data, to be compared with the portal's."""
    by_default: bool = True


def _portal(start: Start) -> Sequence[str]:
    # The command that the package installs, beside the running interpreter.
    return [str(Path(sys.executable).with_name("portal")), "serve", "--host", "127.0.0.1", "--port", str(start.port)]


def _stock(start: Start) -> Sequence[str]:
    return served("benchmarks.stock:create", PROJECT, Path(sys.executable), start, factory=True)


def _portal_environment(start: Start) -> Mapping[str, str]:
    # Otherwise it would run with an unknown durability, and be compared for work that it did not do.
    pragmas.of_portal(start.database, start.durability)
    return {
        "DATABASE_URL": pragmas.portal_url(start.database, start.durability),
        # No peer logs a line per request, and there is no setting for that alone.
        "LOG_LEVEL": "WARNING",
        # One caller asks as fast as it can; its points are counted, and it never meets the limit.
        "RATE_LIMIT_PARTNER": "1000000",
        "SECRET_KEY": token_hex(32),
    }


def _node(script: str) -> Callable[[Start], Sequence[str]]:
    return lambda _: [installation.NODE, "--disable-warning=ExperimentalWarning", str(installation.NODE_PEERS / script)]


def _uvicorn(application: str) -> Callable[[Start], Sequence[str]]:
    return lambda start: served(application, PEERS / "python", installation.PYTHON, start)


def served(application: str, folder: Path, python: Path, start: Start, *, factory: bool = False) -> Sequence[str]:
    """Return the command of uvicorn for an application."""
    return [
        str(python),
        "-m",
        "uvicorn",
        application,
        "--app-dir",
        str(folder),
        "--host=127.0.0.1",
        f"--port={start.port}",
        "--loop=uvloop",
        "--http=httptools",
        "--no-access-log",
        "--log-level=warning",
        *(["--factory"] if factory else []),
    ]


def _peer_environment(start: Start) -> Mapping[str, str]:
    found = {**pragmas.of_portal(start.database, "FULL"), "synchronous": start.durability}
    return {
        "DATABASE": str(start.database),
        "PORT": str(start.port),
        "PRAGMAS": json.dumps([f"PRAGMA {name} = {value}" for name, value in found.items()]),
        "NODE_ENV": "production",
    }


CONTENDERS = (
    Contender(
        "ours",
        "Portal (this project)",
        _portal,
        _portal_environment,
        lambda: installation.python_versions(Path(sys.executable), "strawberry-graphql", "graphql-core", "sqlalchemy"),
    ),
    Contender(
        "ours-stock",
        "Portal with graphql-core's own execution",
        _stock,
        _portal_environment,
        lambda: installation.python_versions(Path(sys.executable), "strawberry-graphql", "graphql-core", "sqlalchemy"),
        by_default=False,
    ),
    Contender(
        "mercurius",
        "Mercurius with JIT (Fastify)",
        _node("mercurius.js"),
        _peer_environment,
        lambda: installation.node_versions("mercurius", "fastify", "graphql-jit", "better-sqlite3"),
        installation.node,
    ),
    Contender(
        "yoga",
        "GraphQL Yoga with graphql-jit",
        _node("yoga.js"),
        _peer_environment,
        lambda: installation.node_versions("graphql-yoga", "@envelop/graphql-jit", "graphql-jit", "better-sqlite3"),
        installation.node,
    ),
    Contender(
        "apollo",
        "Apollo Server",
        _node("apollo.js"),
        _peer_environment,
        lambda: installation.node_versions("@apollo/server", "fastify", "graphql", "better-sqlite3"),
        installation.node,
    ),
    Contender(
        "strawberry",
        "Strawberry as in its textbook, SQLAlchemy's ORM",
        _uvicorn("strawberry_orm:app"),
        _peer_environment,
        lambda: installation.python_versions(installation.PYTHON, "strawberry-graphql", "graphql-core", "sqlalchemy"),
        installation.python,
    ),
    Contender(
        "ariadne",
        "Ariadne with dataloaders",
        _uvicorn("ariadne_app:app"),
        _peer_environment,
        lambda: installation.python_versions(installation.PYTHON, "ariadne", "graphql-core", "aiosqlite"),
        installation.python,
    ),
    Contender(
        "sql-json",
        "Limit: one SQL statement makes the JSON (Starlette)",
        _uvicorn("sql_json:app"),
        _peer_environment,
        lambda: installation.python_versions(installation.PYTHON, "starlette", "uvicorn"),
        installation.python,
    ),
    Contender(
        "hello",
        "Limit: a constant answer (plain ASGI)",
        _uvicorn("hello:app"),
        _peer_environment,
        lambda: installation.python_versions(installation.PYTHON, "uvicorn"),
        installation.python,
        only=frozenset({"W1"}),
        answers=False,
    ),
)

_BY_NAME = {contender.name: contender for contender in CONTENDERS}

FOLLOWED = {
    "ours-sse": replace(_BY_NAME["ours"], name="ours-sse"),
    "ours-websocket": replace(_BY_NAME["ours"], name="ours-websocket"),
    "mercurius-websocket": replace(
        _BY_NAME["mercurius"], name="mercurius-websocket", command=_node("mercurius-events.js")
    ),
    "yoga-sse": replace(_BY_NAME["yoga"], name="yoga-sse", command=_node("yoga-events.js")),
}
"""Contenders that have subscriptions, with the transport of each."""

REFERENCE = Contender("reference", "Portal with graphql-core's own execution", _stock, _portal_environment, dict)
"""Contender whose answers are the reference."""


def environment(contender: Contender, start: Start) -> dict[str, str]:
    """Return the environment of a contender, without the portal's settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
    return {**kept, "PYTHONPATH": str(PROJECT) if contender.command is _portal else "", **contender.environment(start)}
