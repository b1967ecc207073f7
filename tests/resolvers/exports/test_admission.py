"""Limits of exports in a process."""

from contextlib import ExitStack

import pytest

from resolvers.exports.admission import (
    AT_ONCE_PER_USER,
    PER_USER,
    WITHIN_SECONDS,
    Excess,
    ExportAdmission,
    ExportsBusyError,
)
from tests.clock import Clock

ANA, RUI = (1, 1), (1, 2)


def test_a_user_reads_two_files_at_once_and_all_users_a_few() -> None:
    admission, now = ExportAdmission(3, retry_seconds=30), Clock().seconds

    with ExitStack() as running:
        for _ in range(AT_ONCE_PER_USER):
            running.enter_context(admission.admit(ANA, now))
        with pytest.raises(ExportsBusyError) as own, admission.admit(ANA, now):
            pass
        running.enter_context(admission.admit(RUI, now))
        with pytest.raises(ExportsBusyError) as all_users, admission.admit((2, 3), now):
            pass

    assert own.value.seconds == all_users.value.seconds == 30
    assert (own.value.excess, all_users.value.excess) == (Excess.OF_USER_AT_ONCE, Excess.AT_ONCE)
    with admission.admit(ANA, now):
        pass


def test_a_user_reads_a_few_files_within_ten_minutes() -> None:
    admission, clock = ExportAdmission(3, retry_seconds=30), Clock()
    for _ in range(PER_USER):
        with admission.admit(ANA, clock.seconds):
            pass
        clock.forward(seconds=1)

    with pytest.raises(ExportsBusyError) as busy, admission.admit(ANA, clock.seconds):
        pass

    assert busy.value.seconds - 1 == WITHIN_SECONDS - PER_USER
    with admission.admit(RUI, clock.seconds):
        pass
    clock.forward(seconds=busy.value.seconds)
    with admission.admit(ANA, clock.seconds):
        pass
