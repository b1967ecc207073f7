"""The script that follows a subscription, as the documentation shows it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests import cnpjs
from tests.docs.conftest import Demo, served
from tests.docs.pages import the_file
from tests.e2e.processes import wait_until

_LAST = "{ events(last: 1) { nodes { cursor occurredAt } } }"
_REGISTER = """mutation ($cnpj: String!, $name: String!) {
    registerClient(input: {cnpj: $cnpj, name: $name}) { client { id } userErrors { code } } }"""


@contextmanager
def _running(script: Path, demo: Demo) -> Iterator[Iterator[str]]:
    """The lines that the script prints, also those of errors; it is killed at the end."""
    environment = {**os.environ, "PORTAL": demo.url, "TOKEN": demo.token, "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        [sys.executable, str(script)],
        cwd=script.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        try:
            yield (line.rstrip("\n") for line in process.stdout)
        finally:
            process.kill()


def _register(demo: Demo, name: str) -> None:
    demo.ask(_REGISTER, {"cnpj": cnpjs.another(), "name": name})


@pytest.mark.parametrize("name", ["follow.py", "follow_by_websocket.py"])
def test_the_script_that_follows_prints_each_event_once(demo: Demo, tmp_path: Path, name: str) -> None:
    script = tmp_path / name
    script.write_text(the_file(name, "docs/guides/subscriptions.md"), encoding="utf-8")
    kept_at = tmp_path / "events.cursor"
    with _running(script, demo):
        # It keeps a cursor before the first event.
        wait_until(kept_at.exists)
    (before,) = demo.ask("{ events(last: 1) { nodes { number } } }")["data"]["events"]["nodes"]
    _register(demo, "Padaria Um")

    with _running(script, demo) as lines:
        printed = [next(lines)]
        _register(demo, "Padaria Dois")
        printed.append(next(lines))
    _register(demo, "Padaria Três")
    with _running(script, demo) as lines:
        # It may have been killed before it kept the last cursor.
        printed.append(next(line for line in lines if "Três" in line))

    numbers = [int(line.split()[0]) for line in printed]
    assert numbers == [before["number"] + more for more in (1, 2, 3)]
    assert [name in line for name, line in zip(("Um", "Dois", "Três"), printed, strict=True)] == [True] * 3


@pytest.mark.parametrize("name", ["follow.py", "follow_by_websocket.py"])
def test_a_script_that_is_one_too_many_follows_later(program: Path, tmp_path: Path, name: str) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, chosen in ((first, "follow.py"), (second, name)):
        folder.mkdir()
        (folder / chosen).write_text(the_file(chosen, "docs/guides/subscriptions.md"), encoding="utf-8")

    with served(program, tmp_path / "served", MAX_SUBSCRIPTIONS_OF_USER="1") as demo, ExitStack() as running:
        until_killed = running.enter_context(ExitStack())
        until_killed.enter_context(_running(first / "follow.py", demo))
        wait_until((first / "events.cursor").exists)
        lines = running.enter_context(_running(second / name, demo))
        refused = next(lines)
        until_killed.close()
        wait_until((second / "events.cursor").exists)
        _register(demo, "Padaria Um")
        printed = next(line for line in lines if line != refused)

    assert "acompanhamento aberto" in refused
    assert "Padaria Um" in printed


def test_the_script_that_catches_up_prints_what_has_changed_and_the_cursor(demo: Demo, tmp_path: Path) -> None:
    script = tmp_path / "catch_up.py"
    script.write_text(the_file("catch_up.py", "docs/guides/subscriptions.md"), encoding="utf-8")
    (before,) = demo.ask(_LAST)["data"]["events"]["nodes"]
    _register(demo, "Padaria Nova")
    cancelled = demo.ask('{ clients(first: 1, filter: { search: "Padaria Nova" }) { nodes { id } } }')
    client = cancelled["data"]["clients"]["nodes"][0]["id"]
    demo.ask(
        "mutation ($id: ID!) { cancelClient(input: { clientId: $id }) { client { id } userErrors { code } } }",
        {"id": client},
    )
    environment = {**os.environ, "PORTAL": demo.url, "TOKEN": demo.token, "PYTHONIOENCODING": "utf-8"}

    done = subprocess.run(
        [sys.executable, str(script), before["occurredAt"]],
        env=environment,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )

    *lines, cursor = done.stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    (last,) = demo.ask(_LAST)["data"]["events"]["nodes"]
    assert (rows[-1]["list"], rows[-1]["id"], rows[-1]["status"], rows[-1]["cnpj"]) == (
        *("clients", client, "CANCELLED"),
        None,
    )
    assert len(rows) < 10
    assert cursor == last["cursor"]
