"""Connections to receivers: only to addresses of the public internet, checked where the connection is made.

A name is resolved once for each connection, and the connection is made to one of the checked addresses. So a name that
has another address a moment later leads nowhere else.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from ipaddress import ip_address
from itertools import zip_longest
from typing import TypeAlias

import httpcore2

from domain.addresses import is_public
from server.webhooks.response_stream import ResponseStream

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a name; raises OSError if it has none."""

SocketOption: TypeAlias = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

RESOLVES_APART: ContextVar[bool] = ContextVar("RESOLVES_APART", default=False)
"""Whether names are resolved in the threads for webhooks that fail: a name may keep its thread after a timeout."""

_THREADS = 64
_TRIED_MAX = 4
"""How many addresses of a name are tried."""

_SHARE = 3
"""A connection to one address may take the timeout divided by this."""


class AddressRefusedError(httpcore2.ConnectError):
    """The name has no address that the portal connects to."""


class ThreadResolver:
    """Resolver of the system, in threads of its own: names that take long to resolve delay nothing else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolver")
        self._apart = ThreadPoolExecutor(_THREADS, thread_name_prefix="failing-resolver")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a name."""
        threads = self._apart if RESOLVES_APART.get() else self._threads
        found = await asyncio.get_running_loop().run_in_executor(threads, _resolved, host, port)
        return list(dict.fromkeys(found))

    def close(self) -> None:
        """End the threads that wait for work."""
        for threads in (self._threads, self._apart):
            threads.shutdown(wait=False, cancel_futures=True)


def _resolved(host: str, port: int) -> list[str]:
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def alternating(addresses: Sequence[str]) -> list[str]:
    """Return the addresses with those of IPv6 and IPv4 in turn, in their order (RFC 8305, 4)."""
    families: dict[bool, list[str]] = {}
    for each in addresses:
        families.setdefault(":" in each, []).append(each)
    return [each for several in zip_longest(*families.values()) for each in several if each is not None]


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Network of an HTTP client, with public addresses only; `private` permits all, for development."""

    def __init__(self, resolve: Resolve, *, private: bool = False) -> None:
        """Connect to what this resolver returns."""
        self._resolve, self._private = resolve, private
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 — the base's.
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to an address of the name; raise AddressRefusedError if it has no public one."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(str(error)) from error
        failure: httpcore2.ConnectError | httpcore2.ConnectTimeout = AddressRefusedError(host)
        each_timeout = None if timeout is None else timeout / _SHARE
        for address in alternating([each for each in addresses if self._may_reach(each)])[:_TRIED_MAX]:
            try:
                stream = await self._network.connect_tcp(address, port, each_timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
                continue
            # A connection that was reset meanwhile has no address.
            reached = stream.get_extra_info("server_addr")
            if reached is None:
                failure = httpcore2.ConnectError("The connection was reset.")
            elif self._may_reach(str(reached[0])):
                return ResponseStream(stream)
            with contextlib.suppress(OSError):
                await stream.aclose()
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 — the base's.
        socket_options: Iterable[SocketOption] | None = None,  # noqa: ARG002 — the base's.
    ) -> httpcore2.AsyncNetworkStream:
        """Refuse the connection: no receiver is a file."""
        raise AddressRefusedError(path)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def _may_reach(self, address: str) -> bool:
        return self._private or is_public(ip_address(address))
