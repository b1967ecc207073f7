"""Text as people write it, and as it is compared."""

import unicodedata


def fold(text: str) -> str:
    """The form that names are searched and sorted by: no accents, no case, single spaces."""
    return " ".join(plain(text).split())


def plain(text: str) -> str:
    """The text without accents and case; each character becomes the same whatever stands around it."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def storable(text: str) -> bool:
    """Whether every database takes the text: PostgreSQL refuses NUL, UTF-8 has no lone surrogates."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
