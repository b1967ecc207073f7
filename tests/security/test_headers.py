"""Headers and URLs of 62 KB take hardly more than those of a browser, whatever is in them."""

from collections.abc import Sequence

import pytest

from tests.e2e.sockets import HEALTH, calling, post
from tests.security.harness import WORK_MAX, CountedTarget

SIZE = 62_000

REQUEST_MAX = WORK_MAX // 25
"""Maximum bytecodes of a request: about 2 ms of a processor of the usual pace. A short one takes a twentieth."""

WEBSOCKET = (
    b"GET /graphql HTTP/1.1\r\nHost: portal\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def filled(name: bytes, unit: bytes) -> bytes:
    """Return a header whose value repeats some bytes."""
    return b"%b: %b" % (name, unit * (SIZE // len(unit)))


def spread(name: bytes, unit: bytes) -> Sequence[bytes]:
    """Return ninety headers of one name, together as long."""
    return [b"%b: %b" % (name, unit * (SIZE // 95 // len(unit) - len(name)))] * 90


def get(path: bytes, *headers: bytes) -> bytes:
    """Return a GET."""
    return b"GET %b HTTP/1.1\r\nHost: portal\r\n%b\r\n" % (path, b"".join(b"%b\r\n" % each for each in headers))


def status(port: int, request: bytes) -> int:
    """Return the status of the answer."""
    with calling(port) as caller:
        caller.send(request)
        return caller.head().status


LONG = {
    "Accept": (post(b"{", filled(b"Accept", b"a,")), 406),
    "Accept of empty members": (post(b"{", filled(b"Accept", b",")), 400),
    "Accept of parameters": (post(b"{", b"Accept: */*, " + b"a;" * (SIZE // 2)), 400),
    "Accept in parts": (post(b"{", *spread(b"Accept", b"a/b,")), 406),
    "Accept-Encoding": (post(b"{", filled(b"Accept-Encoding", b",")), 400),
    "Accept-Language": (post(b"{", filled(b"Accept-Language", b"pt,")), 400),
    "GraphQL-Cost": (post(b"{", filled(b"GraphQL-Cost", b"a,")), 400),
    "If-None-Match": (post(b"{", filled(b"If-None-Match", b'"a",')), 400),
    "Accept of an export": (get(b"/exports/AAAA", filled(b"Accept", b"a,")), 404),
    "Accept of the redirect": (get(b"/", filled(b"Accept", b"text/html,")), 307),
    "Accept-Encoding of a file": (get(b"/graphiql/assets/x.js", filled(b"Accept-Encoding", b",")), 404),
    "path of a file": (get(b"/graphiql/assets/" + b"a/" * 8_000), 404),
    "escaped path of a file": (get(b"/graphiql/assets/" + b"%2f" * 5_000), 404),
    "long path": (get(b"/" + b"%41" * (SIZE // 3)), 414),
    "parameters": (get(b"/graphql?" + b"a=&" * (SIZE // 3)), 400),
    "parameters of the page": (get(b"/graphql?" + b"a=&" * (SIZE // 3), b"Accept: text/html"), 200),
    "Host": (get(b"/healthz").replace(b"portal", b"a" * SIZE), 400),
    "Content-Type": (post().replace(b"/json", b"/json" + b";" * SIZE), 415),
    "Expect": (HEALTH + filled(b"Expect", b",") + b"\r\n\r\n", 431),
    "Transfer-Encoding": (HEALTH + b"Transfer-Encoding: " + b"," * SIZE + b"chunked\r\n\r\n0\r\n\r\n", 431),
    "Upgrade": (get(b"/graphql", b"Connection: Upgrade", filled(b"Upgrade", b"a,")), 400),
    "Sec-WebSocket-Protocol": (WEBSOCKET + filled(b"Sec-WebSocket-Protocol", b"a,") + b"\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_header_takes_hardly_more_than_a_short_one(counted: CountedTarget, name: str) -> None:
    request, expected = LONG[name]

    with counted.takes_little(REQUEST_MAX):
        assert status(counted.port, request) == expected
