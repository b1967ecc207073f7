"""Units of work that wait for a lock leave the places of a pool to others."""

import asyncio
from collections.abc import Hashable

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest
from sqlalchemy.exc import DBAPIError

from db.engine.deadline import Deadline
from db.engine.lanes import Lanes
from db.engine.trials import Trial
from domain.errors import NotChanged
from tests.db.engine.partners import call_for
from tests.eventually import settled

LONG = 60.0


class Units:
    """Units of work on a pool with some places, and two for those that wait for a lock."""

    def __init__(self, places: int = 4) -> None:
        self.lanes = Lanes(places, locked=2, full=NotChanged)
        self.tried: list[tuple[Hashable, float | None]] = []
        """The partner of each try in their order, and how long it may wait for a lock."""
        self.refuse, self.unlock = asyncio.Event(), asyncio.Event()

    def begin(self, partner: Hashable, number: int = 1, *, is_locked: bool) -> list[asyncio.Task[None]]:
        """Begin units of a partner, which need a lock that another session holds, or no lock."""
        return [asyncio.create_task(self._run(partner, is_locked=is_locked)) for _ in range(number)]

    async def _run(self, partner: Hashable, *, is_locked: bool) -> None:
        call_for(partner)
        trial = Trial(Deadline(LONG), read_only=False)

        async def run() -> None:
            self.tried.append((partner, trial.lock_seconds))
            if not is_locked:
                return
            if trial.lock_seconds is None:
                await self.unlock.wait()
                return
            await self.refuse.wait()
            raise DBAPIError(None, None, asyncpg.LockNotAvailableError())

        await self.lanes.run(trial, run)


@pytest.mark.parametrize("partner", ["a", None])
async def test_a_unit_of_another_partner_waits_for_no_locked_one(partner: Hashable) -> None:
    units = Units()
    locked = units.begin(partner, 60, is_locked=True)
    (other,) = units.begin("b", is_locked=False)
    await settled()

    assert other.done()
    assert [tried for tried, _ in units.tried] == [partner] * 3 + ["b"]
    units.refuse.set()
    units.unlock.set()
    await asyncio.gather(*locked)


@pytest.mark.parametrize("places", [2, 3])
async def test_one_partner_has_not_all_places_of_a_small_pool(places: int) -> None:
    units = Units(places)
    locked = units.begin("a", places, is_locked=True)
    (other,) = units.begin("b", is_locked=False)
    await settled()

    assert other.done()
    units.refuse.set()
    units.unlock.set()
    await asyncio.gather(*locked)


async def test_locked_units_leave_the_places_to_the_same_partner() -> None:
    units = Units()
    locked = units.begin("a", 20, is_locked=True)
    units.refuse.set()
    await settled()
    (other,) = units.begin("a", is_locked=False)
    await settled()

    assert other.done()
    assert not any(each.done() for each in locked)
    # One waits at its place, and all others for that.
    assert units.lanes.waiting == 19
    units.unlock.set()
    await asyncio.gather(*locked)
    assert units.lanes.waiting == 0


async def test_units_wait_less_for_a_lock_while_others_wait() -> None:
    units = Units()
    units.refuse.set()
    locked = units.begin("a", 2, is_locked=True)
    await settled()
    others = [*units.begin("a", is_locked=False), *units.begin("b", is_locked=False)]
    await settled()

    (_, at_first), *_, (_, of_same), (_, of_other) = units.tried
    assert at_first is not None
    assert of_same is not None
    assert of_same < at_first == of_other
    units.unlock.set()
    await asyncio.gather(*locked, *others)


async def test_one_partner_leaves_places_for_locked_units_to_others() -> None:
    units = Units()
    units.refuse.set()
    locked = units.begin("a", 5, is_locked=True) + units.begin("b", is_locked=True)
    await settled()

    assert [partner for partner, seconds in units.tried if seconds is None] == ["a", "b"]
    units.unlock.set()
    await asyncio.gather(*locked)
