"""Processes that stop while a name server does not answer."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from db.engine import Database
from resolvers.portal import Portal
from tests import plain
from tests.databases import Databases
from tests.e2e.forks import ROOT
from tests.e2e.processes import serving, wait_until
from tests.factories import new_caller, new_partner

NAME = "receiver.silent.example"

RESOLVER = f"""
import pathlib, socket, threading

resolve = socket.getaddrinfo

def getaddrinfo(host, *arguments, **named):
    if host != {NAME!r}:
        return resolve(host, *arguments, **named)
    pathlib.Path({{asked!r}}).touch()
    threading.Event().wait(600)

socket.getaddrinfo = getaddrinfo
"""
"""Module that each Python imports at its start, and with which the system looks for one name without an end."""


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """File that there is once a process looks for the name."""
    file = tmp_path / "asked"
    (tmp_path / "sitecustomize.py").write_text(RESOLVER.format(asked=str(file)))
    return file


@pytest.fixture
async def portal(databases: Databases) -> AsyncIterator[Portal]:
    """Portal on a database of its own."""
    database = Database(databases.migrated("sqlite"))
    yield Portal(database, uuid4().hex.encode(), private_webhooks=True)
    await database.close()


@pytest.fixture
def environment(portal: Portal, tmp_path: Path) -> dict[str, str]:
    """Environment of the server processes."""
    return {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{portal.database.url.database}",
        "SECRET_KEY": portal.secret.decode(),
        "WEBHOOKS_ALLOW_PRIVATE": "true",
        "TMPDIR": str(tmp_path),
        "LOG_FORMAT": "json",
    }


@contextmanager
def sending(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "server", "webhooks", "send"]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def metrics_folders(folder: Path) -> list[Path]:
    return list(folder.glob("portal-metrics-*"))


async def send_to_the_name(portal: Portal, address: str, asked: Path) -> None:
    async with plain.AsyncClient(base_url=address, timeout=60) as http:
        caller = await new_caller(http, portal, await new_partner(portal))
        given = {"url": f"http://{NAME}/", "filter": {"types": ["CLIENT_REGISTERED"]}}
        await caller.done("createWebhook", "webhook { id }", given)
        await caller.client()
    await asyncio.to_thread(wait_until, asked.exists)


async def test_a_stopping_server_waits_for_no_name(
    portal: Portal, environment: dict[str, str], asked: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    environment["METRICS_TOKEN"] = uuid4().hex
    with serving(environment, log, program=True) as (address, process):
        await send_to_the_name(portal, address, asked)
        process.send_signal(signal.SIGTERM)
        status = await asyncio.to_thread(process.wait, 60)

    assert status == 0
    assert "Finished server process" in log.read_text()
    assert metrics_folders(tmp_path) == []


async def test_a_stopping_sender_waits_for_no_name(
    portal: Portal, environment: dict[str, str], asked: Path, tmp_path: Path
) -> None:
    server = {**environment, "WEBHOOKS_SEND": "false"}
    with serving(server, tmp_path / "log") as (address, _), sending(environment) as sender:
        await send_to_the_name(portal, address, asked)
        sender.send_signal(signal.SIGTERM)
        status = await asyncio.to_thread(sender.wait, 60)

    assert status == 0
