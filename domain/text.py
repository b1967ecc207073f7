"""Text as people write it, and as it is compared."""

import unicodedata


def fold(text: str) -> str:
    """The form that names are searched and sorted by: no accents, no case, single spaces."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(plain.split())


def storable(text: str) -> bool:
    """Whether every database takes the text: PostgreSQL refuses NUL, UTF-8 has no lone surrogates."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
