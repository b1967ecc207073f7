"""Cases of schemathesis against the real server: never a 5xx, never INTERNAL, never another partner's data."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest

from db.engine import Database
from domain.access import TokenKind
from resolvers.portal import Portal
from tests import plain
from tests.api import Api
from tests.e2e import data
from tests.e2e.processes import serving
from tests.factories import new_caller, new_partner
from tests.schema.introspection import GRAPHQL
from tests.security.confidential import WORD, Confidential, fill, told

CASES = int(os.environ.get("ATTACK_CASES", "40"))
SEED = int(os.environ.get("ATTACK_SEED", "20261127"))

SETTINGS = {
    "DEMO": "false",
    "WEBHOOKS_SEND": "false",
    # Each case is answered, however many came before, and however busy the machine is.
    **dict.fromkeys(("RATE_LIMIT_ADDRESS", "RATE_LIMIT_PARTNER"), "0"),
    **dict.fromkeys(("REQUEST_TIMEOUT_SECONDS", "MUTATION_TIMEOUT_SECONDS"), "600"),
}

CHANGES = "{ viewer { partner { name } } events(first: 1) { totalCount nodes { id } } }"


class Neighbours(NamedTuple):
    """Two partners of a server, of which a manager of one attacks the other."""

    attacked: Api
    confidential: Confidential
    attacker_id: int
    log: Path

    async def new_attacker(self) -> Api:
        """Return a manager with an API token, which a case may revoke."""
        return await new_caller(self.attacked.http, self.attacked.portal, self.attacker_id, kind=TokenKind.API)


@pytest.fixture
async def neighbours(tmp_path: Path) -> AsyncIterator[Neighbours]:
    """Partners of a server in production, of which one has one of everything."""
    secret = uuid4().hex
    environment = data.migrated(tmp_path, SECRET_KEY=secret, **SETTINGS)
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/portal.db")
    portal = Portal(database, secret.encode())
    with serving(environment, tmp_path / "log") as (url, _):
        async with plain.AsyncClient(base_url=url, timeout=600) as http:
            attacked = await new_caller(http, portal, await new_partner(portal, name=f"Beta {WORD}"))
            yield Neighbours(attacked, await fill(attacked), await new_partner(portal), tmp_path / "log")
    await database.close()


async def test_no_case_fails_or_reaches_another_partner(neighbours: Neighbours) -> None:
    # What it imports takes a while, and every process of a run imports this module.
    from tests.security import cases  # noqa: PLC0415

    attacker, before = await neighbours.new_attacker(), await neighbours.attacked.data(CHANGES)
    # What is searched for is found where it may be.
    assert {WORD, before["events"]["nodes"][0]["id"]} <= {*told(json.dumps(before), neighbours.confidential)}

    ids, keys = neighbours.confidential
    for text in cases.documents(CASES, chosen=SEED, ids=ids, keys=keys):
        headers = {"Authorization": f"Bearer {attacker.token}"}
        answer = await attacker.http.post("/graphql", json={"query": text}, headers=headers)

        assert not answer.is_server_error, (SEED, text)
        assert "INTERNAL" not in answer.text, (SEED, text, neighbours.log.read_text()[-5000:])
        assert told(answer.text, neighbours.confidential, sent=text) == [], (SEED, text)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            attacker = await neighbours.new_attacker()

    assert await neighbours.attacked.data(CHANGES) == before
    assert "Traceback" not in neighbours.log.read_text()
    assert sorted(cases.FIELDS) == fields_of_the_roots()


def fields_of_the_roots() -> list[str]:
    """Return the names of all queries and mutations."""
    assert GRAPHQL.query_type is not None
    assert GRAPHQL.mutation_type is not None
    roots = {"Query": GRAPHQL.query_type, "Mutation": GRAPHQL.mutation_type}
    return sorted(f"{root}.{name}" for root, type_ in roots.items() for name in type_.fields)
