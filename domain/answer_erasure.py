"""Erasure from the answers of receivers, in which programs write names and numbers in many ways."""

import re
from base64 import b64decode
from collections.abc import Iterator

from domain.answers import readable
from domain.erasure import REDACTED, Identity
from domain.text import plain
from domain.webhook_texts import decoded

_GLUED_LENGTH_MIN = 6
"""Least number of letters and digits of a name that is searched for within longer words."""

_WORD = re.compile(r"[^\W_]+")
_NEITHER = bytes(code for code in range(128) if not chr(code).isalnum())
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_TAG = re.compile(r"<[^<>]{1,200}>")
_QUOTED = re.compile(r"(?:=[0-9A-F]{2})+")
_SOFT_BREAK = re.compile(r"=\s*\n")
_URL_SAFE = str.maketrans("-_", "+/")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")


def answer_names(identity: Identity, answer: str) -> bool:
    """Return whether an answer, or several of them, has any of the values, however it is written."""
    glued = _glued(identity)
    return any(identity.found_in(form) or _has_any(form, glued) for form in _forms(answer))


def answer_without(identity: Identity, answer: str) -> str:
    """Return the answer without the values; nothing is left of it if it has one that is not written as whole words."""
    kept = identity.redacted(answer)
    return REDACTED if answer_names(identity, kept) else kept


def _forms(answer: str) -> Iterator[str]:
    """Yield the answer as it is, and as what it may be another form of."""
    yield answer
    # Most have none of these forms, and are not searched again.
    yield from (form for form in _others(answer) if form != answer)


def _others(answer: str) -> Iterator[str]:
    if any(mark in answer for mark in ("%", "\\", "&", "+", "xn--", "XN--")):
        yield decoded(answer)
    if not answer.isascii():
        yield _OTHER_DIGIT.sub(lambda found: str(int(found[0])), answer)
    if "<" in answer:
        yield _TAG.sub("", answer)
    if "=" in answer:
        yield _QUOTED.sub(_octets, _SOFT_BREAK.sub("", answer))
    for run in _BASE64.findall(answer):
        # A group of four has three bytes; of one character, the last group has none.
        whole = run[: len(run) - (len(run) % 4 == 1)].translate(_URL_SAFE)
        text = readable(b64decode(whole + "=" * (-len(whole) % 4)), is_cut=False)
        if text is not None:
            yield text


def _octets(found: re.Match[str]) -> str:
    return readable(bytes.fromhex(found[0].replace("=", "")), is_cut=False) or ""


def _glued(identity: Identity) -> list[str]:
    """Return the names of several words, and the words that identify alone, as they are within a longer word."""
    names = (_WORD.findall(plain(name)) for name in identity.names)
    glued = ["".join(words) for words in names if len(words) > 1]
    return [each for each in (*glued, *identity.words) if len(each) >= _GLUED_LENGTH_MIN]


def _has_any(text: str, glued: list[str]) -> bool:
    letters = _letters(plain(text)) if glued else ""
    return any(each in letters for each in glued)


def _letters(text: str) -> str:
    """Return the letters and digits of the text."""
    if text.isascii():
        # Many times as fast.
        return text.encode().translate(None, _NEITHER).decode()
    return "".join(_WORD.findall(text))
