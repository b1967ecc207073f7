"""The languages in which the portal speaks to people."""

from enum import Enum
from typing import NamedTuple


class Language(Enum):
    """A language that messages and labels are written in."""

    PORTUGUESE = "pt-BR"
    ENGLISH = "en"


class Text(NamedTuple):
    """One sentence in each language; `{name}` stands for a fact."""

    pt: str
    en: str

    def within(self, language: Language) -> str:
        """The sentence in that language, its facts not yet filled in."""
        return self.pt if language is Language.PORTUGUESE else self.en


def preferred(accept_language: str) -> Language:
    """The best of our languages for an Accept-Language header (RFC 9110, 12.5.4); Portuguese where none fits."""
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
