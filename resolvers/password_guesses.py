"""Guesses that a password takes, estimated by zxcvbn with a bounded amount of work.

zxcvbn looks a text up once for each way to read all of its digits and signs as letters, which are hundreds of ways for
some texts, and seconds of work. Here, such words are searched for in the sorted lists of words, letter by letter.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from domain.text import visible

ESTIMATED_LENGTH = 72
"""Characters of a password that are estimated, since the time grows with the square of their number."""

_PATH_LENGTH = 24
"""Characters of a path on a keyboard that are estimated, since the time grows with the cube of their number."""

_LAST = "\U0010ffff"
"""Character after all those of words."""

_GREEDY, _LAZY, _LAZY_WHOLE = re.compile(r"(.+)\1+"), re.compile(r"(.+?)\1+"), re.compile(r"(.+?)\1+")

_Match: TypeAlias = dict[str, Any]
_Ranks: TypeAlias = Mapping[str, Mapping[str, int]]


def guesses(password: str, words: Sequence[str]) -> int:
    """Return how many tries a guesser needs who knows common passwords, and the words of the person.

    It takes up to a tenth of a second, whatever the text is, and twice that with other characters than those of ASCII:
    a guesser may know the letters without their accents.
    """
    return min(_guesses(each, words) for each in {password, _plain(password)})


def _plain(password: str) -> str:
    """Return the password in its case, with letters of ASCII for those that are like them, and what is visible."""
    if password.isascii():
        return password
    decomposed = unicodedata.normalize("NFKD", visible(password))
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def _guesses(password: str, words: Sequence[str]) -> int:
    matching, _ = _zxcvbn()
    # Not `zxcvbn()`, which keeps the words of the last caller in a dictionary that all threads share.
    ranks = {**matching.RANKED_DICTIONARIES, "user_inputs": matching.build_ranked_dict(words)}
    return int(_estimate(password[:ESTIMATED_LENGTH], ranks, (_common_words(), sorted(set(words))))["guesses"])


def _zxcvbn() -> tuple[Any, Any]:
    """Return the modules that match and score; their types know no match that has its guesses before."""
    # The lists of common words take 15 MB, which a process needs only once someone chooses a password.
    from zxcvbn import matching, scoring  # noqa: PLC0415 — see above.

    return matching, scoring


@cache
def _common_words() -> list[str]:
    matching, _ = _zxcvbn()
    return sorted(set().union(*matching.RANKED_DICTIONARIES.values()))


def _estimate(text: str, ranks: _Ranks, lists: Sequence[list[str]]) -> Mapping[str, Any]:
    """Return zxcvbn's estimate of a text, in which it finds what `omnimatch` does, or more."""
    matching, scoring = _zxcvbn()
    found: list[_Match] = [
        *matching.dictionary_match(text, ranks),
        *matching.reverse_dictionary_match(text, ranks),
        *(match for words in lists for match in _disguised(text, ranks, words)),
        *map(_bounded, matching.spatial_match(text)),
        *_repeated(text, ranks, lists),
        *matching.sequence_match(text),
        *matching.regex_match(text),
        *matching.date_match(text),
    ]
    estimate: Mapping[str, Any] = scoring.most_guessable_match_sequence(text, found)
    return estimate


def _bounded(path: _Match) -> _Match:
    """Give a long path on a keyboard, which takes more guesses than its beginning, the guesses of that."""
    _, scoring = _zxcvbn()
    if len(path["token"]) > _PATH_LENGTH:
        beginning = {"token": path["token"][:_PATH_LENGTH], "turns": min(path["turns"], _PATH_LENGTH - 1)}
        path["guesses"] = scoring.spatial_guesses({**path, **beginning, "shifted_count": 0})
    return path


class _Prefix(NamedTuple):
    """Beginning of words that a part of a text can be read as, and the range of these words in their sorted list."""

    text: str
    first: int
    end: int
    letters: Mapping[str, str]
    """Letter as which each digit or sign is read, or the character itself."""


def _disguised(text: str, ranks: _Ranks, words: list[str]) -> Iterator[_Match]:
    """Find the words that have digits or signs in place of letters, each always for the same letter."""
    lower = text.lower()
    for start in range(len(text)):
        prefixes = [_Prefix("", 0, len(words), {})]
        for end in range(start, len(text)):
            prefixes = [longer for each in prefixes for longer in _longer(each, lower[end], words)]
            if not prefixes:
                break
            for word, first, _, letters in prefixes:
                replaced = {sign: letter for sign, letter in letters.items() if sign != letter}
                if replaced and end > start and words[first] == word:
                    yield {
                        "pattern": "dictionary",
                        "i": start,
                        "j": end,
                        "token": text[start : end + 1],
                        "rank": min(each[word] for each in ranks.values() if word in each),
                        "l33t": True,
                        "sub": replaced,
                    }


def _longer(prefix: _Prefix, character: str, words: list[str]) -> Iterator[_Prefix]:
    """Return the prefixes of words that the next character can continue the prefix to."""
    letters = _letters().get(character)
    known = prefix.letters.get(character)
    for letter in (character,) if letters is None else (character, *letters) if known is None else (known,):
        longer = prefix.text + letter
        first = bisect_left(words, longer, prefix.first, prefix.end)
        if first < prefix.end and words[first].startswith(longer):
            end = bisect_left(words, longer + _LAST, first, prefix.end)
            yield _Prefix(longer, first, end, {**prefix.letters, character: letter} if letters else prefix.letters)


@cache
def _letters() -> Mapping[str, str]:
    """Return the letters that each digit or sign can be read as."""
    matching, _ = _zxcvbn()
    read_as: dict[str, str] = {}
    for letter, signs in matching.L33T_TABLE.items():
        for sign in signs:
            read_as[sign] = read_as.get(sign, "") + letter
    return read_as


def _repeated(text: str, ranks: _Ranks, lists: Sequence[list[str]]) -> Iterator[_Match]:
    """Find what is repeated, as zxcvbn does, with the estimate of a single one."""
    place = 0
    while (greedy := _GREEDY.search(text, place)) and (lazy := _LAZY.search(text, place)):
        found, single = lazy, lazy[1]
        # Greedy finds “aabaab” where lazy finds “aa”; what is repeated may be repeated itself.
        if len(greedy[0]) > len(lazy[0]) and (shortest := _LAZY_WHOLE.fullmatch(greedy[0])):
            found, single = greedy, shortest[1]
        estimate = _estimate(single, ranks, lists)
        yield {
            "pattern": "repeat",
            "i": found.start(),
            "j": found.end() - 1,
            "token": found[0],
            "base_guesses": estimate["guesses"],
            "repeat_count": len(found[0]) / len(single),
        }
        place = found.end()
