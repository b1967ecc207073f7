"""Round robin: callers take turns, and each has its own order and bound."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.engine.round_robin import QueueFullError, RoundRobin

Items = list[tuple[object, int]]


def filled(*items: tuple[str, int], most: int | None = None) -> RoundRobin[int]:
    """Return queues with these items."""
    queues: RoundRobin[int] = RoundRobin(most)
    for key, item in items:
        queues.add(key, item)
    return queues


def popped(queues: RoundRobin[int]) -> Items:
    """Return all items in the order in which they are served."""
    found: Items = []
    while (item := queues.pop()) is not None:
        found.append(item)
    return found


def test_keys_take_turns_however_many_items_one_has() -> None:
    queues = filled(("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5), ("b", 6))

    assert len(queues) == 6
    assert popped(queues) == [("a", 1), ("b", 4), ("c", 5), ("a", 2), ("b", 6), ("a", 3)]
    assert len(queues) == 0


def test_a_key_that_may_not_be_served_keeps_its_turn() -> None:
    queues = filled(("a", 1), ("b", 2), ("a", 3), ("b", 4))

    assert queues.peek(lambda key: key != "a") == 2
    assert queues.pop(lambda key: key != "a") == ("b", 2)
    assert queues.pop(lambda _: False) is None
    assert popped(queues) == [("a", 1), ("b", 4), ("a", 3)]


def test_a_full_queue_refuses_only_its_own_key() -> None:
    queues = filled(("a", 1), ("a", 2), most=2)

    with pytest.raises(QueueFullError):
        queues.add("a", 3)
    queues.add("b", 4)

    assert popped(queues) == [("a", 1), ("b", 4), ("a", 2)]


def test_parts_of_a_key_take_turns_when_it_is_the_key_s() -> None:
    queues: RoundRobin[int] = RoundRobin(4)
    for number in range(3):
        queues.add("a", number, part="long")
    queues.add("b", 10)
    queues.add("a", 3, part="short")

    with pytest.raises(QueueFullError):
        queues.add("a", 4, part="another")
    assert not queues.remove("a", 3, part="long")
    assert popped(queues) == [("a", 0), ("b", 10), ("a", 3), ("a", 1), ("a", 2)]


def test_an_item_can_leave_the_queue_of_its_part() -> None:
    queues: RoundRobin[int] = RoundRobin()
    for number, part in enumerate(("long", "long", "short")):
        queues.add("a", number, part=part)

    assert queues.remove("a", 0, part="long")
    assert queues.remove("a", 2, part="short")
    assert popped(queues) == [("a", 1)]


def test_an_item_can_leave_its_queue() -> None:
    queues = filled(("a", 1), ("b", 2))

    assert queues.remove("a", 1)
    assert not queues.remove("a", 1)
    assert not queues.remove("b", 1)
    assert popped(queues) == [("b", 2)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers()), max_size=40))
def test_no_key_waits_for_two_items_of_another(items: list[tuple[str, int]]) -> None:
    served = popped(filled(*items))

    for key in "abc":
        turns = [number for number, (of, _) in enumerate(served) if of == key]
        for first, second in pairwise(turns):
            between = [of for of, _ in served[first + 1 : second]]
            assert len(between) == len(set(between))
    assert sorted(map(repr, served)) == sorted(map(repr, items))
