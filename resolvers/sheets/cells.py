"""Values of a sheet's cells, as spreadsheets and people write them."""

import re

from domain.languages import Text
from domain.sheet_rows import NoAnswer, NoWholeNumber
from domain.text import fold

_WHOLE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:[.,]0{1,2})?")
_YES = frozenset("sim s yes y true verdadeiro 1 x ativo active".split())
_NO = frozenset("nao n no false falso 0 inativo inactive".split())

_ERROR = re.compile(
    r"#(?:N/[AD]|REF!|NOME\?|NAME\?|VALOR!|VALUE!|DIV/0!|NULO!|NULL!|N[ÚU]M!|DESPEJAR!|SPILL!|C[ÁA]LC!|CAMPO!|FIELD!"
    r"|BLOQUEADO!|BLOCKED!|CONECTAR!|CONNECT!|OCUPADO!|BUSY!|DESCONHECIDO!|UNKNOWN!|EXTERNAL!|PYTHON!|ERROR!|ERRO!"
    r"|GETTING_DATA|OBTENDO_DADOS)|##+|Erro?:[0-9]{3}",
    re.IGNORECASE,
)
"""Errors that spreadsheet programs show in Portuguese and English, and the signs that fill a too narrow column."""


def is_error(text: str) -> bool:
    """Return whether the text is what a spreadsheet program shows in place of a value."""
    return _ERROR.fullmatch(text) is not None


def whole(text: str, column: Text, *, lowest: int, highest: int) -> int:
    """Return a whole number, written with or without separators of thousands; raise a refusal of any other text."""
    match = _WHOLE.fullmatch(text)
    digits = "" if match is None else match[1].replace(".", "").lstrip("0") or "0"
    if not digits or len(digits) > len(str(highest)) or not lowest <= int(digits) <= highest:
        raise NoWholeNumber(column, lowest=lowest, highest=highest)
    return int(digits)


def yes_or_no(text: str, column: Text) -> bool | None:
    """Return the answer in the cell, None if it is empty; raise a refusal of any other text."""
    folded = fold(text)
    if folded and folded not in _YES | _NO:
        raise NoAnswer(column)
    return folded in _YES if folded else None
