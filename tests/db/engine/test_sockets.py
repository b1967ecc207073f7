"""Connections to another machine end soon after that machine or its network is gone."""

import socket
from typing import Any

import pytest

from db.engine import hosts, pools
from db.engine.sockets import UNANSWERED_SECONDS
from tests.clusters import Cluster, proxied


@pytest.mark.parametrize("form", ["{url}", "{url}?pooler=transaction", "{several}"])
async def test_a_connection_by_tcp_is_watched_by_the_system(cluster: Cluster, form: str) -> None:
    with proxied(cluster) as proxy:
        several = proxy.url.replace("@127.0.0.1:", "@127.0.0.1:1,127.0.0.1:")
        engine = pools.engine(hosts.parsed(form.format(url=proxy.url, several=several)))
        async with engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            found = driver._transport.get_extra_info("socket")  # noqa: SLF001 — nothing else has the socket.

            assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNANSWERED_SECONDS * 1000
