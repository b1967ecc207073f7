"""Values of a sheet's cells, as spreadsheets and people write them."""

import re

from domain.text import fold

_WHOLE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:[.,]0{1,2})?")
_YES = frozenset("sim s yes y true verdadeiro 1 x ativo active".split())
_NO = frozenset("nao n no false falso 0 inativo inactive".split())


class CellError(ValueError):
    """The cell has a wrong value; the message says what would be right."""


def whole(text: str, what: str, *, lowest: int, highest: int) -> int:
    """Return a whole number, written with or without separators of thousands."""
    match = _WHOLE.fullmatch(text)
    digits = "" if match is None else match[1].replace(".", "").lstrip("0") or "0"
    if not digits or len(digits) > len(str(highest)) or not lowest <= int(digits) <= highest:
        message = f"{what} is a whole number from {lowest} to {highest}"
        raise CellError(message)
    return int(digits)


def yes_or_no(text: str, what: str) -> bool | None:
    """Return the answer in the cell; None if it is empty."""
    folded = fold(text)
    if folded and folded not in _YES | _NO:
        message = f"{what} is sim or não (yes or no)"
        raise CellError(message)
    return folded in _YES if folded else None
