"""The receiver among the examples, which keeps a local copy of activations in step."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import timedelta
from http.server import ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn

from db import retention
from domain.timestamps import utc_now
from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests.api import Api
from tests.e2e.forks import ROOT
from tests.executors import DOCUMENTS
from tests.receivers import Receiver
from tests.server.webhooks.conftest import Senders
from tests.server.webhooks.hooks import new_hook, state

LONG = 30.0


def example() -> Any:  # noqa: ANN401 — a script.
    spec = spec_from_file_location("webhook_receiver", ROOT / "examples" / "webhook_receiver.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def served(portal: Portal) -> AsyncIterator[str]:
    """Serve the portal on a port, as the receiver asks it."""
    app = create_app(portal, Settings(), documents=DOCUMENTS)
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 — uvicorn has no event for it.
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


@contextmanager
def running(script: Any, copy: Any, secret: str) -> Iterator[str]:  # noqa: ANN401 — of the script.
    """Run the receiver in a thread, and yield its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), script.handler(copy, secret))
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_the_example_keeps_its_copy_in_step_through_restarts(
    api: Api, portal: Portal, product: str, senders: Senders, tmp_path: Path
) -> None:
    portal.now = utc_now
    script, file = example(), tmp_path / "activations.db"
    await api.buy(product, 9)
    client = await api.client()
    early = await api.activation(client, product)
    leaving = await api.client(name="Quitanda Aurora")
    erased = [await api.activation(leaving, product) for _ in range(2)]
    noted = await api.activation(client, product)
    await api.done("updateActivation", "__typename", {"activationId": noted, "note": "Como na Quitanda Aurora"})
    sender = senders.new(seconds=LONG)

    async def send() -> None:
        while await sender.look():
            await sender.wait()

    async def in_step() -> bool:
        found = await api.data(f"{{ activations(first: 100) {{ nodes {{ id {script.FIELDS} }} }} }}")
        with sqlite3.connect(file) as database:
            stored = dict(database.execute("SELECT id, content FROM activations").fetchall())
        database.close()
        expected = {each["id"]: each for each in found["activations"]["nodes"]}
        return {key: json.loads(content) for key, content in stored.items()} == expected

    async with served(portal) as url:
        copy = script.Copy(str(file), url, api.token)
        await asyncio.to_thread(copy.catch_up)
        assert await in_step()
        hook = await new_hook(api, Receiver(), url="http://127.0.0.1:1/", filter={"types": script.TYPES}, batchSize=3)
        with running(script, copy, hook.secret) as receiver:
            await api.done("updateWebhook", "__typename", {"webhookId": hook.id, "url": receiver})
            for _ in range(4):
                await api.activation(client, product)
            await api.done("cancelActivation", "__typename", {"activationId": early})
            # Cancelled before its client, whose erasure is no event of its own.
            await api.done("cancelActivation", "__typename", {"activationId": erased[0]})
            await api.done("updateClient", "__typename", {"clientId": client, "name": "Padaria Nova"})
            await api.done("cancelClient", "__typename", {"clientId": leaving})
            await send()
            assert await in_step()
            oldest = (await state(api, hook))["deliveries"]["nodes"][-1]
            await api.done("redeliver", "__typename", {"webhookDeliveryId": oldest["id"]})
            await send()
            assert await in_step()
            assert len((await state(api, hook))["deliveries"]["nodes"]) >= 3
        copy.close()
        await api.activation(client, product)
        await api.done("updateClient", "__typename", {"clientId": client, "name": "Padaria Novíssima"})
        again = script.Copy(str(file), url, api.token)
        await asyncio.to_thread(again.catch_up)
        assert await in_step()
        again.close()


async def test_the_example_catches_up_when_its_events_are_no_longer_kept(
    api: Api, portal: Portal, product: str, tmp_path: Path
) -> None:
    portal.now = utc_now
    script, file, other_file = example(), tmp_path / "activations.db", tmp_path / "other.db"
    await api.buy(product, 120)
    client, leaving = await api.client(), await api.client()
    stays, early = await api.activation(client, product), await api.activation(client, product)
    late = await api.activation(leaving, product)

    async def drop_events() -> None:
        before = portal.now() + timedelta(days=1)
        while await portal.database.write(lambda tx: retention.drop_old(tx, api.partner_id, before=before)):
            pass

    async with served(portal) as url:
        copy = script.Copy(str(file), url, api.token)
        await asyncio.to_thread(copy.catch_up)
        await api.done("cancelActivation", "__typename", {"activationId": early})
        await api.done("cancelClient", "__typename", {"clientId": leaving})
        for _ in range(101):
            await api.activation(client, product)
        await drop_events()
        await api.activation(client, product)
        await asyncio.to_thread(copy.catch_up)
        copy.close()
        # The first events were deleted before it began.
        new = script.Copy(str(other_file), url, api.token)
        await asyncio.to_thread(new.catch_up)
        new.close()

    query = """query ($after: String) {
        activations(first: 100, after: $after) { nodes { id status } pageInfo { endCursor } } }"""
    first = (await api.data(query))["activations"]
    rest = (await api.data(query, after=first["pageInfo"]["endCursor"]))["activations"]
    expected = {each["id"]: each["status"] for each in (*first["nodes"], *rest["nodes"])}
    copies = []
    for each in (file, other_file):
        with closing(sqlite3.connect(each)) as database:
            copies.append(dict(database.execute("SELECT id, status FROM activations").fetchall()))
    stored, other = copies
    assert stored == other == expected
    assert (stored[stays], stored[early], stored[late]) == ("ACTIVE", "CANCELLED", "CANCELLED")
    assert len(stored) == 105
