"""Texts of webhooks that callers write, URLs and selections: how they are encoded, and what is erased from them."""

import re
from collections.abc import Collection, Iterator
from urllib.parse import quote

from domain.answers import unescaped
from domain.erasure import REDACTED, Identity

_ENCODED_MAX = 3
"""How many times a text may be encoded, one encoding within the other."""

_PLAIN_IN_URL = "".join(map(chr, range(0x21, 0x7F)))
_KEYWORDS = frozenset({"fragment", "on", "true", "false", "null", "__typename"})
_HOST_LABEL = re.compile(r"xn--[a-z0-9-]+", re.IGNORECASE)
_TOKEN = re.compile(
    r'(?P<text>"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*")|(?P<comment>\#[^\r\n]*)|(?P<name>[_A-Za-z]\w*)',
    re.DOTALL | re.ASCII,
)


def decoded(text: str) -> str:
    """Return the text without percent-encodings, escapes and Punycode, and with spaces for plus signs."""
    for _ in range(_ENCODED_MAX):
        found = unescaped(text)
        if found == text:
            break
        text = found
    return _HOST_LABEL.sub(_unicode, text).replace("+", " ")


def _unicode(label: re.Match[str]) -> str:
    try:
        return label[0].encode().decode("idna")
    except UnicodeError:
        return label[0]


def url_without(identity: Identity, url: str) -> str:
    """Return the URL without the values, also where they are encoded; the rest is encoded anew if there is one."""
    plain = decoded(url)
    if not identity.found_in(plain):
        return identity.redacted(url, longest=None)
    parts = identity.redacted(plain, longest=None).split(REDACTED)
    return REDACTED.join(quote(part, safe=_PLAIN_IN_URL) for part in parts)


def selection_without(identity: Identity, selection: str, schema_names: Collection[str]) -> str:
    """Return a GraphQL selection without the values, and without the comments that have one.

    Names of the schema are no values, whatever a client is called.
    """
    return "".join(_without(identity, selection, _KEYWORDS.union(schema_names)))


def is_erased(url: str, selection: str | None) -> bool:
    """Return whether a value was erased from one of them, so that nothing can be sent until it is replaced."""
    return REDACTED in url or REDACTED in (selection or "")


def _without(identity: Identity, selection: str, schema_names: Collection[str]) -> Iterator[str]:
    begin = 0
    for token in _TOKEN.finditer(selection):
        is_comment = token["comment"] is not None
        if is_comment or token["name"] in schema_names:
            yield _redacted(identity, selection[begin : token.start()])
            begin = token.end()
            if not is_comment or _redacted(identity, token[0]) == token[0]:
                yield token[0]
    yield _redacted(identity, selection[begin:])


def _redacted(identity: Identity, text: str) -> str:
    plain = decoded(text)
    return identity.redacted(plain if identity.found_in(plain) else text, longest=None)
