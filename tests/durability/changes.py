"""Callers that run every mutation of a partner while processes and databases are killed, and what they learnt."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import httpx
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from db.engine import Connection, Database
from db.tables import events
from domain.errors import Unavailable
from tests import plain
from tests.api import Api, Json
from tests.durability.nodes import Node
from tests.factories import new_caller
from tests.schema.recipes import MUTATIONS
from tests.units import compiled

Result = TypeVar("Result")

PASSING = {"UNAVAILABLE", "TIMEOUT"}
"""Codes of errors after which a caller tries again."""

_AGAIN_SECONDS = 0.05

_OF_ACTORS = compiled(
    sa.select(events.c.actor_id, events.c.type, sa.func.count())
    .where(events.c.partner_id == sa.bindparam("partner_id"))
    .group_by(events.c.actor_id, events.c.type)
)


class UnfinishedError(Exception):
    """What a mutation needs could not be made, because something was killed meanwhile."""


_UNFINISHED = (
    *(UnfinishedError, Unavailable, OSError, DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError),
    # A try before may have made what is there already, so that a factory is refused.
    AssertionError,
)
"""Errors of what makes objects for a mutation, while something is killed."""


@dataclass(slots=True)
class Asked:
    """Mutation that a user of its own has asked for, who does nothing else."""

    name: str
    user_id: int
    answers: list[str] = field(default_factory=list)
    """The outcome of each try: `done`, `refused CODE`, `unknown`, or `failed CODE`, which says that nothing changed."""

    @property
    def is_done(self) -> bool:
        """Whether it was acknowledged."""
        return "done" in self.answers

    @property
    def may_be_done(self) -> bool:
        """Whether a try had no answer that says."""
        return "unknown" in self.answers


@dataclass(frozen=True, slots=True)
class _Patient(Api):
    """Caller that makes what a mutation needs, and gives up when a process is killed under it."""

    async def post(self, query: str, **variables: object) -> Json:
        """Return the body of the response; raise UnfinishedError if there is none, or a passing trouble."""
        try:
            body = await Api.post(self, query, **variables)
        except (httpx.HTTPError, ValueError):
            raise UnfinishedError from None
        codes = {error["extensions"]["code"] for error in body.get("errors", [])}
        if codes & PASSING:
            raise UnfinishedError
        return body


class Load:
    """Load of all mutations of one partner on several processes."""

    def __init__(self, started: Sequence[Node], api: Api, random: Random, *, seconds: float = 30) -> None:
        """Take the processes, a manager of the partner, what chooses, and how long an answer may take."""
        self._started, self._api, self._random = started, api, random
        self.asked: list[Asked] = []
        self.internal: list[Json] = []
        """Errors that no trouble explains."""
        self.hasty: list[httpx.Response] = []
        """Answers with UNAVAILABLE that don't say when to try again."""
        self.is_ending = False
        self._timeout = httpx.Timeout(seconds, connect=5)

    @property
    def partner_id(self) -> int:
        """The partner whose data it changes."""
        return self._api.partner_id

    async def one_of_each(self) -> dict[str, Counter[str]]:
        """Run each mutation once, undisturbed; return the events of each by their types."""
        for name in MUTATIONS:
            await self._ask(name)
        by_user = await events_of(self._api.portal.database, self._api.partner_id)
        found = {each.name: by_user.get(each.user_id, Counter()) for each in self.asked}
        assert all(each.is_done for each in self.asked), self.asked
        self.asked.clear()
        return found

    async def run(self) -> None:
        """Ask for one mutation after the other, until `is_ending`; the last ones are asked until they are answered."""
        names = list(MUTATIONS)
        while not self.is_ending:
            try:
                await self._ask(self._random.choice(names))
            except _UNFINISHED:
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _ask(self, name: str) -> None:
        recipe = MUTATIONS[name]
        async with self._client() as http:
            patient = _Patient(http, self._api.portal, self._api.partner_id, self._api.user_id, self._api.token)
            given = dict(await recipe.given(patient))
            actor = await new_caller(http, self._api.portal, self._api.partner_id)
        asked = Asked(name, actor.user_id)
        self.asked.append(asked)
        takes_key = recipe.other is not None
        if takes_key:
            given["idempotencyKey"] = f"{self._random.getrandbits(64):x}"
        while True:
            async with self._client() as http:
                asked.answers.append(await self._answer(replace(actor, http=http), name, given))
            last = asked.answers[-1]
            if last.startswith(("done", "refused")) or (last == "unknown" and not takes_key):
                return
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _answer(self, actor: Api, name: str, given: Mapping[str, object]) -> str:
        query = f"""mutation ($input: {name[0].upper()}{name[1:]}Input!) {{
            {name}(input: $input) {{ {MUTATIONS[name].selection} userErrors {{ code }} }} }}"""
        try:
            body = await actor.post(query, input=given)
        except httpx.ConnectError:
            return "failed to connect"
        except (httpx.HTTPError, ValueError):
            return "unknown"
        if "errors" not in body:
            codes = [error["code"] for error in body["data"][name]["userErrors"]]
            return f"refused {codes}" if codes else "done"
        extensions = body["errors"][0]["extensions"]
        if extensions["code"] not in PASSING:
            self.internal.append(body["errors"])
            return "unknown"
        outcome = extensions.get("outcome")
        return {"UNKNOWN": "unknown", "CHANGED": "done"}.get(outcome, f"failed {extensions['code']}")

    def _client(self) -> httpx.AsyncClient:
        url = self._random.choice(self._started).url
        return plain.AsyncClient(base_url=url, timeout=self._timeout, event_hooks={"response": [self._look]})

    async def _look(self, response: httpx.Response) -> None:
        await response.aread()
        if b'"UNAVAILABLE"' in response.content and "Retry-After" not in response.headers:
            self.hasty.append(response)


async def events_of(database: Database, partner_id: int) -> dict[int, Counter[str]]:
    """Return the numbers of a partner's events by user and type."""

    async def work(connection: Connection) -> list[tuple[Any, ...]]:
        return list(await connection.fetch(_OF_ACTORS, {"partner_id": partner_id}))

    found: dict[int, Counter[str]] = {}
    for user_id, event_type, count in await database.read(work):
        found.setdefault(user_id, Counter())[event_type.name] += count
    return found
