"""The server as its operator starts it: a process of its own, on a port of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
ACTIVATE = """mutation ($input: ActivateLicenseInput!) {
    activateLicense(input: $input) { activation { id } userErrors { code } } }"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A demonstration with a database file of its own, filled."""
    environment = {**os.environ, "DEMO": "true", "DATABASE_URL": f"sqlite:///{tmp_path}/portal.db"}
    for command in ("migrate", "demo"):
        subprocess.run([sys.executable, "-m", "server", command], cwd=ROOT, env=environment, check=True)
    return environment


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _serving(environment: dict[str, str], log: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    url = f"http://127.0.0.1:{(port := _free_port())}"
    command = [sys.executable, "-m", "server", "serve", "--port", str(port)]
    with log.open("wb") as output, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output) as process:
        try:
            for _ in range(300):
                try:
                    httpx.get(f"{url}/readyz").raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.1)
            yield url, process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _ask(url: str, token: str, query: str, **variables: object) -> httpx.Response:
    body = {"query": query, "variables": variables}
    return httpx.post(f"{url}/graphql", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def test_the_server_welcomes_answers_and_stops_cleanly(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"

    with _serving(environment, log) as (url, process):
        welcome = log.read_text()
        token = re.search(r"ppt_\S+", welcome)
        assert token is not None
        line = next(line for line in welcome.splitlines() if line.startswith("curl "))
        pasted = subprocess.run(["bash", "-c", line], check=True, capture_output=True, text=True)  # noqa: S607

    assert url in welcome
    assert '"partner":{"name":"Alfa' in pasted.stdout
    assert process.returncode == 0


def test_two_processes_on_one_file_activate_no_more_than_there_is(environment: dict[str, str], tmp_path: Path) -> None:
    with _serving(environment, tmp_path / "one") as (one, _), _serving(environment, tmp_path / "two") as (two, _):
        found = re.search(r"ppt_\S+", (tmp_path / "one").read_text())
        assert found is not None
        token = found[0]
        query = "{ clients(first: 1) { nodes { id } } licenseStock { available product { id } } }"
        data = _ask(one, token, query).json()["data"]
        stock = min(data["licenseStock"], key=lambda each: each["available"])
        wanted = {"clientId": data["clients"]["nodes"][0]["id"], "productId": stock["product"]["id"]}
        tries = stock["available"] + 20

        def activate(place: int) -> bool:
            given = wanted | {"activationKey": f"RACE-{place}"}
            answer = _ask((one, two)[place % 2], token, ACTIVATE, input=given).json()
            return not answer["data"]["activateLicense"]["userErrors"]

        with ThreadPoolExecutor(20) as threads:
            done = sum(threads.map(activate, range(tries)))

    assert done == stock["available"]
