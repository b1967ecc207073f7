"""Metrics of a server with two processes, on a port of their own."""

import os
import re
import signal
import socket
import time
from pathlib import Path

from tests import plain
from tests.e2e.processes import free_port, serving, token

NAMED = 'portal_operation_seconds_count{operation="Everyone",outcome="ok",type="query"}'

STARTED = re.compile(r"Started server process \[(\d+)\]")
SUBSCRIBERS = 'portal_subscribers{transport="sse"}'


def test_counters_of_ended_workers_remain_and_their_gauges_do_not(environment: dict[str, str], tmp_path: Path) -> None:
    log, port = tmp_path / "log", free_port()
    page = f"http://127.0.0.1:{port}/metrics"
    environment = {**environment, "METRICS_PORT": str(port), "METRICS_TOKEN": "m" * 16, "LOG_FORMAT": "console"}

    def asked(times: int) -> None:
        for _ in range(times):
            # A connection of its own each time, so that any process answers.
            query = "query Everyone { viewer { user { name } } }"
            answer = plain.post(f"{url}/graphql", json={"query": query}, headers=headers, timeout=60)
            assert "errors" not in answer.raise_for_status().json()

    def counted(name: str = NAMED) -> float:
        text = plain.get(page, headers={"Authorization": f"Bearer {'m' * 16}"}).raise_for_status().text
        found = re.search(re.escape(name) + r" (\S+)", text)
        return float(found[1]) if found else 0.0

    def wait_for(number: int, name: str = NAMED) -> None:
        # A worker counts a request after its answer.
        until = time.monotonic() + 60
        while (found := counted(name)) != number:
            assert time.monotonic() < until, found
            time.sleep(0.05)

    # Its parent has a thread, which a process that tests fork must not have.
    with serving(environment, log, workers=2, program=True) as (url, _):
        headers = {"Authorization": f"Bearer {token(log.read_text())}"}
        refused = plain.get(page).status_code
        asked(6)
        wait_for(6)
        query, accept = {"query": "subscription { events { number } }"}, {"Accept": "text/event-stream"}
        with plain.stream("POST", f"{url}/graphql", json=query, headers=headers | accept):
            wait_for(1, SUBSCRIBERS)
            for worker in STARTED.findall(log.read_text()):
                os.kill(int(worker), signal.SIGKILL)
            wait_for(0, SUBSCRIBERS)
        assert counted() == 6
        asked(6)
        wait_for(12)

    assert refused == 401


def test_what_is_no_request_is_counted_by_its_status(environment: dict[str, str], tmp_path: Path) -> None:
    token_of_metrics = "m" * 16

    with serving({**environment, "METRICS_TOKEN": token_of_metrics}, tmp_path / "log") as (url, _):
        port = int(url.rpartition(":")[2])
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as caller:
                caller.sendall(b"BAD\x01 / HTTP/1.1\r\n\r\n")
                assert caller.recv(12) == b"HTTP/1.1 400"
        headers = {"Authorization": f"Bearer {token_of_metrics}"}
        text = plain.get(f"{url}/metrics", headers=headers).raise_for_status().text

    assert 'portal_http_responses_total{status="400"} 3.0' in text
