"""Text as people write it, as it is stored, and as it is compared."""

import re
import unicodedata
from string import ascii_lowercase, ascii_uppercase

# Bidi_Control of Unicode.
_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(f"{chr(last - 1)}{chr(last)}" for last in range(0xFFFF, 0x110000, 0x10000))
# Default_Ignorable_Code_Point of Unicode without the direction controls, and other characters without a glyph:
# interlinear annotations, the object replacement, the null notehead, and noncharacters.
_NOTHING = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffc\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
) + _NONCHARACTERS
_BRAILLE_BLANK = "\u2800"
_HIEROGLYPH_BLANKS = "\U00013441\U00013442"
_SPACES = "".join(map(chr, range(0x2000, 0x200B)))
_BLANKS = f" \t\r\n\u00a0\u1680{_SPACES}\u2028\u2029\u202f\u205f\u3000"
_ACUTE_ACCENT = "\u00b4"
# Quotation marks, modifier letter and prime; hyphens, dashes and the minus sign.
_ALIKE = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201b\u02bc\u2032", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
)
_CAPITALS = str.maketrans(ascii_lowercase, ascii_uppercase)
_ACCENTS = re.compile("[\u0300-\u036f]+")
_SOME_BLANKS = re.compile(f"[{_BLANKS}]+")
_SHOW_NOTHING = re.compile(f"[{_NOTHING}]")
_NOT_VISIBLE = re.compile(f"[{_NOTHING}{_DIRECTION}]")
_CONTROL = re.compile(f"[\0-\x1f\x7f-\x9f{_DIRECTION}]")
_CONTROL_IN_LINES = re.compile(f"[\0-\x08\x0b-\x1f\x7f-\x9f{_DIRECTION}]")
_HIDDEN = re.compile(f"[\0-\x1f\x7f-\x9f{_DIRECTION}{_NOTHING}{_BRAILLE_BLANK}]")
_LINE_BREAK = re.compile("\r\n?|[\u2028\u2029]")
_NOT_READ = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"})
"""General categories of controls, unassigned and private characters, surrogates, combining marks and blanks."""


def normal(text: str) -> str:
    """Return the text as it is stored: in NFC, without surrounding blanks and invisible characters.

    Copied text often has invisible characters. The joiners and variation selectors of emoji are dropped too: the parts
    of an emoji are then shown side by side. Line breaks become line feeds.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", _SHOW_NOTHING.sub("", text).replace(_BRAILLE_BLANK, " "))
    return trimmed(_LINE_BREAK.sub("\n", text))


def trimmed(text: str) -> str:
    """Return the text without surrounding blanks and line breaks; `str.strip` drops control characters too."""
    return text.strip(_BLANKS)


def single_spaced(text: str) -> str:
    """Return the text with one space for each run of blanks and line breaks, and none around it."""
    return _SOME_BLANKS.sub(" ", text).strip(" ")


def visible(text: str) -> str:
    """Return a typed number, key or search text without invisible characters."""
    return text if text.isascii() else _NOT_VISIBLE.sub("", text).replace(_BRAILLE_BLANK, " ")


def upper(text: str) -> str:
    """Return the text in upper case and NFC, which the upper case of a composed letter can leave."""
    return text.upper() if text.isascii() else unicodedata.normalize("NFC", text.upper())


def ascii_upper(text: str) -> str:
    """Return the text with the letters of ASCII in upper case, and no other: that of some is one of ASCII."""
    return text.upper() if text.isascii() else text.translate(_CAPITALS)


def control(text: str, *, lines: bool = False) -> str | None:
    """Return the first control character or direction control; tabs and line feeds are allowed if `lines`."""
    found = (_CONTROL_IN_LINES if lines else _CONTROL).search(text)
    return None if found is None else found[0]


def hidden(text: str) -> str | None:
    """Return the first invisible character, except blanks."""
    found = _HIDDEN.search(text)
    return None if found is None else found[0]


def says_nothing(text: str) -> bool:
    """Return whether the text is only blanks, marks without a letter, and characters without a glyph."""
    return all(unicodedata.category(character) in _NOT_READ or character in _HIEROGLYPH_BLANKS for character in text)


def fold(text: str) -> str:
    """Return the form by which names are searched and sorted: no accents, no case, single spaces, one apostrophe."""
    return " ".join(plain(text).split())


def plain(text: str) -> str:
    """Return the text without accents and case, and with ASCII's apostrophe and hyphen for all that look like them.

    The result for a character doesn't depend on its neighbours.
    """
    if text.isascii():
        return text.lower()
    # Alone it is an apostrophe; its decomposition is a blank.
    text = text.replace(_ACUTE_ACCENT, "'")
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = _ACCENTS.sub("", decomposed)
    if kept.isascii():
        return kept
    # Rarely there are other characters, of which Python looks at each.
    return "".join(each for each in kept.translate(_ALIKE) if not unicodedata.combining(each))


def storable(text: str) -> bool:
    """Return whether both engines accept the text: PostgreSQL refuses NUL, and UTF-8 has no lone surrogates."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
