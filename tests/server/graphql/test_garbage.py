"""Collections of garbage wait while large operations run, and begin again afterwards."""

import gc
import weakref

import pytest

from server.graphql import garbage


def test_collections_wait_until_the_last_operation_ends() -> None:
    assert gc.isenabled()

    with garbage.deferred():
        with garbage.deferred():
            assert not gc.isenabled()
        assert not gc.isenabled()

    assert gc.isenabled()


class Cycle:
    """Object that only a collection frees."""

    def __init__(self) -> None:
        self.own = self


@pytest.mark.parametrize("operations", [1, 3])
def test_garbage_of_cycles_is_collected_during_endless_operations(operations: int) -> None:
    """Objects of one generation are collected each time, and old ones once in a while."""
    deferral = garbage.Deferral(longest_seconds=0, full_every=3)
    cycle = Cycle()
    for generation in range(operations):
        gc.collect(generation)
    freed, generations = weakref.ref(cycle), [each["collections"] for each in gc.get_stats()]

    deferral.begin()
    del cycle
    for number in range(operations):
        assert freed() is not None, number
        deferral.begin()
        deferral.end()

    assert freed() is None
    found = [each["collections"] for each in gc.get_stats()]
    assert found[1] - generations[1] == operations - operations // 3
    assert found[2] - generations[2] == operations // 3
    deferral.end()
    assert gc.isenabled()
