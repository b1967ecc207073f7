"""Codes of second factors: which steps are accepted, how codes may be typed, and what is required."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp import TOTP

from domain.second_factor import (
    RECOVERY_CODE_BITS,
    WINDOW,
    SecondFactorKind,
    code,
    is_required,
    recovery_code,
    step_of,
    steps,
)

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
STEP = timedelta(seconds=30)

times = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — as Hypothesis takes them.


@pytest.mark.parametrize(
    ("seconds", "expected"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_codes_are_those_of_the_standard(seconds: int, expected: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)

    assert step_of(SECRET, expected, now, last=None) == seconds // 30


@given(times, st.integers(-4, 4), st.integers(-4, 4) | st.none())
def test_a_code_is_accepted_within_a_step_of_now_and_once(now: datetime, away: int, last_away: int | None) -> None:
    current = list(steps(now))[WINDOW]
    typed = TOTP(SECRET).generate_otp(current + away)
    last = None if last_away is None else current + last_away

    found = step_of(SECRET, typed, now, last=last)

    accepted = {
        step for step in steps(now) if TOTP(SECRET).generate_otp(step) == typed and (last is None or step > last)
    }
    assert found == (min(accepted) if accepted else None)
    assert (current + away in accepted) is (abs(away) <= WINDOW and (last is None or current + away > last))


@given(times)
def test_a_code_that_was_used_is_accepted_at_no_other_time(now: datetime) -> None:
    typed = TOTP(SECRET).at(now)
    used = step_of(SECRET, typed, now, last=None)
    assert used is not None

    later = {step_of(SECRET, typed, now + seconds * STEP, last=used) for seconds in (-1, 0, 1)}

    # Another step may have the same code by chance, and is later then.
    assert all(step is None or step > used for step in later)


@given(st.integers(0, 2**RECOVERY_CODE_BITS - 1), st.sampled_from(["", " ", "-", "\u00a0"]), st.booleans())
def test_a_recovery_code_is_found_however_it_is_typed(random: int, between: str, upper: bool) -> None:  # noqa: FBT001 — Hypothesis gives it.
    made = recovery_code(random)
    typed = made.replace("-", between).replace("0", "O").replace("1", "I")

    found = code(typed if upper else typed.lower())

    assert found == (SecondFactorKind.RECOVERY_CODE, made.replace("-", ""))


def test_two_random_numbers_make_two_recovery_codes() -> None:
    assert len({recovery_code(1 << bit) for bit in range(RECOVERY_CODE_BITS)}) == RECOVERY_CODE_BITS


@pytest.mark.parametrize(
    "text",
    ["", "12345", "000 00", "1234567", "\uff11" * 6, "²²²²²²", "U" * 16, "\uff21" * 16, "\u017f" * 16, "\u0131" * 16],
)
def test_other_texts_are_no_codes(text: str) -> None:
    assert code(text) is None


@pytest.mark.parametrize("text", ["123456", "123 456", " 123-456 "])
def test_six_digits_are_a_code_of_an_app(text: str) -> None:
    assert code(text) == (SecondFactorKind.TOTP, "123456")


@given(st.booleans(), st.booleans(), st.booleans())
def test_the_policy_is_for_partners_and_the_setting_for_the_vendor(policy: bool, vendor: bool, setting: bool) -> None:  # noqa: FBT001 — Hypothesis gives them.
    required = is_required(by_partner=policy, of_vendor=vendor, of_vendor_users=setting)

    assert required is (setting if vendor else policy)
