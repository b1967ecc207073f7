"""A server of the version before, and one of this version beside it, on a database that this one migrates."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

from db.doctor.checks import examine
from db.engine import Database
from db.migrations import migrate
from resolvers.portal import Portal
from tests import cnpjs, plain
from tests.databases import Databases
from tests.e2e.load import REGISTER, serving_on
from tests.e2e.program_before import BEFORE, serving_before
from tests.factories import new_manager, new_product

STATE = """{ clients { nodes { name activations { nodes { activationKey status } } } } orders { nodes { status } }
    licenseStock { purchased available } events { nodes { number type } } }"""


async def test_servers_of_the_version_before_work_beside_those_of_this_one(
    engine: str, databases: Databases, tmp_path: Path
) -> None:
    url, secret = databases.empty(engine), uuid4().hex
    migrate.upgrade(url, to=BEFORE)
    database = Database(url)
    portal = Portal(database, secret.encode())
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        before = stack.enter_context(serving_before(url, tmp_path / "before", secret))
        # Its connections know statements of the tables that the steps change now.
        former = await stack.enter_async_context(plain.AsyncClient(base_url=before.url, timeout=60))
        await asyncio.to_thread(migrate.upgrade, url)
        address, _ = stack.enter_context(serving_on(url, tmp_path, SECRET_KEY=secret))
        present = await stack.enter_async_context(plain.AsyncClient(base_url=address, timeout=60))
        ready = [await each.get("/readyz") for each in (former, present)]
        new = await new_manager(present, portal)
        old = replace(new, http=former)
        product = await new_product(portal, new.partner_id)

        given = {"cnpj": cnpjs.another(), "name": "Padaria", "idempotencyKey": "1"}
        registered = [await each.data(REGISTER, input=given) for each in (old, new)]
        client = registered[0]["registerClient"]["client"]["id"]
        for buyer, holder, ender in ((old, new, old), (new, old, new)):
            await buyer.buy(product, 2)
            await buyer.activation(client, product)
            ended = await holder.activation(client, product)
            await ender.done("cancelActivation", "__typename", {"activationId": ended})
        states = [await each.data(STATE) for each in (old, new)]
        findings = await examine(database)

    assert [each.status_code for each in ready] == [HTTPStatus.OK] * 2
    assert registered[0] == registered[1]
    assert states[0] == states[1]
    assert states[0]["licenseStock"] == [{"purchased": 4, "available": 2}]
    assert findings == []
