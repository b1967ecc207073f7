"""Answers of receivers as they are stored: readable, so that what was erased elsewhere is found in them too."""

import html
import re

_ESCAPE = re.compile(r"\\+(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))")
_BLANK = re.compile(r"\\+[nrt]")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
# What may be a part of a word or an escape, after the digits and the mask of a CNPJ.
_LAST_WORD = re.compile(r"[\w\\%&#;./+-]*(?:[\W_]{0,3}\d)*")


def readable(content: bytes, *, is_cut: bool) -> str | None:
    """Return the answer as text without escapes, and without the last word if it is cut; None if it is empty."""
    text = _decoded(content, is_cut=is_cut)
    if is_cut:
        text = text[: len(text) - len(_ends_with(text))]
    text = _ESCAPE.sub(_character, text)
    text = _BLANK.sub("\n", text)
    text = _PERCENT.sub(_octets, text)
    # Pairs of surrogates become characters. PostgreSQL stores no NUL.
    text = html.unescape(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "\ufffd") or None


def _ends_with(text: str) -> str:
    found = _LAST_WORD.match(text[::-1])
    return "" if found is None else found[0]


def _decoded(content: bytes, *, is_cut: bool) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if is_cut and error.reason == "unexpected end of data":
            return content[: error.start].decode()
        # Every byte is a character of ISO 8859-1, in which older systems write.
        return content.decode("latin-1")


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1] or found[2], 16))


def _octets(found: re.Match[str]) -> str:
    return _decoded(bytes.fromhex(found[0].replace("%", "")), is_cut=False)
