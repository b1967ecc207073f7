"""Followers of the events of a partner, which resume after each interruption, over each transport."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Literal

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from tests import plain
from tests.api import Json

Transport = Literal["sse", "websocket"]
TRANSPORTS: tuple[Transport, ...] = ("sse", "websocket")
QUERY = """subscription ($after: String, $filter: EventFilter) {
    events(after: $after, filter: $filter) { number cursor type } }"""
_PAUSE_SECONDS = 0.2


@dataclass
class Follower:
    """Reader of the events of one partner after a cursor, with all numbers that it has received."""

    urls: Sequence[str]
    token: str
    transport: Transport
    cursor: str
    random: Random
    types: Sequence[str] | None = None
    numbers: list[int] = field(default_factory=list)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Follow until cancelled; some connections are left after a few events, as those of a telephone are."""
        while True:
            patience = self.random.choice([3, 20, 10_000])
            try:
                async with aclosing(self._events()) as events:
                    async for event in events:
                        self.numbers.append(event["number"])
                        self.cursor = event["cursor"]
                        self._came.set()
                        patience -= 1
                        if not patience:
                            break
            except (httpx.HTTPError, OSError, WebSocketException, TimeoutError):
                await asyncio.sleep(self.random.random() * _PAUSE_SECONDS)

    async def until(self, count: int) -> None:
        """Return when that many events have come."""
        while len(self.numbers) < count:
            self._came.clear()
            await self._came.wait()

    def _events(self) -> AsyncGenerator[Json]:
        return self._by_websocket() if self.transport == "websocket" else self._by_sse()

    def _payload(self) -> Json:
        chosen = None if self.types is None else {"types": list(self.types)}
        return {"query": QUERY, "variables": {"after": self.cursor, "filter": chosen}}

    async def _by_sse(self) -> AsyncGenerator[Json]:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        async with (
            plain.AsyncClient(base_url=self.random.choice(self.urls), headers=headers, timeout=30) as http,
            http.stream("POST", "/graphql", json=self._payload()) as answer,
        ):
            if answer.status_code != HTTPStatus.OK:
                await answer.aread()
                await asyncio.sleep(_PAUSE_SECONDS)
                return
            async for line in answer.aiter_lines():
                kind, _, rest = line.partition(": ")
                if kind == "data" and rest:
                    yield _event(json.loads(rest))

    async def _by_websocket(self) -> AsyncGenerator[Json]:
        url = self.random.choice(self.urls).replace("http://", "ws://")
        async with connect(f"{url}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            begin = {"type": "connection_init", "payload": {"Authorization": f"Bearer {self.token}"}}
            await socket.send(json.dumps(begin))
            await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": self._payload()}))
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "next":
                    yield _event(message["payload"])
                elif message["type"] == "error":
                    yield _event({"errors": message["payload"]})


def _event(result: Json) -> Json:
    if "errors" in result:
        code = result["errors"][0]["extensions"]["code"]
        # All other errors are answers that a follower must not get.
        assert code == "UNAVAILABLE", result
        message = "The server is not available."
        raise TimeoutError(message)
    return result["data"]["events"]
