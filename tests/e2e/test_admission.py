"""Admission: a busy server answers new connections soon."""

import asyncio
import json
import re
from collections import Counter
from pathlib import Path

from tests.e2e.processes import serving, token

BUSY, NEW = 50, 50
PAGE = """{ activations(first: 100) { nodes { id activationKey authorizationCode status activatedAt
    client { name cnpj activations(first: 50) { nodes {
        id activationKey authorizationCode status activatedAt product { name } } } }
    product { name } activatedBy { name } } } }"""
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Callers:
    """Connections to a server, with the number of answers to each kind."""

    def __init__(self, port: int, secret: str) -> None:
        """Take the server; all requests are for the same page."""
        body = json.dumps({"query": PAGE}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: portal\r\nAuthorization: Bearer {secret}\r\nContent-Length: {len(body)}"
        )
        self.port = port
        self.request = f"{head}\r\nContent-Type: application/json\r\n\r\n".encode() + body
        self.answers = Counter[str]()
        self.all_busy = asyncio.Event()

    async def ask(self, kind: str, *, times: int | None) -> None:
        """Repeat a request over one connection, for ever or this many times."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            while times is None or times > 0:
                writer.write(self.request)
                found = LENGTH.search(await reader.readuntil(b"\r\n\r\n"))
                assert found is not None
                assert b'"errors"' not in await reader.readexactly(int(found[1]))
                self.answers[kind] += 1
                if self.answers["busy"] == BUSY * 3:
                    self.all_busy.set()
                times = None if times is None else times - 1
        finally:
            writer.close()


def test_new_connections_are_answered_while_others_keep_asking(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def busy_answers_until_the_new_ones_have_theirs(callers: Callers) -> int:
        busy = [asyncio.create_task(callers.ask("busy", times=None)) for _ in range(BUSY)]
        await callers.all_busy.wait()
        before = callers.answers["busy"]
        await asyncio.gather(*[callers.ask("new", times=1) for _ in range(NEW)])
        meanwhile = callers.answers["busy"] - before
        for task in busy:
            task.cancel()
        await asyncio.wait(busy)
        assert all(task.cancelled() for task in busy)
        return meanwhile

    with serving(environment, log) as (url, _):
        callers = Callers(int(url.rpartition(":")[2]), token(log.read_text()))
        meanwhile = asyncio.run(busy_answers_until_the_new_ones_have_theirs(callers))

    # Each iteration of the loop accepts one connection, whose request is the last in the queue: as many answers as
    # there are new connections, and then one to each of the busy ones. Without admission it is several times as many.
    assert meanwhile < 2 * (BUSY + NEW), meanwhile
