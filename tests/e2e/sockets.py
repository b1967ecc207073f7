"""Callers that write requests byte by byte, as no HTTP client would."""

import json
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.api import Json

PATIENCE_SECONDS = 30
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: portal\r\n"
GRAPHQL = b"POST /graphql HTTP/1.1\r\nHost: portal\r\nContent-Type: application/json\r\n"
TYPENAME = b'{"query": "{ __typename }"}'


class Answer(NamedTuple):
    """One answer of a connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """Return the parsed body."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """Return the message of its only error."""
        (error,) = self.json["errors"]
        return str(error["message"])


class Caller:
    """Connection to a server."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._read = b""

    def send(self, *parts: bytes) -> None:
        """Write; ignore bytes that the server no longer accepts."""
        try:
            for part in parts:
                self.socket.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            return

    def answer(self, *, bodiless: bool = False) -> Answer:
        """Return the next answer; raise EOFError if the server closed, ConnectionError if it reset the connection."""
        head = self.head()
        length = 0 if bodiless else int(head.headers.get("content-length", "0"))
        return head._replace(body=self._bytes(length))

    def head(self) -> Answer:
        """Return the next answer without its body, which is not read yet."""
        line, *lines = self._until(b"\r\n\r\n").decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
        return Answer(int(line.split()[1]), headers, b"")

    def answers(self) -> list[Answer]:
        """Return the answers up to the end of the connection."""
        found = []
        try:
            while True:
                found.append(self.answer())
        except EOFError:
            return found

    def rest(self) -> bytes:
        """Return the bytes that were read after the last head."""
        found, self._read = self._read, b""
        return found

    def _until(self, end: bytes) -> bytes:
        while end not in self._read:
            self._more()
        found, _, self._read = self._read.partition(end)
        return found

    def _bytes(self, length: int) -> bytes:
        while len(self._read) < length:
            self._more()
        found, self._read = self._read[:length], self._read[length:]
        return found

    def _more(self) -> None:
        more = self.socket.recv(65536)
        if not more:
            if self._read:
                message = f"The connection ended within an answer: {self._read[:100]!r}"
                raise ConnectionError(message)
            raise EOFError
        self._read += more


@contextmanager
def calling(port: int) -> Iterator[Caller]:
    """Yield a connection to the server on that port."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        yield Caller(connection)


def answers(port: int, *parts: bytes) -> list[Answer]:
    """Return all answers of a connection to which these bytes are written."""
    with calling(port) as caller:
        caller.send(*parts)
        return caller.answers()


def post(body: bytes = TYPENAME, *headers: bytes) -> bytes:
    """Return a GraphQL request."""
    return (
        GRAPHQL + b"".join(b"%b\r\n" % header for header in headers) + b"Content-Length: %d\r\n\r\n" % len(body) + body
    )


def chunked(chunks: Iterable[bytes], *headers: bytes, trailers: bytes = b"") -> bytes:
    """Return a GraphQL request with a chunked body."""
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    given = b"".join(b"%b\r\n" % header for header in (*headers, b"Transfer-Encoding: chunked"))
    return GRAPHQL + given + b"\r\n" + framed + b"0\r\n" + trailers + b"\r\n"
