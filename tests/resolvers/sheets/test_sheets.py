"""Any file that Excel, an ERP or a script writes is read back unchanged."""

import csv
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.cells import harmless, quoted
from domain.languages import Language
from domain.sheet_files import ChangedFile, SheetRefused, TooManyLines
from domain.sheet_rows import TooFewCells, WrongCellCount
from domain.text import single_spaced, trimmed
from resolvers.sheets import clients, prices
from resolvers.sheets.encodings import mended
from resolvers.sheets.headers import Layout
from resolvers.sheets.reader import DELIMITERS, BadRow, Line, Sheet, of_path
from resolvers.sheets.reader import sheet as opened_sheet
from resolvers.sheets.workbooks import OPERATORS_BOUNDS

PORTUGUESE = ("CNPJ", "Razão Social", "Nome  Fantasia", "MUNICÍPIO", "Uf")
ENGLISH = ("cnpj", "Company-Name", "trade_name", "City", "STATE")
NAMES = ("cnpj", "name", "trade_name", "city", "state")

# Python's own writer leaves a lone carriage return unquoted, which is then ambiguous. Ctrl-Z ends a file.
EXCLUDED = "\0\r\x1a\ufffd"
in_cp1252 = st.sampled_from(["Padaria São João", "AÇOUGUE IRMÃOS", "Três Corações – SP", "Nº 1", ";", '"', "a,b", "\n"])
anything = st.characters(codec="utf-8", exclude_characters=EXCLUDED)


def as_it_is(cell: str) -> bool:
    """Return whether the cell is neither garbled nor made harmless for spreadsheets."""
    return mended(single_spaced(cell)) is None and not cell.startswith("'")


def rows_of(characters: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    cell = st.lists(characters, max_size=20).map("".join).filter(as_it_is)
    return st.lists(st.lists(cell, min_size=5, max_size=5), max_size=6)


encoded = st.one_of(
    st.tuples(st.just("cp1252"), rows_of(in_cp1252)),
    st.tuples(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), rows_of(anything)),
)


@contextmanager
def sheet(file: Path, layout: Layout = clients.LAYOUT) -> Iterator[Sheet]:
    with of_path(file) as disk, opened_sheet(disk, layout) as opened:
        yield opened


def read(file: Path) -> list[Line | BadRow]:
    with sheet(file) as opened:
        return list(opened.rows)


def cells(*values: str) -> dict[str, str]:
    return dict(zip(NAMES, values, strict=False))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "clientes.csv"


@given(
    encoded=encoded,
    header=st.sampled_from([PORTUGUESE, ENGLISH]),
    delimiter=st.sampled_from(DELIMITERS),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    terminator=st.sampled_from(["\r\n", "\n"]),
)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_any_program_writes_is_read_back(  # noqa: PLR0917 — what is drawn has names.
    file: Path,
    encoded: tuple[str, list[list[str]]],
    header: tuple[str, ...],
    delimiter: str,
    quoting: int,
    terminator: str,
) -> None:
    encoding, rows = encoded
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=terminator).writerows([header, *rows])  # type: ignore[arg-type]  # mypy knows the constants by number.
    text = written.getvalue()
    file.write_bytes(text.encode(encoding))

    found = read(file)

    expected = [cells(*map(single_spaced, row)) for row in rows if any(map(trimmed, row))]
    if _reads_as(text, encoding):
        assert [line.cells for line in found if isinstance(line, Line)] == expected
        assert len(found) == len(expected)


EXPORTED = [
    *("=Soma", "'=Soma", "''=Soma", "\uff1dSoma", "'\uff20Soma", '"=Soma', "'Soma", "D'Ávila", "+55", "a=b"),
    *('="007"', '\'="007"'),
]


def test_what_the_portal_exports_is_read_back(file: Path) -> None:
    rows = [",".join([quoted(harmless(text)), "", "", "", ""]) for text in EXPORTED]
    file.write_text("\n".join([",".join(ENGLISH), *rows]), encoding="utf-8")

    assert [line.cells["cnpj"] for line in read(file) if isinstance(line, Line)] == EXPORTED


def test_a_workbook_has_every_text_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "clientes.xlsx"
    book = openpyxl.Workbook()
    for row in (ENGLISH, *((text, "x", "", "", "") for text in EXPORTED if not text.startswith("="))):
        book.worksheets[0].append(row)
    book.save(file)

    found = [line.cells["cnpj"] for line in read(file) if isinstance(line, Line)]

    assert found == [text for text in EXPORTED if not text.startswith("=")]


def _reads_as(text: str, encoding: str) -> bool:
    """Return whether a text of Windows-1252 is not valid UTF-8 by chance, which would be ambiguous."""
    try:
        return encoding != "cp1252" or text.encode("cp1252").decode() == text
    except UnicodeDecodeError:
        return True


def test_lines_are_counted_as_an_editor_counts_them(file: Path) -> None:
    file.write_text('\ncnpj;nome\n\n1;"a\nb"\r\n;\n2;c\n', newline="")

    assert [(line.number, line.cells) for line in read(file) if isinstance(line, Line)] == [
        (4, cells("1", "a b")),
        (7, cells("2", "c")),
    ]


@pytest.mark.parametrize("declared", ["sep=,", "SEP=,", '"sep=,"', '\ufeff"SEP=,"'])
def test_the_line_that_tells_excel_the_delimiter_is_none_of_the_rows(file: Path, declared: str) -> None:
    file.write_text(f"{declared}\ncnpj,nome\n1,a\n", encoding="utf-8")

    assert read(file) == [Line(3, cells("1", "a"))]


def test_a_forgotten_quotation_mark_costs_its_own_row_only(file: Path) -> None:
    many = "".join(f"{number};b\n" for number in range(4, 100))
    file.write_text(f'cnpj;nome\n1;"Bar do Zé\n3;c\n{many}98;"a" b\n99;"never closed')

    found = read(file)

    assert [row.line for row in found if isinstance(row, BadRow)] == [2, 100, 101]
    assert [line.number for line in found if isinstance(line, Line)] == list(range(3, 100))


def test_a_forgotten_quotation_mark_in_a_long_file_is_found_soon(file: Path) -> None:
    file.write_text('cnpj;nome\n1;"Bar do Zé\n' + f"2;{'x' * 100}\n" * 5_000)

    bad, *good = read(file)

    assert isinstance(bad, BadRow)
    assert bad.line == 2
    assert len(good) == 5_000


@pytest.mark.parametrize("lines", [21, 254, 900])
def test_a_cell_may_have_as_many_lines_as_in_a_spreadsheet(file: Path, lines: int) -> None:
    file.write_text('cnpj;nome\n1;"Bar do Zé' + "\n" * (lines - 1) + '"\n2;c\n')

    assert [(line.number, line.cells) for line in read(file) if isinstance(line, Line)] == [
        (2, cells("1", "Bar do Zé")),
        (2 + lines, cells("2", "c")),
    ]


def test_marks_that_close_no_cell_cost_no_time_without_end(file: Path) -> None:
    # Within a cell, each line closes it and begins another one.
    file.write_text("cnpj;nome\n" + 'x";"y\n' * 60_000)

    found = read(file)

    assert len(found) == 60_000
    assert {type(row) for row in found} == {BadRow}


@pytest.mark.parametrize("line", ["\n", "\r\n", ";\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_more_lines_than_a_sheet_has_are_refused_though_blank(line: str, encoding: str) -> None:
    bounds = OPERATORS_BOUNDS._replace(lines=50)

    def rows(count: int) -> list[Line | BadRow]:
        content = "cnpj;nome\n1;a\n" + line * (count - 2)
        with opened_sheet(io.BytesIO(content.encode(encoding)), clients.LAYOUT, bounds=bounds) as opened:
            return list(opened.rows)

    assert rows(50) == [Line(2, cells("1", "a"))]
    with pytest.raises(TooManyLines):
        rows(51)


def test_a_row_of_very_many_cells_is_looked_at_soon(file: Path) -> None:
    file.write_text(";".join(f"Coluna {number}" for number in range(60_000)) + "\ncnpj;nome\n1;a\n")

    assert read(file) == [Line(3, cells("1", "a"))]


@pytest.mark.parametrize("line", [f"1;{'“' * 9_000}\n", f"1;a;{chr(11) * 9_000}\n", f"{'(' * 9_000};x\n"])
def test_lines_that_would_take_time_to_look_at_are_read_soon(file: Path, line: str) -> None:
    file.write_text("cnpj;nome;uf\n" + line * 200, encoding="utf-8")

    assert len(read(file)) == 200


def test_a_delimiter_inside_a_name_separates_no_cells(file: Path) -> None:
    file.write_text("cnpj,nome,uf\n1,Silva, Souza e Cia,SP\n2,b,SP\n")

    bad, good = read(file)

    assert isinstance(bad, BadRow)
    assert "4 cells" in bad.reason(Language.ENGLISH, {})
    assert good == Line(3, {"cnpj": "2", "name": "b", "state": "SP"})


@pytest.mark.parametrize("row", ["2,b,SP,,", "2,b,SP,", "2,b", "2", '4,"2,5",SP,4E+08', " ,,,x"])
def test_a_row_with_more_or_fewer_cells_than_the_header_is_bad(file: Path, row: str) -> None:
    file.write_text(f"cnpj,nome,uf\n{row}\n")

    (bad,) = read(file)

    assert isinstance(bad, BadRow)
    assert isinstance(bad.refusals[0], TooFewCells if len(row.split(",")) < 3 else WrongCellCount)


def test_of_two_columns_for_one_thing_the_surer_one_counts(file: Path) -> None:
    file.write_text("Nome;CNPJ;Razão Social;Telefone\nAna;1;Padaria;99\n")

    with sheet(file) as opened:
        assert opened.header.unused == ["Nome", "Telefone"]
        assert list(opened.rows) == [Line(2, {"cnpj": "1", "name": "Padaria"})]


def test_a_formula_of_a_text_is_read_as_its_text(file: Path) -> None:
    file.write_text('cnpj;name\n"=""1""";"=""Bar """"Sol"""""""\n')

    assert read(file) == [Line(2, {"cnpj": "1", "name": 'Bar "Sol"'})]


def test_a_row_of_control_characters_is_a_row(file: Path) -> None:
    file.write_bytes(b"cnpj;name\n\x1c;\x1d\n \t;\xc2\xa0\n")

    assert read(file) == [Line(2, {"cnpj": "\x1c", "name": "\x1d"})]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n;;\n", "is empty"),
        (b"telefone;e-mail\n1;2\n", "lacks “CNPJ” and “Name”"),
        (b"cnpj;telefone\n1;2\n", "lacks “Name”"),
        (b"cnpj;cnpj;nome\n1;2;3\n", "Two columns are called “cnpj”"),
        (b"\xff\xfec\0n\0", "lacks “CNPJ”"),
        (b"\xff\xfec\0n", "not a text"),
        (b"c\0n\0p\0j\0", "not a text"),
        (b'"', "is empty"),
        (b"x" * 200_000, "is empty"),
        (b"PK\x03\x04\0\0", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old format"),
        (b" <HTML><table><tr><td>CNPJ", "web page"),
        (b"<table border=1>", "web page"),
        (b"<!DOCTYPE html>", "web page"),
        (b"a" * (1 << 20), "too long"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_with_the_reason(file: Path, content: bytes, reason: str) -> None:
    file.write_bytes(content)

    with pytest.raises(SheetRefused) as refused:
        read(file)

    assert reason in refused.value.message(Language.ENGLISH)


def test_what_is_no_file_is_refused(file: Path, tmp_path: Path) -> None:
    for missing in (file, tmp_path):
        with pytest.raises(SheetRefused):
            read(missing)


@pytest.mark.parametrize("size", [0, 12, 500])
def test_a_file_that_is_shortened_while_it_is_read_is_refused(file: Path, size: int) -> None:
    file.write_text("Clientes\ncnpj;nome\n" + "1;a\n" * 10_000)

    with sheet(file) as opened:
        os.truncate(file, size)
        with pytest.raises(ChangedFile):
            list(opened.rows)


def test_every_header_of_the_prices_is_found_in_two_languages(file: Path) -> None:
    portuguese = "Produto;Tipo;Quantidade Mínima;Valor Unitário Mensal;Valor Adesão;Bônus"
    english = "product_code;order_type;minimum_quantity;unit_monthly_price;unit_setup_fee;bonus_quantity"
    for header in (portuguese, english):
        file.write_text(header + "\na;b;c;d;e;f\n")

        with sheet(file, prices.LAYOUT) as opened:
            assert list(opened.rows) == [Line(2, dict(zip(prices.COLUMNS, "abcdef", strict=True)))]
