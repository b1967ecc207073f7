"""Headers of columns, as systems write them, and the line of a sheet that has them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from domain.languages import Text
from domain.sheet_files import MissingColumns, RepeatedColumn
from domain.text import fold, single_spaced, trimmed, visible
from resolvers.sheets.encodings import mended

Columns = Mapping[str, Sequence[str]]
"""Headers by column name, the surest first."""

REASON = Text(pt="motivo", en="reason")
"""Header of the column that a report has before all others, and that an import of the report leaves out."""

_REASONS = frozenset({REASON.pt, REASON.en})
_IN_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_WORD = re.compile("[a-z0-9]+")
_NOT_COUNTED = frozenset(
    "a o e ou da de do das dos cliente clientes n no nr num numero campo obrigatorio completo completa customer client "
    "of the and or number".split()
)
"""Words of a header that say nothing about which column it is."""

_HEADER_LENGTH_MAX = 100
"""Maximum characters of a header of a known column."""

_CELLS_MAX = 1_000
"""Maximum number of cells of a header that are looked at; the columns after them are unknown."""

_HEADER_WITHIN = 30
"""Maximum number of rows that titles can have above the header."""


class Layout(NamedTuple):
    """Kind of sheet: its columns, and what each of its sheets must have.

    Attributes:
        columns: Headers by column name.
        labels: What sentences call the columns.
        required: Sets of columns, of which a sheet must have one.
        without_header: Columns of files that have no header, if there are such.
        beginning: Patterns of the first cells of such a file.

    """

    columns: Columns
    labels: Mapping[str, Text]
    required: Sequence[frozenset[str]]
    without_header: Sequence[str] = ()
    beginning: Sequence[re.Pattern[str]] = ()


class Header(NamedTuple):
    """Header of a sheet: the text and the column name of each of its cells, None for an unknown column."""

    cells: Sequence[str]
    names: Sequence[str | None]
    in_file: bool = True
    """Whether a line of the file has it."""

    @property
    def unused(self) -> list[str]:
        """Headers of unknown columns."""
        if not self.in_file:
            return []
        known = zip(self.cells, self.names, strict=True)
        return [cell for cell, name in known if name is None and trimmed(cell) and normal(cell) not in _REASONS]

    @property
    def found(self) -> set[str]:
        """Names of the known columns."""
        return {name for name in self.names if name is not None}

    @property
    def has_reason(self) -> bool:
        """Whether it is the header of a report, which begins with the reasons."""
        return bool(self.cells) and normal(self.cells[0]) in _REASONS

    @property
    def headings(self) -> Mapping[str, str]:
        """Headers that the file has, by column name, as a sentence shows them."""
        named = zip(self.names, self.cells, strict=True) if self.in_file else ()
        return {name: _shown(cell) for name, cell in named if name is not None}

    def of(self, name: str) -> str:
        """Return the header of a column, as a sentence shows it."""
        return _shown(self.cells[self.names.index(name)])


class Placed(NamedTuple):
    """Header, and the number of lines of the file up to its end."""

    header: Header
    ends: int


def find(rows: Iterable[tuple[int, Sequence[str]]], layout: Layout) -> Placed | None:
    """Return the header among the first rows, each with the number of lines up to its end; None if all are blank."""
    best: Placed | None = None
    for number, (ends, row) in enumerate(_not_blank(rows)):
        if number == 0 and _has_no_header(row, layout):
            cells = layout.without_header
            return Placed(Header(cells, _names(cells, layout.columns), in_file=False), 0)
        placed = Placed(Header(row, _names(row, layout.columns)), ends)
        if best is None or len(placed.header.found) > len(best.header.found):
            best = placed
        if number >= _HEADER_WITHIN:
            break
    return best


def check(header: Header, layout: Layout) -> None:
    """Raise a refusal if a column is missing, or is there twice."""
    if not any(required <= header.found for required in layout.required):
        missing = layout.required[0] - header.found
        raise MissingColumns([layout.labels[name] for name in layout.columns if name in missing])
    for name in header.found:
        if header.names.count(name) > 1:
            raise RepeatedColumn(header=header.of(name))


def _not_blank(rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, Sequence[str]]]:
    for ends, row in rows:
        if any(trimmed(cell) for cell in row):
            yield ends, row


def _has_no_header(row: Sequence[str], layout: Layout) -> bool:
    if not layout.without_header or len(row) != len(layout.without_header):
        return False
    return all(pattern.fullmatch(cell) for pattern, cell in zip(layout.beginning, row, strict=False))


def _names(row: Sequence[str], columns: Columns) -> list[str | None]:
    ranked = [_ranks(cell, columns) for cell in row[:_CELLS_MAX]]
    names: list[str | None] = [None] * len(row)
    for name in columns:
        best = min((ranks[name] for ranks in ranked if name in ranks), default=None)
        for place, ranks in enumerate(ranked):
            # Two headers of the same rank are found by `check`.
            if best is not None and ranks.get(name) == best and names[place] is None:
                names[place] = name
    return names


def _ranks(cell: str, columns: Columns) -> dict[str, tuple[int, int]]:
    """Return the rank of a header for each column that it may be of: by its text, or else by its words."""
    if len(cell) > _HEADER_LENGTH_MAX or not (written := normal(cell := mended(cell) or cell)):
        return {}
    words = _words(cell)
    ranks = {}
    for name, aliases in columns.items():
        for rank, alias in enumerate(aliases):
            whole, of_alias = _forms(alias)
            if written == whole:
                ranks[name] = rank, 0
                break
            if words and words == of_alias:
                ranks[name] = rank, 1
                break
    return ranks


@cache
def _forms(alias: str) -> tuple[str, frozenset[str]]:
    """Return the normal form and the words of a header that is known; there are few of them."""
    return normal(alias), _words(alias)


def _shown(header: str) -> str:
    return visible(single_spaced(mended(header) or header))


def normal(header: str) -> str:
    """Return the header without accents, case, blanks and signs."""
    return "".join(_WORD.findall(fold(header)))


def _words(header: str) -> frozenset[str]:
    return frozenset(_WORD.findall(_IN_BRACKETS.sub(" ", fold(header)))) - _NOT_COUNTED
