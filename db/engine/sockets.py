"""Connections to databases that the portal supports, whose sockets find out that the machine or its network is gone."""

import socket
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # It has no types.

from db.engine.failures import OLDEST_VERSION, OtherEncodingError, TooOldError

UNANSWERED_SECONDS = 5
"""How long the server's machine may leave what was sent without an acknowledgement until the connection is lost."""

_ENCODING = "UTF8"

_OPTIONS = {
    # Beside this, Linux asks an idle connection only after two hours.
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 2,
    "TCP_USER_TIMEOUT": UNANSWERED_SECONDS * 1000,
}
"""Options of TCP, of which a system may lack some."""


async def connect(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 — the driver has no types.
    """Return a connection of the driver, which takes the same arguments. Raises TooOldError or OtherEncodingError."""
    connection = await asyncpg.connect(*arguments, **named)
    if connection.get_server_version().major < OLDEST_VERSION:
        connection.terminate()
        raise TooOldError
    # PostgreSQL says it at the beginning of each session.
    if getattr(connection.get_settings(), "server_encoding", _ENCODING) != _ENCODING:
        connection.terminate()
        raise OtherEncodingError
    _watch(connection._transport.get_extra_info("socket"))  # noqa: SLF001 — nothing else has the socket.
    return connection


def _watch(found: socket.socket) -> None:
    if found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS.items():
        option = getattr(socket, name, None)
        if option is not None:
            found.setsockopt(socket.IPPROTO_TCP, option, value)
