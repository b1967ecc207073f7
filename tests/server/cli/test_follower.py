"""Client of the subscription `events`, below a portal that ends it for a while."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from server.cli.follower import Followed, events

_EVENT = {"number": 1, "cursor": "abc", "type": "CLIENT_REGISTERED"}


@contextmanager
def portal_that_sends(*answers: str) -> Iterator[str]:
    """Address of a server whose answers are these, one after the other."""
    left = iter(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(next(left).encode())

        def log_message(self, *_arguments: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize("code", ["RATE_LIMITED", "TIMEOUT", "UNAVAILABLE"])
def test_a_subscription_that_ends_for_a_while_is_begun_again(code: str) -> None:
    refused = json.dumps({"errors": [{"message": "Later.", "extensions": {"code": code}}]})
    sent = json.dumps({"data": {"events": _EVENT}})
    kept: list[str] = []

    with portal_that_sends(f"event: next\ndata: {refused}\n\n", f"id: abc\nevent: next\ndata: {sent}\n\n") as url:
        found = events(Followed(url, "ppt_any", {}), None, kept.append)
        event = next(found)
        found.close()  # type: ignore[attr-defined]  # It is a generator.

    assert event == _EVENT
