"""The script that polls events, as the documentation shows it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import cnpjs
from tests.api import Json
from tests.docs.conftest import Demo
from tests.docs.pages import the_file

_PAUSE = "time.sleep(5)"


def test_the_script_that_polls_prints_each_event_once(demo: Demo, tmp_path: Path) -> None:
    script = the_file("poll.py", "docs/guides/scripts.md")
    assert script.count(_PAUSE) == 1
    polling = tmp_path / "poll.py"
    polling.write_text(script.replace(_PAUSE, "time.sleep(0.05)"), encoding="utf-8")
    count = _data(demo, "{ events { totalCount } }")["events"]["totalCount"]

    with _running(polling, demo) as lines:
        printed = [next(lines) for _ in range(count)]
        while_it_polls = [_registered(demo, lines) for _ in range(2)]
        _wait_until_kept(tmp_path / "events.cursor", demo)
    while_it_is_stopped = _register(demo)
    with _running(polling, demo) as lines:
        after_a_start = next(lines)

    numbers = [int(line.split()[0]) for line in (*printed, *while_it_polls, after_a_start)]
    assert numbers == list(range(1, count + 4))
    assert count > 100
    assert after_a_start == f"{count + 3} CLIENT_REGISTERED {while_it_is_stopped}: cliente cadastrado."


@contextmanager
def _running(script: Path, demo: Demo) -> Iterator[Iterator[str]]:
    """The lines that the script prints, which is killed at the end."""
    command = [sys.executable, str(script)]
    environment = {"TOKEN": demo.token, "PORTAL": demo.url, "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        command, cwd=script.parent, env=environment, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        try:
            yield (line.rstrip("\n") for line in process.stdout)
        finally:
            process.kill()


def _registered(demo: Demo, lines: Iterator[str]) -> str:
    """What the script prints of a client that is registered while it polls."""
    name = _register(demo)
    line = next(lines)
    assert name in line
    return line


def _wait_until_kept(kept: Path, demo: Demo) -> None:
    """Wait until the script has written the cursor of the last event."""
    last = _data(demo, "{ events(last: 1) { pageInfo { endCursor } } }")["events"]["pageInfo"]["endCursor"]
    for _ in range(300):
        if kept.exists() and kept.read_text(encoding="utf-8") == last:
            return
        time.sleep(0.05)
    message = "the script did not write the cursor"
    raise AssertionError(message)


def _register(demo: Demo) -> str:
    """Register a client, and return its name."""
    number = cnpjs.another()
    query = "mutation ($input: RegisterClientInput!) { registerClient(input: $input) { client { name } } }"
    payload = _data(demo, query, input={"cnpj": number, "name": f"Padaria {number}"})["registerClient"]
    return str(payload["client"]["name"])


def _data(demo: Demo, query: str, **variables: object) -> Json:
    data: Json = demo.ask(query, variables)["data"]
    return data
