"""Client of the subscription `events`, below a portal that ends it for a while."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from server.cli import follower
from server.cli.follower import EndedError, Followed, events
from tests.server.conftest import Command

_EVENT = {"number": 1, "cursor": "abc", "type": "CLIENT_REGISTERED"}


@contextmanager
def portal_that_sends(
    *answers: str, tokens: list[str] | None = None, media_type: str | None = "text/event-stream", status: int = 200
) -> Iterator[str]:
    """Address of a server whose answers are these, one after the other; it notes the tokens.

    The last one is a stream of events in any case.
    """
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if tokens is not None:
                tokens.append(self.headers["Authorization"])
            self.rfile.read(int(self.headers["Content-Length"]))
            body = left.pop(0)
            shown = media_type if left else "text/event-stream"
            self.send_response(status if left else 200)
            if shown is not None:
                self.send_header("Content-Type", shown)
            self.end_headers()
            self.wfile.write(body.encode())

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
    told: list[str] = []

    with portal_that_sends(f"event: next\ndata: {refused}\n\n", f"id: abc\nevent: next\ndata: {sent}\n\n") as url:
        found = events(Followed(url, "ppt_any", {}), None, kept.append, told.append)
        event = next(found)
        found.close()  # type: ignore[attr-defined]  # It is a generator.

    assert event == _EVENT
    assert told == [f"The portal at {url} answered “Later.”; trying again."]


_PAGE, _SENT = "<html>Please sign in to the proxy.</html>", json.dumps({"data": {"events": _EVENT}})


@pytest.mark.parametrize(
    ("media_type", "body", "said"),
    [
        ("text/html; charset=utf-8", _PAGE, "answered with the status 200 and the type text/html, which is no stream"),
        (None, _PAGE, "answered with the status 200 and no type, which is no stream"),
        ("application/json", '{"data": {}}', "answered with the status 200 and the type application/json, which is no"),
        (
            "application/json",
            '{"errors": [{"message": "Later.", "extensions": {"code": "UNAVAILABLE"}}]}',
            "answered “Later.”; trying again.",
        ),
        ("text/event-stream", "", "ended its answer before the first cursor; trying again."),
        ("text/event-stream", 'id: abc\nevent: next\ndata: {"da', "ended its answer before the first cursor; trying"),
    ],
    ids=["page", "no type", "JSON", "errors that pass", "nothing", "a part"],
)
def test_an_answer_that_is_no_stream_is_told_once(
    monkeypatch: pytest.MonkeyPatch, media_type: str | None, body: str, said: str
) -> None:
    monkeypatch.setattr(follower, "_FIRST_PAUSE_SECONDS", 0.01)
    told: list[str] = []

    stream = f"id: abc\nevent: next\ndata: {_SENT}\n\n"
    with portal_that_sends(body, body, body, stream, media_type=media_type) as url:
        found = events(Followed(url, "ppt_any", {}), None, lambda _cursor: None, told.append)
        event = next(found)
        found.close()  # type: ignore[attr-defined]  # It is a generator.

    assert event == _EVENT
    assert [sentence.startswith(f"The portal at {url} {said}") for sentence in told] == [True], told


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, '{"errors": [{"message": "No more.", "extensions": {"code": "FORBIDDEN"}}]}', "No more."),
        (204, "", "The portal answered with the status 204."),
        (302, "", "The portal answered with the status 302, and the address None."),
        (403, '{"errors": ["proxy"]}', "The portal answered with the status 403."),
    ],
)
def test_an_answer_that_refuses_ends_the_program(command: Command, status: int, body: str, said: str) -> None:
    with portal_that_sends(body, "", media_type="application/json", status=status) as url:
        ended = command("events", "follow", "--token", "ppt_any", "--url", url)

    assert (ended.exit_code, ended.stderr) == (1, f"{said}\n")


def _until_it_ends(found: Iterator[object]) -> None:
    with suppress(EndedError):
        next(found)


def test_a_portal_that_can_not_be_reached_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "_FIRST_PAUSE_SECONDS", 0.01)
    kept: list[str] = []
    told: list[str] = []

    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        asking = Thread(
            target=_until_it_ends, args=(events(Followed(url, "ppt_any", {}), None, kept.append, told.append),)
        )
        asking.start()
        for _ in range(4):
            # As a proxy without a server behind it.
            server.accept()[0].close()
        with server.accept()[0] as last:
            last.recv(1 << 16)
            last.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        asking.join()

    assert [sentence.partition(" (")[0] for sentence in told] == [f"The portal at {url} can't be reached"]


@pytest.mark.parametrize("url", ["http://", "http://a..b", "http://[::1"])
def test_an_address_that_is_none_ends_the_program(command: Command, url: str) -> None:
    ended = command("events", "follow", "--token", "ppt_any", "--url", url)

    assert ended.exit_code == 1
    assert ended.stderr.startswith(f"The portal can't be asked at {url}: ")


@pytest.mark.parametrize("token", ["ppt_á", "ppt_a b", "ppt_a\nb"])
def test_a_token_with_other_characters_is_refused(command: Command, token: str) -> None:
    ended = command("events", "follow", "--token", token, "--url", "http://127.0.0.1:1")

    assert (ended.exit_code, ended.stderr) == (2, "TOKEN has characters that no token has; copy it again.\n")


def test_a_line_end_after_a_token_is_no_part_of_it(command: Command) -> None:
    refused = json.dumps({"errors": [{"message": "No more.", "extensions": {"code": "FORBIDDEN"}}]})
    asked: list[str] = []

    with portal_that_sends(f"event: next\ndata: {refused}\n\n", tokens=asked) as url:
        ended = command("events", "follow", "--token", "ppt_any\r\n", "--url", url)

    assert (ended.exit_code, ended.stderr) == (1, "No more.\n")
    assert asked == ["Bearer ppt_any"]
