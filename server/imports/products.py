"""Products from a sheet: each row becomes a product of the vendor, or a bad row with its reason."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from domain.checks import Checks
from domain.languages import Language
from domain.products import INCLUDED_SEATS_MAX, NAME_LENGTH, ProductDetails
from server.imports.cells import CellError, whole, yes_or_no
from server.imports.sheets import BadRow, Columns, Line, without_text_mark

COLUMNS: Columns = {
    "code": ("codigo", "code", "codigo_produto", "product_code"),
    "name": ("nome", "name", "descricao", "description", "produto", "product"),
    "included_seats": ("usuarios_incluidos", "included_seats", "usuarios", "seats"),
    "active": ("ativo", "active", "situacao", "status"),
}
REQUIRED = frozenset({"code", "name", "included_seats"})


class Row(NamedTuple):
    """Row with a valid product."""

    line: int
    details: ProductDetails


def read(lines: Iterable[Line | BadRow]) -> Iterator[Row | BadRow]:
    """Check each row of the sheet; a code may be in one row only, because two could contradict each other."""
    seen: dict[str, int] = {}
    for line in lines:
        row = line if isinstance(line, BadRow) else _row(line)
        if isinstance(row, Row):
            first = seen.setdefault(row.details.code, row.line)
            yield row if first == row.line else BadRow(row.line, f"{row.details.code} is in line {first} already")
        else:
            yield row


def _row(line: Line) -> Row | BadRow:
    cells: Mapping[str, str] = {name: without_text_mark(cell) for name, cell in line.cells.items()}
    checks, reasons = Checks(), []
    code = checks.product_code(cells.get("code", ""), "code")
    name = checks.text(cells.get("name", ""), "name", longest=NAME_LENGTH)
    reasons += [refusal.message(Language.ENGLISH) for refusal in checks.refusals]
    seats, active = 0, None
    try:
        seats = whole(cells.get("included_seats", ""), "the included seats", lowest=0, highest=INCLUDED_SEATS_MAX)
    except CellError as error:
        reasons.append(_sentence(error))
    try:
        active = yes_or_no(cells.get("active", ""), "active")
    except CellError as error:
        reasons.append(_sentence(error))
    if reasons:
        return BadRow(line.number, " ".join(reasons))
    return Row(line.number, ProductDetails(code, name, seats, active))


def _sentence(error: CellError) -> str:
    text = str(error)
    return f"{text[0].upper()}{text[1:]}."
