"""Cells of exported files: texts that a spreadsheet program neither executes nor misreads."""

import re
from collections.abc import Sequence
from typing import cast

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_SKIPPED = "\\s\"'\ufeff\u200b-\u200f\u2028-\u202f\u2060-\u206f\0-\x1f\x7f-\xa0"
_FORMULA = re.compile(f"[{_SKIPPED}]*[{_SIGNS}]|'*[\t\r\n]")
"""Beginning of a text that a spreadsheet program may take for a formula.

Blanks, quotation marks, byte order marks and invisible characters before a sign may be dropped when a file is opened.
A text with an apostrophe before such a beginning is one too, or its apostrophe would be taken for the added one.
"""

_BLOCKS = *range(0x100), 0x1680, *range(0x2000, 0x2070), 0x3000, 0xFEFF, *range(0xFF00, 0xFF30)
_BEGINNINGS = frozenset(filter(re.compile(f"[{_SKIPPED}{_SIGNS}]").match, map(chr, _BLOCKS)))
"""Characters with which such a text begins."""

_QUOTED = '";,|\t\r\n'
"""Characters for which a cell is quoted: also delimiters of other files, by which a program may split a line."""

_XML_SPECIAL = re.compile("[&<>]|_x(?=[0-9A-Fa-f]{4}_)|[\0-\x08\x0b-\x1f\ufffe\uffff]")
_XML_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "_x": "_x005F_x", "\r": "_x000D_"}
_XML_ESCAPED = ("&", "<", ">", "_x")
_NOT_IN_XML = "\ufffd"


def harmless(text: str) -> str:
    """Return the text with an apostrophe before it if a spreadsheet program may take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def original(cell: str) -> str:
    """Return the text of a cell that `harmless` made."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def quoted(text: str) -> str:
    """Return the text as a cell of a CSV file, in quotation marks if it needs them."""
    if any(each in text for each in _QUOTED):
        return '"' + text.replace('"', '""') + '"'
    return text


def csv_cells(texts: Sequence[str | None]) -> Sequence[str]:
    """Return the cells of a column; null is an empty one.

    Most columns need nothing, which a look at all of their texts together shows in a tenth of the time.
    """
    cells = [text or "" for text in texts] if None in texts else cast("Sequence[str]", texts)
    whole = "".join(cells)
    if _BEGINNINGS.isdisjoint({text[:1] for text in cells}) and not any(each in whole for each in _QUOTED):
        return cells
    return [quoted(harmless(text)) for text in cells]


def xml_text(text: str) -> str:
    """Return the text as the content of an XML element of a workbook.

    A workbook writes what XML has no form for as `_x000D_`; a control character has no meaning there, and is replaced.
    """
    return _XML_SPECIAL.sub(_xml, text)


def xml_texts(texts: Sequence[str]) -> Sequence[str]:
    """Return the texts as `xml_text` does; a look at all of them together shows that most need nothing."""
    whole = "".join(texts)
    # A text without control characters is printable, unless it has others that are rare.
    if whole.isprintable() and not any(each in whole for each in _XML_ESCAPED):
        return texts
    return [xml_text(text) for text in texts]


def _xml(found: re.Match[str]) -> str:
    return _XML_NAMED.get(found[0], _NOT_IN_XML)
