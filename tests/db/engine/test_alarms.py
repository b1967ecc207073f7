"""Work with a deadline ends by one timer, however much work there is."""

import asyncio
from typing import cast

import pytest

from db.engine.alarms import Alarm, Alarms
from db.engine.connection import CallerGoneError, TookTooLongError
from db.engine.deadline import Deadline

SHORT, LONG = 0.01, 600.0


async def _endless(alarms: Alarms, until: Deadline) -> None:
    with Alarm(alarms, until):
        await asyncio.Event().wait()


async def test_endless_work_ends_at_its_deadline() -> None:
    with pytest.raises(TookTooLongError):
        await _endless(Alarms(), Deadline(SHORT))


async def test_work_with_an_earlier_deadline_waits_for_no_other() -> None:
    alarms = Alarms()
    patient = asyncio.create_task(_endless(alarms, Deadline(LONG)))
    await asyncio.sleep(0)

    with pytest.raises(TookTooLongError):
        await _endless(alarms, Deadline(SHORT))

    assert not patient.done()
    patient.cancel()


async def test_work_with_a_later_deadline_ends_after_the_first() -> None:
    alarms = Alarms()

    ended = await asyncio.gather(
        *(_endless(alarms, Deadline(SHORT * number)) for number in (1, 2, 3)), return_exceptions=True
    )

    assert list(map(type, ended)) == [TookTooLongError] * 3


async def test_an_alarm_rings_though_the_timer_was_started_for_another() -> None:
    alarms = Alarms()
    with Alarm(alarms, Deadline(SHORT)):
        pass

    with pytest.raises(TookTooLongError):
        await _endless(alarms, Deadline(2 * SHORT))


async def test_a_deadline_that_was_put_off_ends_nothing_before() -> None:
    alarms, until = Alarms(), Deadline(SHORT, LONG)
    endless = asyncio.create_task(_endless(alarms, until))
    await asyncio.sleep(0)
    until.allow_change()

    with pytest.raises(TookTooLongError):
        await _endless(alarms, Deadline(2 * SHORT))

    assert not endless.done()
    endless.cancel()


async def test_work_ends_when_its_caller_goes_away() -> None:
    until = Deadline(LONG)
    endless = asyncio.create_task(_endless(Alarms(), until))
    await asyncio.sleep(0)
    until.abandon()

    with pytest.raises(CallerGoneError):
        await endless


async def test_a_caller_that_goes_at_the_deadline_does_not_cancel_its_task() -> None:
    alarms, until = Alarms(), Deadline(LONG)
    alarm = Alarm(alarms, until)

    async def endless() -> int:
        with pytest.raises(TookTooLongError), alarm:
            await asyncio.Event().wait()
        return cast("asyncio.Task[int]", asyncio.current_task()).cancelling()

    running = asyncio.create_task(endless())
    await asyncio.sleep(0)
    alarm.ring()
    until.abandon()

    assert await running == 0


async def test_a_caller_that_goes_does_not_hide_that_the_task_is_cancelled() -> None:
    until = Deadline(LONG)
    endless = asyncio.create_task(_endless(Alarms(), until))
    await asyncio.sleep(0)
    endless.cancel()
    until.abandon()

    with pytest.raises(asyncio.CancelledError):
        await endless


async def test_the_end_of_the_caller_s_task_is_no_deadline() -> None:
    endless = asyncio.create_task(_endless(Alarms(), Deadline(LONG)))
    await asyncio.sleep(0)
    endless.cancel()

    with pytest.raises(asyncio.CancelledError):
        await endless


async def test_what_work_raises_is_raised() -> None:
    alarms = Alarms()

    with pytest.raises(LookupError), Alarm(alarms, Deadline(LONG)):
        raise LookupError
