"""Collections of garbage wait while large operations run, and begin again afterwards."""

import gc

from server.graphql import garbage


def test_collections_wait_until_the_last_operation_ends() -> None:
    assert gc.isenabled()

    with garbage.deferred():
        with garbage.deferred():
            assert not gc.isenabled()
        assert not gc.isenabled()

    assert gc.isenabled()


def test_garbage_of_cycles_is_collected_during_endless_operations() -> None:
    deferral = garbage.Deferral(longest_seconds=0)
    generations = [each["collections"] for each in gc.get_stats()]

    deferral.begin()
    for _ in range(3):
        deferral.begin()
        deferral.end()

    assert gc.get_stats()[0]["collections"] >= generations[0] + 3
    deferral.end()
    assert gc.isenabled()
