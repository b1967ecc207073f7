"""Values of a sheet's cells, as spreadsheets and people write them."""

import re
from collections.abc import Callable, Iterable, Mapping

from domain.cells import original
from domain.sheet_files import DotBothWays
from domain.sheet_rows import NoAnswer, NoWholeNumber
from domain.sheet_warnings import WARNED_LINES_MAX, AmbiguousDots, Warned
from domain.text import fold

_WHOLE = re.compile(r"([1-9][0-9]{0,2}(?:\.[0-9]{3})+|[0-9]+)(?:[.,]0{1,2})?|0+[.,]000")
_DECIMAL_DOT = re.compile(r"[0-9]+(?:,[0-9]{3})*\.[0-9]{1,2}|0[0-9]*\.[0-9]{3}")
"""A number whose dot separates decimals: also three of them after a zero, which precedes no thousands."""

_DOT_OF_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]{1,2})?")
_AMBIGUOUS = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
"""A number whose dot may separate three decimals too."""

_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}")
NOTHING = frozenset({"-", "–", "—"})
"""What spreadsheets show for zero in the format of accounting."""

_YES = frozenset("sim s yes y true verdadeiro 1 x ativo active".split())
_NO = frozenset("nao n no false falso 0 inativo inactive".split())

_AS_TEXT = re.compile(r"""="(.*)"|'(.*)""")
"""Marks by which spreadsheets keep a number as a text: `="…"`, and an apostrophe."""

_FORMULA = re.compile(r'\s*="((?:[^"]|"")*)"\s*')
"""Formula of a text alone, by which ERPs keep each cell as it is."""

_ERROR = re.compile(
    r"#(?:N/[AD]|REF!|NOME\?|NAME\?|VALOR!|VALUE!|DIV/0!|NULO!|NULL!|N[ÚU]M!|DESPEJAR!|SPILL!|C[ÁA]LC!|CAMPO!|FIELD!"
    r"|BLOQUEADO!|BLOCKED!|CONECTAR!|CONNECT!|OCUPADO!|BUSY!|DESCONHECIDO!|UNKNOWN!|EXTERNAL!|PYTHON!|ERROR!|ERRO!"
    r"|GETTING_DATA|OBTENDO_DADOS)|##+|Erro?:[0-9]{3}",
    re.IGNORECASE,
)
"""Errors that spreadsheet programs show in Portuguese and English, and the signs that fill a too narrow column."""


class Dots:
    """Lines of a sheet in which the dot of a number separates decimals, and thousands.

    A program writes all numbers of a file in one format, so that a number in one column shows what others mean.
    """

    def __init__(self, header: Callable[[str], str] = str) -> None:
        """Take the function that returns the header of a column in the file."""
        self._header = header
        self._decimals: tuple[str, int] | None = None
        self._thousands: tuple[str, int] | None = None
        self._ambiguous: list[int] = []
        self._count = 0
        self._written = ""
        self._shown = False
        """Whether a number shows that the dot separates thousands."""

    def note(self, line: int, numbers: Mapping[str, str]) -> None:
        """Look at the numbers of a row, by column; raise a refusal if the sheet has the dot both ways."""
        for name, written in numbers.items():
            if _DECIMAL_DOT.fullmatch(written):
                self._decimals = self._decimals or (name, line)
            elif _DOT_OF_THOUSANDS.fullmatch(written):
                self._thousands = self._thousands or (name, line)
                if _AMBIGUOUS.fullmatch(written):
                    self._note_ambiguous(line, written)
                else:
                    self._shown = True
            elif _DECIMAL_COMMA.fullmatch(written):
                self._shown = True
        if self._decimals and self._thousands:
            (decimals_in, decimal), (thousands_in, thousands) = self._decimals, self._thousands
            raise DotBothWays(
                decimals_in=self._header(decimals_in),
                decimal=decimal,
                thousands_in=self._header(thousands_in),
                thousands=thousands,
            )

    def warnings(self) -> list[Warned]:
        """Return a warning if the dots of the rows so far may separate decimals too."""
        if self._shown or not self._ambiguous:
            return []
        return [AmbiguousDots(self._ambiguous, self._count, written=self._written)]

    def _note_ambiguous(self, line: int, written: str) -> None:
        self._written = self._written or written
        if line not in self._ambiguous[-1:]:
            self._count += 1
            if len(self._ambiguous) < WARNED_LINES_MAX:
                self._ambiguous.append(line)


def without_text_mark(cell: str) -> str:
    """Return the content of a cell without its text mark."""
    match = _AS_TEXT.fullmatch(cell)
    return cell if match is None else match[1] or match[2] or ""


def shown(cell: str) -> str:
    """Return the text that a spreadsheet shows: of a formula, such as `="007"`, the text in it."""
    formula = _FORMULA.fullmatch(cell) if '="' in cell else None
    return cell if formula is None else formula[1].replace('""', '"')


def shown_texts(cells: Iterable[str], *, is_report: bool) -> list[str]:
    """Return the texts that a spreadsheet shows of the cells of a CSV file.

    An export has an apostrophe before a text that is written as a formula. A report of bad rows has one before a
    formula too, as the sheet had it.
    """
    texts = [(cell, original(cell)) for cell in cells]
    return [text if text != cell and not is_report else shown(text) for cell, text in texts]


def is_error(text: str) -> bool:
    """Return whether the text is what a spreadsheet program shows in place of a value."""
    return _ERROR.fullmatch(text) is not None


def whole(text: str, *path: str, lowest: int, highest: int) -> int:
    """Return a whole number, written with or without separators of thousands; raise a refusal of any other text.

    A dash is zero.
    """
    text = "0" if text.strip() in NOTHING else text
    match = _WHOLE.fullmatch(text)
    digits = "" if match is None else (match[1] or "").replace(".", "").lstrip("0") or "0"
    if not digits or len(digits) > len(str(highest)) or not lowest <= int(digits) <= highest:
        raise NoWholeNumber(path, lowest=lowest, highest=highest)
    return int(digits)


def yes_or_no(text: str, *path: str) -> bool | None:
    """Return the answer in the cell, None if it is empty; raise a refusal of any other text."""
    folded = fold(text)
    if folded and folded not in _YES | _NO:
        raise NoAnswer(path)
    return folded in _YES if folded else None
