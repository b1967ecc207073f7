"""The check of the runs with kills finds each way in which a mutation can be lost, doubled or invented."""

from collections import Counter

import pytest

from tests.durability.asked import Asked, wrong

ONCE, TWICE, NEVER = Counter(ORDER_CREATED=1), Counter(ORDER_CREATED=2), Counter[str]()
REFUSED = "refused ['OUT_OF_STOCK']"
FAILED = "failed UNAVAILABLE"


def is_wrong(answers: list[str], events: Counter[str], *, takes_key: bool = True) -> bool:
    asked = [Asked("createOrder", 1, takes_key, answers=answers)]
    return bool(wrong(asked, {1: events}, {"createOrder": ONCE}))


@pytest.mark.parametrize("takes_key", [True, False])
def test_what_was_acknowledged_is_done_once(takes_key: bool) -> None:  # noqa: FBT001 — of the table.
    for answers in (["done"], [FAILED, "done"], ["unknown", "done"]):
        found = [is_wrong(answers, events, takes_key=takes_key) for events in (NEVER, ONCE, TWICE)]
        assert found == [True, False, True]


@pytest.mark.parametrize("takes_key", [True, False])
def test_what_failed_or_was_refused_is_not_done(takes_key: bool) -> None:  # noqa: FBT001 — of the table.
    for answers in ([], [FAILED], [REFUSED], [FAILED, REFUSED]):
        assert [is_wrong(answers, events, takes_key=takes_key) for events in (NEVER, ONCE)] == [False, True]


def test_a_refusal_under_a_key_denies_every_try() -> None:
    assert [is_wrong(["unknown", REFUSED], events) for events in (NEVER, ONCE)] == [False, True]
    assert [is_wrong(["unknown"], events) for events in (NEVER, ONCE, TWICE)] == [False, False, True]


def test_without_a_key_an_unknown_try_may_be_done() -> None:
    found = [is_wrong(["unknown"], events, takes_key=False) for events in (NEVER, ONCE, TWICE)]

    assert found == [False, False, True]


def test_a_key_that_was_acknowledged_is_never_refused() -> None:
    assert not is_wrong(["done", "unknown", FAILED, "done"], ONCE)
    assert is_wrong(["done", REFUSED], ONCE)


def test_an_object_that_two_callers_got_is_found() -> None:
    def found(*answers: str) -> list[object]:
        asked = [
            Asked("createOrder", user, takes_key=True, object="order", answers=[answer])
            for user, answer in enumerate(answers)
        ]
        by_user = {each.user_id: ONCE if each.is_done else NEVER for each in asked}
        return wrong(asked, by_user, {"createOrder": ONCE})

    assert found("done", REFUSED) == []
    assert found("done", "done") == [("order", 2)]
