"""The script of the README that polls events."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests import cnpjs
from tests.api import Json
from tests.e2e.processes import ROOT, portal, serving

_SCRIPT = re.compile(r"\n### Polling events\n.*?```python\n(.*?)\n```", re.DOTALL)
_ADDRESS, _PAUSE = "http://127.0.0.1:8000", "time.sleep(5)"


def test_the_script_of_the_readme_prints_each_event_once(environment: dict[str, str], tmp_path: Path) -> None:
    (script,) = _SCRIPT.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    token = portal(environment, "create-token", "--email", "gerente@alfa.example", "--permissions", "all").strip()

    with serving(environment, tmp_path / "log") as (url, _):
        assert script.count(_ADDRESS) == script.count(_PAUSE) == 1
        polling = tmp_path / "poll.py"
        polling.write_text(script.replace(_ADDRESS, url).replace(_PAUSE, "time.sleep(0.05)"), encoding="utf-8")
        count = _ask(url, token, "{ events { totalCount } }")["events"]["totalCount"]

        with _running(polling, token) as lines:
            printed = [next(lines) for _ in range(count)]
            while_it_polls = [_registered(url, token, lines) for _ in range(2)]
            _wait_until_kept(tmp_path / "events.cursor", url, token)
        while_it_is_stopped = _register(url, token)
        with _running(polling, token) as lines:
            after_a_start = next(lines)

    numbers = [int(line.split()[0]) for line in (*printed, *while_it_polls, after_a_start)]
    assert numbers == list(range(1, count + 4))
    assert count > 100
    assert after_a_start == f"{count + 3} CLIENT_REGISTERED {while_it_is_stopped}: cliente cadastrado."


@contextmanager
def _running(script: Path, token: str) -> Iterator[Iterator[str]]:
    """Yield the lines that the script prints, and kill it at the end."""
    command = [sys.executable, str(script)]
    environment = {"TOKEN": token, "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        command, cwd=script.parent, env=environment, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        try:
            yield (line.rstrip("\n") for line in process.stdout)
        finally:
            process.kill()


def _registered(url: str, token: str, lines: Iterator[str]) -> str:
    """Register a client while the script polls, and return the line that it prints."""
    name = _register(url, token)
    line = next(lines)
    assert name in line
    return line


def _wait_until_kept(place: Path, url: str, token: str) -> None:
    """Wait until the script has stored the cursor of the last event."""
    last = _ask(url, token, "{ events(last: 1) { pageInfo { endCursor } } }")["events"]["pageInfo"]["endCursor"]
    for _ in range(300):
        if place.exists() and place.read_text(encoding="utf-8") == last:
            return
        time.sleep(0.05)
    message = "the script did not write the cursor"
    raise AssertionError(message)


def _register(url: str, token: str) -> str:
    """Register a client, and return its name."""
    number = cnpjs.another()
    query = "mutation ($input: RegisterClientInput!) { registerClient(input: $input) { client { name } } }"
    payload = _ask(url, token, query, input={"cnpj": number, "name": f"Padaria {number}"})["registerClient"]
    return str(payload["client"]["name"])


def _ask(url: str, token: str, query: str, **variables: object) -> Json:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"query": query, "variables": variables})
    return httpx.post(f"{url}/graphql", content=body, headers=headers).json()["data"]
