"""Guesses of passwords: any text takes a bounded amount of work, and no weak one is taken for a better one."""

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zxcvbn import matching, scoring

from resolvers import password_guesses
from resolvers.password_guesses import ESTIMATED_LENGTH, guesses

LINES_MAX = 1_000_000
"""Lines of Python that run within a tenth of a second."""

ESTIMATING = password_guesses.__file__, str(Path(matching.__file__).parent)
"""Beginnings of the files whose lines are counted."""

SIGNS = "4@8({[<369&#!1/|0$5+7%2"
LENGTH_MAX = 1_000
SAFE = 10**8


def lines(password: str) -> int:
    """Return how many lines of Python the estimate of a password runs."""
    number = 0

    def ran(frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401 — as `sys.settrace` has it.
        nonlocal number
        number += event == "line"
        # Others may run meanwhile, such as what takes the counters of coverage out of the code.
        return ran if frame.f_code.co_filename.startswith(ESTIMATING) else None

    # The lists are read once in a process.
    guesses("a", ["maria"])
    before = sys.gettrace()
    sys.settrace(ran)
    try:
        guesses(password, ["maria", "reis"])
    finally:
        sys.settrace(before)
    return number


def texts(characters: str) -> st.SearchStrategy[str]:
    return st.text(characters, min_size=12, max_size=LENGTH_MAX)


@pytest.mark.parametrize(
    "part", [SIGNS, SIGNS[::-1], "1!|7+", "1", "12", "1234567890", "ab1", "aA1!", "q1w2e3r4", "19901212", "tr4$h1ng|"]
)
def test_no_text_takes_more_than_a_tenth_of_a_second(part: str) -> None:
    assert lines((part * LENGTH_MAX)[:LENGTH_MAX]) < LINES_MAX


@pytest.mark.parametrize("part", [f"\u00e1{SIGNS}", "\uff11\uff01", "\u00e11!|7+", "\ufdfa", "\u00e3s\u00e3o1"])
def test_a_text_with_other_letters_takes_twice_as_long_at_most(part: str) -> None:
    assert lines((part * LENGTH_MAX)[:LENGTH_MAX]) < 2 * LINES_MAX


@settings(max_examples=15)
@given(st.sampled_from([SIGNS, SIGNS + "aeilost", "12", "a1!"]).flatmap(texts))
def test_no_text_of_digits_and_signs_takes_longer(password: str) -> None:
    assert lines(password) < LINES_MAX


@given(
    st.lists(
        st.sampled_from(["p@ssw0rd", "P4$$word", "1q2w3e", "m4r1@", "19901212", "aaaa", "!", "7", "x", "c0mm1$"]),
        min_size=1,
        max_size=4,
    ).map("".join)
)
def test_no_weak_password_is_better_than_zxcvbn_finds_it(password: str) -> None:
    words = ["maria"]
    ranks = {**matching.RANKED_DICTIONARIES, "user_inputs": matching.build_ranked_dict(words)}

    found = scoring.most_guessable_match_sequence(password, matching.omnimatch(password, ranks))

    # Of three parts or more, which are never weak, the scoring drops good beginnings for shorter ones, and may so give
    # more guesses the more it is shown.
    assert min(guesses(password, words), SAFE) <= found["guesses"]


@pytest.mark.parametrize("weak", ["p@ssw0rd1234", "commi$s1on", "dis4ppo1n+ment", "P@5$w0rdP@5$w0rd", "m@r14m@r14m4"])
def test_common_words_in_digits_and_signs_are_weak(weak: str) -> None:
    assert guesses(weak, ["maria"]) < SAFE


@pytest.mark.parametrize("strong", ["um jardim de girassóis", "correct horse battery", "7$k|2<Q9{m", "x7!q0|w@3[z9%k2"])
def test_words_and_random_signs_are_strong(strong: str) -> None:
    assert guesses(strong, ["maria"]) >= SAFE


def test_only_the_beginning_of_a_long_text_counts() -> None:
    beginning = "um jardim de girassóis " * 4

    assert guesses(beginning[:ESTIMATED_LENGTH], []) == guesses(beginning[:ESTIMATED_LENGTH] + SIGNS, [])
