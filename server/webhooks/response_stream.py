"""Connection to a receiver that passes on the heads of a response one by one, and few informational ones.

The client reads any number of informational responses (100 to 199) before the final one, without a pause between those
that arrive together: a receiver could hold the event loop with them.
"""

import re
import ssl
from typing import Any

import httpcore2

INFORMATIONAL_MAX = 8
"""Maximum number of informational responses to one request."""

_HEAD_BYTES = 100 * 1024
"""Maximum length of a head, which is that of h11 too."""

# h11 takes what has this at its end for a head.
_END = re.compile(rb"\n\r?\n")
_BEGINNING = b"HTTP/"
_INFORMATIONAL = re.compile(rb"HTTP/\d\.\d 1\d\d")


class ResponseStream(httpcore2.AsyncNetworkStream):
    """Stream of a connection, whose reads end at the end of a head until there is a final one."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        """Take the stream of the network."""
        self._stream = stream
        self._ahead = bytearray()
        """What was read, and is not passed on yet."""
        self._is_final = False
        self._left = INFORMATIONAL_MAX

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 — the base's.
        """Read a head, or anything after the final one; raise ReadError if there are too many informational ones."""
        if not self._is_final:
            return await self._head(max_bytes, timeout)
        if self._ahead:
            return self._taken(max_bytes)
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 — the base's.
        """Write a part of a request, whose response begins anew."""
        self._is_final, self._left = False, INFORMATIONAL_MAX
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 — the base's.
    ) -> httpcore2.AsyncNetworkStream:
        """Return the stream of what is encrypted."""
        return ResponseStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 — the base's.
        """Return what the network knows."""
        return self._stream.get_extra_info(info)

    async def _head(self, max_bytes: int, timeout: float | None) -> bytes:  # noqa: ASYNC109 — the base's.
        searched = 0
        while (end := _END.search(self._ahead, searched)) is None:
            searched = max(0, len(self._ahead) - 2)
            if len(self._ahead) > _HEAD_BYTES:
                message = "The head of the response is too long."
                raise httpcore2.ReadError(message)
            read = await self._stream.read(max_bytes, timeout)
            self._ahead += read
            if not read or not _BEGINNING.startswith(self._ahead[: len(_BEGINNING)]):
                # The client finds that it is no response.
                self._is_final = True
                return self._taken(max_bytes)
        if _INFORMATIONAL.match(self._ahead) is None:
            self._is_final = True
        elif self._left == 0:
            message = "There are too many informational responses."
            raise httpcore2.ReadError(message)
        else:
            self._left -= 1
        return self._taken(end.end())

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._ahead[:size])
        del self._ahead[:size]
        return taken
