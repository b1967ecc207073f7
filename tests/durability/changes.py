"""Callers that run every mutation of a partner while processes and databases are killed, and what they learnt."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from tests.durability.asked import Asked
from tests.durability.contention import Contention
from tests.durability.kinds import OF_PARTNER, Kind, Makers, Ready
from tests.durability.nodes import Node
from tests.durability.session_kinds import ENDS_SESSION, OF_SESSIONS
from tests.units import compiled

Result = TypeVar("Result")

PASSING = {"UNAVAILABLE", "TIMEOUT"}
"""Codes of errors after which a caller tries again."""

_AGAIN_SECONDS = 0.05

_REPEATED = 0.3
"""How many of the mutations with a key are asked for again after they were acknowledged."""

_CONTENDED = 0.25
"""How many mutations are for the objects that all callers want."""

_OF_ACTORS = compiled(
    sa.select(events.c.actor_id, events.c.type, sa.func.count())
    .where(events.c.actor_id.is_not(None))
    .group_by(events.c.actor_id, events.c.type)
)


class UnfinishedError(Exception):
    """What a mutation needs could not be made, because something was killed meanwhile."""


_UNFINISHED = (
    *(
        UnfinishedError,
        Unavailable,
        httpx.HTTPError,
        OSError,
        DBAPIError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
    ),
    # A try before may have made what is there already, so that a factory is refused.
    AssertionError,
)
"""Errors of what makes objects for a mutation, while something is killed."""


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

    def __init__(
        self,
        started: Sequence[Node],
        api: Api,
        random: Random,
        *,
        kinds: Mapping[str, Kind] = OF_PARTNER,
        vendor: Api | None = None,
        seconds: float = 30,
    ) -> None:
        """Take the processes, a manager of the partner, what chooses, and how long an answer may take."""
        self._started, self._api, self._random = started, api, random
        self._kinds, self._vendor = kinds, vendor or api
        self.asked: list[Asked] = []
        self.done = 0
        """The number of mutations that were acknowledged."""
        self.internal: list[Json] = []
        """Errors that no trouble explains."""
        self.hasty: list[httpx.Response] = []
        """Answers with UNAVAILABLE that don't say when to try again."""
        self.is_ending = False
        self._timeout = httpx.Timeout(seconds, connect=5)
        self._contention: Contention | None = None
        self._asked_one = asyncio.Event()
        self._left: list[str] = []
        self._sessions: dict[str, bool] = {}
        """Tokens of sessions, and whether the last acknowledged mutation of each leaves it."""

    @property
    def partner_id(self) -> int:
        """The partner whose data it changes."""
        return self._api.partner_id

    async def one_of_each(self) -> dict[str, Counter[str]]:
        """Run each mutation once, undisturbed; return the events of each by their types."""
        for name in self._kinds:
            await self._ask(name)
        by_user = await events_of(self._api.portal.database)
        found = {each.name: by_user.get(each.user_id, Counter()) for each in self.asked}
        undone = [each for each in self.asked if not each.is_done]
        assert undone == [], (undone, self.internal)
        self.asked.clear()
        self.done = 0
        return found

    async def contend(self) -> None:
        """Let callers want the same objects from now on."""
        self._contention = await Contention.begin(self._api, self._random)

    async def until_done(self, number: int) -> None:
        """Wait until so many mutations are done."""
        while self.done < number:
            await self._next_answer()

    async def until_complete(self) -> None:
        """Wait until each mutation was asked for, and a caller was refused what another one has got."""
        while {each.name for each in self.asked} < {*self._kinds} or not any(
            each.is_contended and each.is_refused for each in self.asked
        ):
            await self._next_answer()

    async def run(self) -> None:
        """Ask for one mutation after the other, until `is_ending`; the last ones are asked until they are answered."""
        while not self.is_ending:
            name = None
            try:
                if self._contention is not None and self._random.random() < _CONTENDED:
                    await self._ask_contended(self._contention)
                else:
                    name = self._next()
                    await self._ask(name)
            except _UNFINISHED:
                # It was not asked for yet.
                self._left.extend([name] if name is not None else [])
                await asyncio.sleep(_AGAIN_SECONDS)
            self._asked_one.set()

    async def misstated(self) -> list[object]:
        """Return what the acknowledged mutations of the objects that callers contend for don't explain."""
        assert self._contention is not None
        return await self._contention.misstated(self._api, self.asked)

    async def wrong_sessions(self) -> list[str]:
        """Return the tokens of sessions whose state no acknowledged mutation explains."""
        return [token for token, is_left in self._sessions.items() if await self._is_accepted(token) is not is_left]

    async def _is_accepted(self, token: str) -> bool:
        while True:
            async with self._client() as http:
                body = await replace(self._api, http=http, token=token).post("{ licenseStock { id } }")
            codes = {error["extensions"]["code"] for error in body.get("errors", [])}
            if not codes & PASSING:
                return "UNAUTHENTICATED" not in codes
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _next_answer(self) -> None:
        self._asked_one.clear()
        await self._asked_one.wait()

    def _next(self) -> str:
        # Each mutation comes once before any comes again.
        if not self._left:
            self._left = self._random.sample(list(self._kinds), len(self._kinds))
        return self._left.pop()

    async def _ask(self, name: str) -> None:
        async with self._client() as http:
            ready = await self._kinds[name].ready(self._makers(http))
        takes_key = self._kinds[name].takes_key
        asked = Asked(name, ready.actor.user_id, takes_key, before=Counter(ready.before))
        await self._ask_until_answered(asked, ready)

    async def _ask_contended(self, contention: Contention) -> None:
        async with self._client() as http:
            name, ready, wanted = await contention.contender(self._makers(http))
        asked = Asked(name, ready.actor.user_id, takes_key=True, is_contended=True, object=wanted)
        await self._ask_until_answered(asked, ready)

    async def _ask_until_answered(self, asked: Asked, ready: Ready) -> None:
        self.asked.append(asked)
        # What made it ready would not say that an answer was lost.
        made = ready.actor
        actor = Api(made.http, made.portal, made.partner_id, made.user_id, made.token)
        given, repeats = None if ready.given is None else dict(ready.given), 0
        if given is not None and asked.takes_key:
            given["idempotencyKey"] = f"{self._random.getrandbits(64):x}"
            # Some ask again for what was acknowledged, as a caller that lost the answer does.
            repeats = self._random.random() < _REPEATED
        while True:
            async with self._client() as http:
                last = await self._answer(replace(actor, http=http), asked, given)
            self.done += last == "done" and not asked.is_done
            asked.answers.append(last)
            if last.startswith("refused") or (last == "unknown" and not asked.takes_key):
                return
            if last == "done" and asked.answers.count("done") > repeats:
                return
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _answer(self, actor: Api, asked: Asked, given: Mapping[str, object] | None) -> str:
        name = asked.name
        selection = f"{{ {self._kinds[name].selection} {'' if name == 'signOut' else 'userErrors { code }'} }}"
        query = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {selection} }}"
        try:
            if given is None:
                body = await actor.post(f"mutation {{ {name} {selection} }}")
            else:
                body = await actor.post(query, input=given)
        except httpx.ConnectError:
            return "failed to connect"
        except (httpx.HTTPError, ValueError):
            return "unknown"
        if "errors" not in body:
            payload = body["data"][name]
            codes = [error["code"] for error in payload.get("userErrors", [])]
            if not codes:
                self._note(asked, actor, payload)
            return f"refused {codes}" if codes else "done"
        extensions = body["errors"][0]["extensions"]
        if extensions["code"] == "RATE_LIMITED" and "policy" not in extensions:
            # A process that was killed while it checked a password has counted a failure, which stays.
            return "failed RATE_LIMITED"
        if extensions["code"] not in PASSING:
            self.internal.append(body["errors"])
            return "unknown"
        outcome = extensions.get("outcome")
        return {"UNKNOWN": "unknown", "CHANGED": "done"}.get(outcome, f"failed {extensions['code']}")

    def _note(self, asked: Asked, actor: Api, payload: Json) -> None:
        if asked.is_contended and self._contention is not None:
            self._contention.note(asked.name, payload)
        if actor.token is not None and asked.name in ENDS_SESSION:
            self._sessions[actor.token] = False
        if asked.name in OF_SESSIONS and (token := payload.get("token")) is not None:
            self._sessions[token] = True

    def _makers(self, http: httpx.AsyncClient) -> Makers:
        return Makers(
            *(_Patient(http, api.portal, api.partner_id, api.user_id, api.token) for api in (self._api, self._vendor))
        )

    def _client(self) -> httpx.AsyncClient:
        url = self._random.choice(self._started).url
        return plain.AsyncClient(base_url=url, timeout=self._timeout, event_hooks={"response": [self._look]})

    async def _look(self, response: httpx.Response) -> None:
        await response.aread()
        if b'"UNAVAILABLE"' in response.content and "Retry-After" not in response.headers:
            self.hasty.append(response)


async def events_of(database: Database) -> dict[int, Counter[str]]:
    """Return the numbers of events by user and type."""

    async def work(connection: Connection) -> list[tuple[Any, ...]]:
        return list(await connection.fetch(_OF_ACTORS, {}))

    found: dict[int, Counter[str]] = {}
    for user_id, event_type, count in await database.read(work):
        found.setdefault(user_id, Counter())[event_type.name] += count
    return found
