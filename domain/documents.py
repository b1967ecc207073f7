"""Trusted documents: their ids, and what can be registered."""

import re
from hashlib import sha256
from typing import TypeGuard

from domain.text import storable

ID_LENGTH_MAX = 128
TEXT_LENGTH_MAX = 100_000
DOCUMENTS_MAX = 10_000
CHARACTERS_MAX = 10_000_000
"""Maximum length of all registered documents together, since every process holds them in memory."""

SHA256_PREFIX = "sha256:"

_NAME = r"[A-Za-z0-9._~-]+"
# Forms of ids in the GraphQL over HTTP specification, which reserves the other prefixes.
_ID = re.compile(rf"sha256:[0-9a-f]{{64}}|x-{_NAME}:{_NAME}|{_NAME}")


def is_id(value: object) -> TypeGuard[str]:
    """Return whether the value can be a document's id."""
    return isinstance(value, str) and len(value) <= ID_LENGTH_MAX and _ID.fullmatch(value) is not None


def hashed(text: str) -> str:
    """Return the SHA-256 of a document's text, in hexadecimal."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def complaint(document_id: str, text: str) -> str | None:
    """Return why a document can't be registered, independent of the schema; None if it can."""
    if not is_id(document_id):
        return (
            f"an id is at most {ID_LENGTH_MAX} of A–Z a–z 0–9 . _ ~ -, or sha256: and 64 hexadecimal digits in small "
            "letters, or has a prefix of its own that begins with x- and ends with a colon"
        )
    if not storable(text):
        return "the text has NUL or a lone surrogate in it"
    if len(text) > TEXT_LENGTH_MAX:
        return f"the text is longer than {TEXT_LENGTH_MAX} characters"
    if document_id.startswith(SHA256_PREFIX) and document_id != SHA256_PREFIX + hashed(text):
        return f"the SHA-256 of the text is another one, {hashed(text)}"
    return None
