"""Text as people write it, and as it is compared."""

import re
import unicodedata

# Bidi_Control of Unicode.
_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(f"{chr(last - 1)}{chr(last)}" for last in range(0xFFFF, 0x110000, 0x10000))
# Default_Ignorable_Code_Point of Unicode without the changes of direction, and what fonts draw nothing for either:
# interlinear annotations, the place of an embedded object, the null notehead, and noncharacters.
_NOTHING = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffc\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
) + _NONCHARACTERS
_BRAILLE_BLANK = "\u2800"
_HIEROGLYPH_BLANKS = "\U00013441\U00013442"
_SPACES = "".join(map(chr, range(0x2000, 0x200B)))
_BLANKS = f" \t\r\n\u00a0\u1680{_SPACES}\u2028\u2029\u202f\u205f\u3000"
_SOME_BLANKS = re.compile(f"[{_BLANKS}]+")
_SHOW_NOTHING = re.compile(f"[{_NOTHING}]")
_NOT_VISIBLE = re.compile(f"[{_NOTHING}{_DIRECTION}]")
_CONTROL = re.compile(f"[\0-\x1f\x7f-\x9f{_DIRECTION}]")
_CONTROL_IN_LINES = re.compile(f"[\0-\x08\x0b-\x1f\x7f-\x9f{_DIRECTION}]")
_HIDDEN = re.compile(f"[\0-\x1f\x7f-\x9f{_DIRECTION}{_NOTHING}{_BRAILLE_BLANK}]")
_LINE_BREAK = re.compile("\r\n?|[\u2028\u2029]")
_NOT_READ = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"})
"""The general categories of controls, unassigned and private characters, surrogates, combining marks and blanks."""


def normal(text: str) -> str:
    """Return the text as it is stored: in NFC, without blanks around it and characters that show nothing.

    Those come in unnoticed when a text is copied. The joiners and variation selectors of emoji are dropped too: then
    the parts of an emoji are shown side by side. Line breaks become line feeds.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", _SHOW_NOTHING.sub("", text).replace(_BRAILLE_BLANK, " "))
    return trimmed(_LINE_BREAK.sub("\n", text))


def trimmed(text: str) -> str:
    """Return the text without blanks and line breaks around it; `str.strip` drops control characters too."""
    return text.strip(_BLANKS)


def single_spaced(text: str) -> str:
    """Return the text with one space for all blanks and line breaks side by side, and none around it."""
    return _SOME_BLANKS.sub(" ", text).strip(" ")


def visible(text: str) -> str:
    """Return a number, key or text to search, as it was typed, without what can't be seen."""
    return text if text.isascii() else _NOT_VISIBLE.sub("", text).replace(_BRAILLE_BLANK, " ")


def control(text: str, *, lines: bool = False) -> str | None:
    """Return the first control or change of the writing direction; in `lines`, tabs and line feeds are allowed."""
    found = (_CONTROL_IN_LINES if lines else _CONTROL).search(text)
    return None if found is None else found[0]


def hidden(text: str) -> str | None:
    """Return the first character that can't be seen, except blanks."""
    found = _HIDDEN.search(text)
    return None if found is None else found[0]


def says_nothing(text: str) -> bool:
    """Whether nothing can be read: the text has only blanks, marks without a letter, and characters without a glyph."""
    return all(unicodedata.category(character) in _NOT_READ or character in _HIEROGLYPH_BLANKS for character in text)


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
