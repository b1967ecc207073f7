"""`portal events follow` beside a server that is restarted."""

import json
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests import cnpjs, plain
from tests.api import Json
from tests.e2e import forks
from tests.e2e.processes import free_port, serving, token, wait_until

_AGAIN_SECONDS = 5
"""After how long a person would press Ctrl-C again."""

REGISTERED = "{ events(last: 4, filter: { types: [CLIENT_REGISTERED] }) { nodes { number } } }"
REGISTER = """mutation ($cnpj: String!) {
    registerClient(input: {cnpj: $cnpj, name: "Padaria São João"}) { client { id } userErrors { code } } }"""


@contextmanager
def following(environment: dict[str, str], *options: str) -> Iterator[Iterator[Json]]:
    """Yield the lines that the command prints, and end it."""
    command = [str(forks.portal()), "events", "follow", *options]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield map(json.loads, process.stdout)
        while process.poll() is None:
            # Python loses an interruption that arrives where it can't be raised, such as in a destructor.
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_AGAIN_SECONDS)


def test_a_follower_gets_each_event_once_across_restarts_of_both(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, log = free_port(), tmp_path / "log"
    monkeypatch.setattr("tests.e2e.processes.free_port", lambda: port)
    url, state = f"http://127.0.0.1:{port}", tmp_path / "cursor"
    (tmp_path / "kept").mkdir()
    state.symlink_to("kept/cursor")

    def asked(query: str) -> Json:
        body = {"query": query, "variables": {"cnpj": cnpjs.another()}}
        headers = {"Authorization": f"Bearer {environment['TOKEN']}"}
        return plain.post(f"{url}/graphql", json=body, headers=headers, timeout=20).json()["data"]

    found: list[Json] = []

    def take(lines: Iterator[Json]) -> None:
        found.append(next(lines))
        # An event whose cursor is not kept yet would be printed again.
        wait_until(lambda: state.read_text().strip() == found[-1]["cursor"])

    options = ["--state", str(state), "--select", "client { name }", "--type", "ACTIVATION_CANCELLED"]
    with serving(environment, log):
        environment |= {"TOKEN": token(log.read_text()), "PORTAL": url}
        with following(environment, *options):
            # What happens from now on is not lost, though there has been no event.
            wait_until(state.exists)
        asked(REGISTER)
    options[-1] = "CLIENT_REGISTERED"
    with serving(environment, log), following(environment, *options) as lines:
        take(lines)
    with following(environment, *options) as lines:
        with serving(environment, log):
            asked(REGISTER)
            take(lines)
        # It is followed again when the server is back.
        with serving(environment, log):
            asked(REGISTER)
            take(lines)
    with serving(environment, log):
        asked(REGISTER)
        with following(environment, *options) as lines:
            take(lines)
        registered = asked(REGISTERED)["events"]["nodes"]

    assert [event["number"] for event in found] == [each["number"] for each in registered]
    assert {event["client"]["name"] for event in found} == {"Padaria São João"}
    assert {event["type"] for event in found} == {"CLIENT_REGISTERED"}
    assert state.is_symlink()


def test_a_refusal_that_stays_ends_the_program(environment: dict[str, str], tmp_path: Path) -> None:
    def ended(**variables: str) -> tuple[int, str]:
        command = [str(forks.portal()), "events", "follow"]
        done = subprocess.run(command, env=environment | variables, check=False, capture_output=True, text=True)
        return done.returncode, done.stderr

    with serving(environment, tmp_path / "log") as (url, _):
        refused, without, wrong = ended(PORTAL=url, TOKEN="ppt_none"), ended(PORTAL=url), ended(PORTAL="x", TOKEN="y")

    assert refused[0] == 1
    assert "token" in refused[1]
    assert without == (2, "There is no token: set TOKEN.\n")
    assert wrong[0] == 2
    assert "--url" in wrong[1]


def test_a_cursor_that_is_too_old_says_how_to_catch_up(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serving(environment, log) as (url, _):
        environment |= {"TOKEN": token(log.read_text()), "PORTAL": url}
        body = {"query": "{ events(first: 1) { nodes { cursor } } }"}
        headers = {"Authorization": f"Bearer {environment['TOKEN']}"}
        answer = plain.post(f"{url}/graphql", json=body, headers=headers, timeout=20).json()
        (first,) = answer["data"]["events"]["nodes"]
        with closing(sqlite3.connect(tmp_path / "portal.db")) as database, database:
            # As if the events were deleted because of their age.
            database.execute("UPDATE partner_counters SET dropped_number = event_number - 1")
        command = [str(forks.portal()), "events", "follow", "--after", first["cursor"]]
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (1, "")
    assert "`clients` and `activations` with `updatedSince`" in done.stderr
