"""Points are counted in few steps, whatever the document, and kept by the variables that they depend on."""

import itertools
import sys
from types import FrameType

import pytest

from server.graphql import limits
from tests.server.graphql.test_costs import cost


def test_counting_takes_steps_in_proportion_to_the_document() -> None:
    def chain(levels: int) -> str:
        below = [
            f"fragment F{n} on Client {{ activations(first: $n) {{ nodes {{ client {{ ...F{n + 1} }} }} "
            f"edges {{ node {{ client {{ ...F{n + 1} }} }} }} }} }}"
            for n in range(levels)
        ]
        return " ".join(
            ["query ($n: Int) { clients { nodes { ...F0 } } }", *below, f"fragment F{levels} on Client {{ id }}"]
        )

    short, long = _calls(chain(20)), _calls(chain(40))

    assert long < 2.5 * short


def test_many_switches_are_counted_once_and_not_for_each_of_their_values() -> None:
    names = [f"s{number}" for number in range(20)]
    lists = " ".join(f"{name}: clients @include(if: ${name}) {{ nodes {{ id }} }}" for name in names)
    counted = cost(f"query ({', '.join(f'${name}: Boolean!' for name in names)}) {{ {lists} }}")

    steps = _counted_calls(lambda: counted.points(dict.fromkeys(names, False)))

    assert counted.points(dict.fromkeys(names, False)) == counted.points_most == 84
    assert steps < 20


@pytest.mark.parametrize(("fields", "kept"), [(5, 4), (155, 1)])
def test_counts_are_kept_for_the_last_values_of_switches(fields: int, kept: int) -> None:
    names = [f"s{number}" for number in range(6)]
    lists = " ".join(
        f"a{number}: clients(first: $n) @skip(if: ${names[number % 6]}) {{ nodes {{ id }} }}"
        for number in range(fields)
    )
    counted = cost(f"query ($n: Int, {', '.join(f'${name}: Boolean!' for name in names)}) {{ {lists} }}")
    values = [{**dict(zip(names, each, strict=True)), "n": 100} for each in itertools.product([False, True], repeat=6)]

    found = [counted.points(each) for each in values]

    assert found == [counted.points(each) for each in values]
    assert found[0] == counted.points_most > found[-1] == 2
    assert len(counted._variants) == kept  # noqa: SLF001 — what is in memory.
    assert _counted_calls(lambda: counted.points(values[-1])) < 10 * fields


@pytest.mark.parametrize(
    "text",
    [
        "query ($n: Int) { "
        + " ".join(f"a{n}: clients(first: $n) {{ nodes {{ id }} }}" for n in range(limits.FIELDS_MAX // 3))
        + " }",
        "query ($n: Int) { node(id: 1) { "
        + " ".join(f"... on Client {{ a{n}: activations(first: $n) {{ nodes {{ id }} }} }}" for n in range(300))
        + " } }",
        "query ($n: Int) { clients { nodes { ...F0 } } } "
        + " ".join(
            f"fragment F{n} on Client {{ activations(first: $n) {{ nodes {{ client {{ ...F{n + 1} }} }} "
            f"edges {{ node {{ client {{ ...F{n + 1} }} }} }} }} }}"
            for n in range(6)
        )
        + " fragment F6 on Client { id }",
    ],
    ids=["aliases", "conditions", "fragments"],
)
def test_points_of_accepted_documents_are_found_in_few_steps(text: str) -> None:
    counted = cost(text)

    steps = _counted_calls(lambda: counted.points({"n": 1}))

    assert steps < 20 * limits.FIELDS_MAX


def _calls(text: str) -> int:
    return _counted_calls(lambda: cost(text))


def _counted_calls(work: object) -> int:
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    assert callable(work)
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls
