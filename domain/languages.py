"""Languages of messages and labels."""

from enum import Enum
from typing import NamedTuple


class Language(Enum):
    """Language of messages and labels."""

    PORTUGUESE = "pt-BR"
    ENGLISH = "en"


class Text(NamedTuple):
    """Sentence in each language; `{name}` is replaced by a fact."""

    pt: str
    en: str

    def within(self, language: Language) -> str:
        """Return the sentence in the language, with its facts not yet filled in."""
        return self.pt if language is Language.PORTUGUESE else self.en


def preferred(accept_language: str) -> Language:
    """Return the best supported language for an Accept-Language header (RFC 9110, 12.5.4); Portuguese by default."""
    best, best_quality = Language.PORTUGUESE, 0.0
    for part in accept_language.split(","):
        tag, _, parameter = part.partition(";")
        primary = tag.strip().partition("-")[0].lower()
        language = {"pt": Language.PORTUGUESE, "en": Language.ENGLISH}.get(primary)
        quality = _quality(parameter)
        if language is not None and quality > best_quality:
            best, best_quality = language, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
