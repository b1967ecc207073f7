"""Failed sign-ins: counted by email and address, by email, and by address."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.attempts import (
    ADDRESS_WINDOW,
    ALLOWED,
    CountedBy,
    Failures,
    counted,
    network,
    wait_seconds,
    with_another,
    without_mine,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BEGINNING = Failures(0, NOW, NOW)

pauses = st.lists(st.integers(0, 3 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds)), max_size=120)
ways = st.sampled_from(CountedBy)


def let_through(by: CountedBy, pauses: list[timedelta]) -> list[datetime]:
    """Return the times of the attempts that are allowed, of failing attempts with these pauses."""
    failures, now, looks = BEGINNING, NOW, []
    for pause in pauses:
        now += pause
        if not wait_seconds(by, failures, now):
            failures = with_another(by, failures, now)
            looks.append(now)
    return looks


@pytest.mark.parametrize(
    ("by", "failures", "seconds"),
    [
        *((CountedBy.EMAIL_AND_ADDRESS, failures, 0) for failures in (0, 1, 4)),
        *zip(
            [CountedBy.EMAIL_AND_ADDRESS] * 7,
            (5, 6, 7, 8, 9, 10, 10**9),
            (60, 120, 240, 480, 900, 900, 900),
            strict=True,
        ),
        *zip([CountedBy.EMAIL] * 5, (5, 19, 20, 21, 10**9), (0, 0, 60, 120, 900), strict=True),
        *zip([CountedBy.ADDRESS] * 4, (5, 49, 50, 10**9), (0, 0, 900, 900), strict=True),
    ],
)
def test_failures_cost_doubling_waits_or_the_rest_of_the_address_window(
    by: CountedBy, failures: int, seconds: int
) -> None:
    assert wait_seconds(by, Failures(failures, NOW, NOW), NOW) == seconds


@given(by=ways, number=st.integers(1, 200), ago=st.integers(0, 3 * 24 * 3600))
def test_the_try_after_the_wait_is_let_through_and_none_before(by: CountedBy, number: int, ago: int) -> None:
    failures = Failures(number, NOW - timedelta(seconds=ago), NOW - timedelta(seconds=ago))

    wait = wait_seconds(by, failures, NOW)

    assert wait_seconds(by, failures, NOW + timedelta(seconds=wait)) == 0
    assert not wait or wait_seconds(by, failures, NOW + timedelta(seconds=wait - 1))


@given(pauses=pauses)
def test_no_window_of_an_address_has_more_looks_than_are_allowed(pauses: list[timedelta]) -> None:
    looks = let_through(CountedBy.ADDRESS, pauses)

    begins: datetime | None = None
    for look in looks:
        if begins is None or look >= begins + ADDRESS_WINDOW:
            begins = look
        inside = [each for each in looks if begins <= each < begins + ADDRESS_WINDOW]
        assert len(inside) <= ALLOWED[CountedBy.ADDRESS]


@given(by=st.sampled_from([CountedBy.EMAIL_AND_ADDRESS, CountedBy.EMAIL]), tries=st.integers(1, 60))
def test_tries_without_a_pause_get_no_more_looks_than_are_allowed(by: CountedBy, tries: int) -> None:
    assert len(let_through(by, [timedelta()] * tries)) == min(tries, ALLOWED[by])


@given(by=ways, pauses=pauses, pause=st.integers(24 * 3600, 30 * 24 * 3600))
def test_a_day_after_the_last_failure_all_are_forgotten(by: CountedBy, pauses: list[timedelta], pause: int) -> None:
    looks = let_through(by, [*pauses, *[timedelta()] * 60])
    later = [*pauses, *[timedelta()] * 60, timedelta(seconds=pause), *[timedelta()] * 60]

    assert len(let_through(by, later)) == len(looks) + ALLOWED[by]


@given(number=st.integers(0, 100), ago=st.integers(0, 3600))
def test_a_try_of_an_address_that_was_right_counts_for_nothing(number: int, ago: int) -> None:
    before = Failures(number, NOW - timedelta(seconds=ago), NOW)

    mine = with_another(CountedBy.ADDRESS, before, NOW)

    assert without_mine(mine, mine).number == mine.number - 1
    assert mine.number in {1, number + 1}


def test_a_right_try_takes_nothing_from_the_failures_of_a_later_window() -> None:
    mine = with_another(CountedBy.ADDRESS, BEGINNING, NOW)
    later = Failures(7, NOW + ADDRESS_WINDOW, NOW + ADDRESS_WINDOW)

    assert without_mine(later, mine) == later


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_counted_as_it_is_also_within_ipv6(address: IPv4Address) -> None:
    assert network(str(address)) == network(f"::ffff:{address}") == str(address)


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_the_addresses_of_an_ipv6_network_are_counted_together(address: IPv6Address, host: int) -> None:
    neighbour = IPv6Address(int(address) >> 64 << 64 | host)

    assert address.ipv4_mapped or neighbour.ipv4_mapped or network(str(address)) == network(str(neighbour))


def test_two_ipv6_networks_are_counted_apart() -> None:
    assert network("2001:db8:0:1::1") != network("2001:db8:0:2::1")


def test_the_interface_of_a_link_local_address_is_not_part_of_it() -> None:
    assert network("fe80::1%eth0") == network("fe80::2")


@pytest.mark.parametrize("address", [None, "", "unix:", "testclient", "1.2.3", "1.2.3.4:80"])
def test_what_is_no_address_is_counted_by_e_mail_only(address: str | None) -> None:
    assert network(address) is None
    assert counted("ana@alfa.example", address).keys() == {CountedBy.EMAIL_AND_ADDRESS, CountedBy.EMAIL}


def test_no_two_things_that_are_counted_are_counted_as_one() -> None:
    tries = [(email, address) for email in ("a@b", "a@b 10.0.0.1", "") for address in (None, "10.0.0.1", "10.0.0.2")]

    pairs = [counted(email, address)[CountedBy.EMAIL_AND_ADDRESS] for email, address in tries]

    assert len(set(pairs)) == len(tries)
