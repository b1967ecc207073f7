"""Answers of receivers as they are stored: readable, so that what was erased elsewhere is found in them too."""

import codecs
import html
import re

from domain.text import visible

# Begun at the first of several backslashes only, or it would take time by the square of their number.
_BACKSLASHES = r"(?<!\\)\\++"
_ESCAPE = re.compile(
    rf"(?:{_BACKSLASHES}u|%u)([0-9A-Fa-f]{{4}})"
    rf"|{_BACKSLASHES}(?:u\{{([0-9A-Fa-f]{{1,6}})\}}|U([0-9A-Fa-f]{{8}}))"
)
_ESCAPED_BYTES = re.compile(rf"(?:{_BACKSLASHES}(?:x[0-9A-Fa-f]{{2}}|[0-3][0-7]{{2}}))+")
_ESCAPED_BYTE = re.compile(rf"{_BACKSLASHES}(?:x([0-9A-Fa-f]{{2}})|([0-3][0-7]{{2}}))")
_BLANK = re.compile(rf"{_BACKSLASHES}[nrt]")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
# What may be a part of a word or an escape, after the digits and the mask of a CNPJ.
_LAST_WORD = re.compile(r"[\w\\%&#;{}./+-]*(?:[\W_]{0,3}\d)*")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
# What two letters of ASCII are in UTF-16: the answer has bytes of both.
_TWO_LETTERS = re.compile("[\u2030-\u209f\u2100-\ud7ff\ue000-\uffff]")
_LINE_CONTROL = re.compile(r"[\x0b\x0c]")

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    # The mark of UTF-16 is the beginning of that of UTF-32.
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
"""Byte order marks, and the encodings that they are of."""

_WIDE = {(4, 0): "utf-32-le", (4, 3): "utf-32-be", (2, 0): "utf-16-le", (2, 1): "utf-16-be"}
"""Encodings by the bytes of a character, and by which of these is not zero in Latin text."""

_NAMED = re.compile(r"utf-?(?:7|(?:16|32)(?:[-_]?[bl]e)?)|cp850|ibm850|macintosh|mac-roman", re.IGNORECASE)
"""Encodings that can't be told from the bytes alone, so that the one that the receiver names is taken."""


def readable(content: bytes, *, is_cut: bool, charset: str | None = None) -> str | None:
    """Return the answer as text without escapes and invisible characters; None if it is empty, or no text.

    If it is cut, the last word is left out.
    """
    text = visible(_COLOUR.sub("", _decoded(content, is_cut=is_cut, charset=charset)))
    is_guessed = b"\0" in content and not content.startswith(tuple(_MARKS)) and not _is_named(charset)
    if _CONTROL.search(text) is not None or (is_guessed and _TWO_LETTERS.search(text) is not None):
        # In an image, or what is compressed or encrypted, nothing could be searched for.
        return None
    if is_cut:
        text = text[: len(text) - len(_ends_with(text))]
    return unescaped(text) or None


def unescaped(text: str) -> str:
    """Return the text without escapes and invisible characters."""
    if "\\" in text or "%" in text:
        text = _ESCAPE.sub(_character, text)
        text = _ESCAPED_BYTES.sub(_escaped_octets, text)
        text = _BLANK.sub("\n", text)
        text = _PERCENT.sub(_octets, text)
    text = html.unescape(text)
    if not text.isascii():
        # Pairs of surrogates become characters.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _CONTROL.sub("", visible(_LINE_CONTROL.sub("\n", text)))


def _ends_with(text: str) -> str:
    found = _LAST_WORD.match(text[::-1])
    return "" if found is None else found[0]


def _decoded(content: bytes, *, is_cut: bool, charset: str | None = None) -> str:
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    wide = _wide(content)
    if wide is not None:
        return content.decode(wide, "replace")
    if charset is not None and _is_named(charset):
        return content.decode(charset, "replace")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if is_cut and error.reason == "unexpected end of data":
            return content[: error.start].decode()
        return _by_single_bytes(content)


def _wide(content: bytes) -> str | None:
    """Return the encoding in which most characters have bytes that are zero, as those of Latin letters have."""
    if b"\0" not in content:
        return None
    for (size, place), encoding in _WIDE.items():
        number = len(content) // size
        zeros = [content[each : number * size : size].count(0) for each in range(size)]
        if number and zeros[place] == 0 and all(2 * zeros[each] > number for each in range(size) if each != place):
            return encoding
    return None


def _is_named(charset: str | None) -> bool:
    return charset is not None and _NAMED.fullmatch(charset) is not None


def _by_single_bytes(content: bytes) -> str:
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        # Every byte is a character of ISO 8859-1, in which older systems write.
        return content.decode("latin-1")


def _character(found: re.Match[str]) -> str:
    code = int(found[1] or found[2] or found[3], 16)
    return chr(code) if code <= 0x10FFFF else "\ufffd"  # noqa: PLR2004 — the last of Unicode.


def _escaped_octets(found: re.Match[str]) -> str:
    each = _ESCAPED_BYTE.finditer(found[0])
    return _decoded(bytes(int(one[1], 16) if one[1] else int(one[2], 8) for one in each), is_cut=False)


def _octets(found: re.Match[str]) -> str:
    return _decoded(bytes.fromhex(found[0].replace("%", "")), is_cut=False)
