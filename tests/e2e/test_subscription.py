"""Subscriptions over real connections, to two server processes on one database."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests import cnpjs, plain
from tests.api import Json
from tests.e2e.processes import serving, token

QUERY = "subscription ($after: String) { events(after: $after) { number cursor client { name } } }"
REGISTER = """mutation ($cnpj: String!) {
    registerClient(input: {cnpj: $cnpj, name: "Padaria São João"}) { client { id } userErrors { code } } }"""


def events_of(answer: httpx.Response) -> Iterator[Json]:
    """Yield the events of an answer while it comes."""
    for line in answer.iter_lines():
        kind, _, rest = line.partition(": ")
        if kind == "data" and rest:
            yield json.loads(rest)["data"]["events"]


def test_a_subscription_continues_in_another_process_when_one_stops(
    environment: dict[str, str], tmp_path: Path
) -> None:
    logs = tmp_path / "one", tmp_path / "two"
    with serving(environment, logs[0]) as (one, _), serving(environment, logs[1]) as (two, process):
        headers = {"Authorization": f"Bearer {token(logs[0].read_text())}"}
        with plain.Client(headers=headers, timeout=20) as http:

            def register() -> None:
                http.post(f"{one}/graphql", json={"query": REGISTER, "variables": {"cnpj": cnpjs.another()}})

            stream = {"Accept": "text/event-stream"}
            with http.stream("POST", f"{two}/graphql", json={"query": QUERY}, headers=stream) as answer:
                coming = events_of(answer)
                register()
                first = next(coming)
                process.send_signal(signal.SIGTERM)
                rest = list(coming)
            status = process.wait(20)
            register()
            again = {"query": QUERY, "variables": {"after": first["cursor"]}}
            with http.stream("POST", f"{one}/graphql", json=again, headers=stream) as answer:
                second = next(events_of(answer))

    assert (rest, status) == ([], 0)
    assert second["number"] == first["number"] + 1
    assert first["client"]["name"] == second["client"]["name"] == "Padaria São João"
