"""Products from a sheet: each row becomes a product of the vendor, or a bad row with its reason."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from domain.checks import Checks
from domain.languages import Text
from domain.products import INCLUDED_SEATS_MAX, NAME_LENGTH, ProductDetails
from domain.refusals import Refusal
from domain.sheet_rows import RepeatedCode
from domain.text import visible
from resolvers.sheets.cells import Dots, whole, without_text_mark, yes_or_no
from resolvers.sheets.headers import Columns, Layout
from resolvers.sheets.reader import BadRow, Line

COLUMNS: Columns = {
    "code": ("codigo", "code", "codigo_produto", "product_code"),
    "name": ("nome", "name", "descricao", "description", "produto", "product"),
    "included_seats": ("usuarios_incluidos", "included_seats", "usuarios", "seats"),
    "active": ("ativo", "active", "situacao", "status"),
}
LABELS: Mapping[str, Text] = {
    "code": Text(pt="Código", en="Code"),
    "name": Text(pt="Nome", en="Name"),
    "included_seats": Text(pt="Usuários incluídos", en="Included seats"),
    "active": Text(pt="Ativo", en="Active"),
}
"""What sentences call the columns."""

LAYOUT = Layout(columns=COLUMNS, labels=LABELS, required=(frozenset({"code", "name", "included_seats"}),))


class Row(NamedTuple):
    """Row with a valid product."""

    line: int
    details: ProductDetails


def read(lines: Iterable[Line | BadRow], dots: Dots | None = None) -> Iterator[Row | BadRow]:
    """Check each row of the sheet; a code may be in one row only, because two could contradict each other.

    Raises DotBothWays if the column of seats has the dot as decimal and as thousands separator. `dots` has its
    warnings, once all rows are read.
    """
    seen: dict[str, int] = {}
    dots = Dots() if dots is None else dots
    for line in lines:
        if isinstance(line, Line):
            dots.note(line.number, {"included_seats": _plain(line, "included_seats")})
        row = line if isinstance(line, BadRow) else _row(line)
        if isinstance(row, Row) and isinstance(line, Line):
            first = seen.setdefault(row.details.code, row.line)
            yield row if first == row.line else line.bad(RepeatedCode(code=row.details.code, line=first))
        else:
            yield row


def _row(line: Line) -> Row | BadRow:
    seats_cell, active_cell = _plain(line, "included_seats"), _plain(line, "active")
    checks = Checks()
    code = checks.product_code(without_text_mark(line.cells.get("code", "")), "code")
    name = checks.text(line.cells.get("name", ""), "name", longest=NAME_LENGTH)
    seats, active = 0, None
    try:
        seats = whole(seats_cell, "included_seats", lowest=0, highest=INCLUDED_SEATS_MAX)
    except Refusal as refusal:
        checks.refuse(refusal)
    try:
        active = yes_or_no(active_cell, "active")
    except Refusal as refusal:
        checks.refuse(refusal)
    if checks.refusals:
        return line.bad(*checks.refusals)
    return Row(line.number, ProductDetails(code, name, seats, active))


def _plain(line: Line, name: str) -> str:
    """Return a number or an answer as it is typed, without a text mark, which in a name is a part of it."""
    return visible(without_text_mark(line.cells.get(name, ""))).strip()
