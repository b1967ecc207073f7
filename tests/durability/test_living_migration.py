"""Servers of this version answer on, and lose nothing, while the next version migrates their database."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from secrets import randbits
from time import monotonic

import sqlalchemy as sa

from db.doctor.checks import examine
from db.engine import Database
from db.migrations import migrate
from resolvers.portal import Portal
from tests import plain
from tests.databases import Databases
from tests.db.next_version import INDEXES, next_version
from tests.db.plain_sql import look, write
from tests.durability.asked import wrong
from tests.durability.changes import Load, events_of
from tests.durability.followers import TRANSPORTS, Follower
from tests.durability.nodes import nodes
from tests.durability.test_live import Caller, running
from tests.factories import new_caller, new_partner

CALLERS = 4
ROWS = 5_000
"""Clients and activations of another partner, which the migration writes and indexes."""

PATIENCE_SECONDS = 120
"""Deadline of mutations: one that ends at it has waited for a lock that is never free."""

AT = "2026-07-01T12:00:00.000000Z"
MANY = (
    "INSERT INTO partners (name, name_folded, cnpj) VALUES ('Beta', 'beta', '2')",
    "INSERT INTO products (code, name, included_seats, active) VALUES ('MANY', 'Many', 1, TRUE)",
    """INSERT INTO users (partner_id, email, name, role, password_hash)
        SELECT id, 'rui@beta.example', 'Rui', 'MANAGER', 'hash' FROM partners WHERE cnpj = '2'""",
    f"""WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {ROWS})
        INSERT INTO clients (partner_id, name_folded, trade_name_folded, city_folded, status, registered_at, updated_at)
        SELECT partners.id, '', '', '', 'CANCELLED', '{AT}', '{AT}' FROM partners, numbers WHERE cnpj = '2'""",  # noqa: S608 — our own.
    f"""INSERT INTO activations (partner_id, client_id, product_id, authorization_code, activation_key, seats,
        additional_seats, client_name_folded, activated_at, updated_at, activated_by_id, status)
        SELECT clients.partner_id, clients.id, products.id, 'MANY-' || clients.id, 'KEY', 1, 0, '', '{AT}', '{AT}',
        users.id, 'ACTIVE' FROM clients, products, users
        WHERE users.email = 'rui@beta.example' AND users.partner_id = clients.partner_id AND code = 'MANY'""",  # noqa: S608 — our own.
)


async def migrated(url: str) -> float:
    """Migrate to the next version, and return how many seconds it took."""
    began = monotonic()
    with next_version():
        await asyncio.to_thread(migrate.upgrade, url)
    return monotonic() - began


async def done(load: Load, number: int) -> None:
    """Wait until so many more mutations are done."""
    wanted = number + load.done
    async with asyncio.timeout(PATIENCE_SECONDS):
        await load.until_done(wanted)


async def test_servers_answer_on_while_the_next_version_migrates(
    engine: str, databases: Databases, tmp_path: Path
) -> None:
    seed = randbits(32)
    print(f"seed {seed}")  # noqa: T201 — pytest shows it with a failure.
    random = Random(seed)  # noqa: S311 — no secret.
    url = databases.migrated(engine)
    await write(url, *MANY)
    database = Database(url)
    rates = dict.fromkeys(("RATE_LIMIT_ADDRESS", "RATE_LIMIT_PARTNER", "RATE_LIMIT_VENDOR"), "0")
    settings = {**rates, "MUTATION_TIMEOUT_SECONDS": str(PATIENCE_SECONDS)}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        started = stack.enter_context(nodes(url, tmp_path, 2, **settings))
        http = await stack.enter_async_context(plain.AsyncClient(base_url=started[0].url, timeout=PATIENCE_SECONDS))
        portal = Portal(database, b"s" * 32)
        api = await new_caller(http, portal, await new_partner(portal))
        assert api.token is not None
        load = Load(started, api, random, seconds=PATIENCE_SECONDS)
        expected = await load.one_of_each()
        reader = Caller(started, api.token, random)
        begin = (await reader.ask("{ events(last: 1) { pageInfo { endCursor } } }"))["events"]["pageInfo"]["endCursor"]
        urls = [node.url for node in started]
        followers = [Follower(urls, api.token, how, begin, Random(random.random())) for how in TRANSPORTS]  # noqa: S311 — no secret.
        callers = [asyncio.create_task(load.run()) for _ in range(CALLERS)]
        async with running([*callers, *(asyncio.create_task(each.run()) for each in followers)]):
            await done(load, CALLERS)
            seconds = await migrated(url)
            await done(load, CALLERS)
            load.is_ending = True
            await asyncio.gather(*callers)
            numbers = [event["number"] for event in await reader.log(begin)]
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(*(each.until(len(numbers)) for each in followers))
        by_user = await events_of(database)
        # That the tables are newer is one of those without a partner.
        findings = [each for each in await examine(database) if each.partner_id == load.partner_id]

    answers = Counter(answer.partition(" [")[0] for each in load.asked for answer in each.answers)
    print(f"migrated in {seconds:.1f} s, {dict(answers)}")  # noqa: T201 — the same.
    assert (load.internal, load.hasty) == ([], [])
    assert set(answers) <= {"done", "refused", "failed UNAVAILABLE"}
    assert wrong(load.asked, by_user, expected) == []
    assert findings == []
    assert [each.numbers for each in followers] == [numbers, numbers]
    indexes = await look(url, lambda sync: sa.inspect(sync).get_indexes("clients"))
    assert {index.name for index in INDEXES} <= {index["name"] for index in indexes}
