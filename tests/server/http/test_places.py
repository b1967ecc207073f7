"""Places of connections are counted for the process and for each address."""

import pytest
import structlog

from server.http.places import Caps, Places, network_of

HERE, THERE = "203.0.113.7", "203.0.113.8"


def places(*, total: int = 100, of_address: int = 100, proxies: tuple[str, ...] = ()) -> Places:
    return Places(Caps(total, of_address, proxies))


def test_an_address_has_as_many_connections_as_it_may() -> None:
    counted = places(total=100, of_address=2)

    found = [counted.take(peer, 0.0).beyond for peer in (HERE, HERE, HERE, THERE)]

    assert found == [None, None, "address", None]


def test_a_process_has_as_many_connections_as_it_may() -> None:
    counted = places(total=2, of_address=100)

    found = [counted.take(f"203.0.113.{number}", 0.0).beyond for number in range(3)]

    assert found == [None, None, "process"]


def test_a_place_that_is_left_is_free_and_forgotten() -> None:
    counted = places(total=100, of_address=1)

    for number in range(1_000):
        counted.leave(counted.take(f"10.0.{number // 250}.{number % 250}", 0.0))

    assert (counted.taken, counted.addresses) == (0, 0)
    assert counted.take(HERE, 0.0).beyond is None


def test_callers_of_an_ipv6_network_share_their_places() -> None:
    counted = places(of_address=2)

    found = [counted.take(f"2001:db8:0:1::{number:x}", 0.0).beyond for number in range(1, 4)]

    assert found == [None, None, "address"]
    assert counted.take("2001:db8:0:2::1", 0.0).beyond is None
    assert counted.addresses == 2


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_an_address_is_counted_as_what_one_caller_has(peer: str, network: str) -> None:
    assert network_of(peer) == network


@pytest.mark.parametrize("proxies", [("*",), ("203.0.113.0/24",), (HERE,), ("2001:db8::/32", HERE)])
@pytest.mark.parametrize("peer", [HERE, f"::ffff:{HERE}"])
def test_a_trusted_proxy_counts_for_the_process_only(proxies: tuple[str, ...], peer: str) -> None:
    counted = places(total=3, of_address=1, proxies=proxies)

    assert [counted.take(peer, 0.0).beyond for _ in range(4)] == [None, None, None, "process"]


def test_a_socket_without_an_address_counts_for_the_process() -> None:
    counted = places(total=2, of_address=1)

    assert [counted.take(None, 0.0).beyond for _ in range(3)] == [None, None, "process"]


def test_connections_far_beyond_a_cap_get_no_answer() -> None:
    counted = places(total=100, of_address=10)

    found = [counted.take(HERE, 0.0).is_answered for _ in range(12)]

    assert found == [True] * 11 + [False]


def test_idle_connections_make_room_in_a_crowd() -> None:
    counted = places(total=10)

    taken = [counted.take(None, 0.0) for _ in range(9)]
    crowded = [counted.is_crowded]
    taken.append(counted.take(None, 0.0))
    crowded.append(counted.is_crowded)
    for place in taken:
        counted.leave(place)
    crowded.append(counted.is_crowded)

    assert crowded == [False, True, False]


def test_refused_connections_are_logged_once_in_a_while() -> None:
    counted, caps = places(of_address=1), list[str]()
    counted.on_refusal = caps.append

    with structlog.testing.capture_logs() as lines:
        for now in (0.0, 0.0, 1.0, 9.0, 10.0):
            counted.take(HERE, now)

    assert [(line["event"], line["cap"], line["connections"]) for line in lines] == [
        ("connections refused", "address", 1),
        ("connections refused", "address", 3),
    ]
    assert caps == ["address"] * 4


def test_each_refused_connection_is_counted_in_some_line() -> None:
    counted = places(of_address=1)

    with structlog.testing.capture_logs() as lines:
        for now in (0.0, 0.0, 1.0, 2.0):
            counted.take(HERE, now)
        for now in (5.0, 10.0, 11.0):
            counted.log_refusals(now)
        counted.take(HERE, 12.0)
        counted.log_refusals(12.0, at_end=True)
        counted.log_refusals(40.0, at_end=True)

    assert [line["connections"] for line in lines] == [1, 2, 1]
