"""Workbooks are read row by row, and those that would take too much are refused before."""

import re
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.xml.constants import SHEET_MAIN_NS

from db.client_changes import ClientDetails
from domain.cells import xml_text
from domain.languages import Language
from domain.sheet_files import BrokenWorkbook, EmptySheet, LargeWorkbook, SheetRefused, TooManyLines
from domain.sheet_rows import WrongCellCount
from resolvers.sheets import clients, prices
from resolvers.sheets.clients import Repeated, Row
from resolvers.sheets.reader import BadRow, Line, sheet
from resolvers.sheets.workbooks import Bounds

MEGABYTE = 1 << 20
BOUNDS = Bounds(unpacked=MEGABYTE, tags=5_000)
HEADER = ("CNPJ", "Razão Social", "Município", "UF")
_SHEET = "xl/worksheets/sheet1.xml"
_STRINGS = "xl/sharedStrings.xml"


def workbook(*rows: Sequence[object]) -> bytes:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for row in rows:
        page.append(list(row))
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def read(content: bytes, bounds: Bounds = BOUNDS) -> list[Row | Repeated | BadRow]:
    with sheet(BytesIO(content), clients.LAYOUT, bounds=bounds) as opened:
        return list(clients.read(opened.rows))


def changed(content: bytes, change: Callable[[bytes], bytes], part: str = _SHEET) -> bytes:
    """Return the workbook with one of its parts changed."""
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        assert part in old.namelist()
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return file.getvalue()


def with_shared_strings(content: bytes) -> bytes:
    """Return the workbook with its texts in a part of their own, as Excel writes them."""
    texts: list[str] = []

    def shared(match: re.Match[bytes]) -> bytes:
        texts.append(match[1].decode())
        return b't="s"><v>%d</v></c>' % (len(texts) - 1)

    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    listed = f'<Override PartName="/{_STRINGS}" ContentType="{kind}"/></Types>'.encode()
    moved = changed(content, lambda xml: re.sub(rb't="inlineStr"><is><t>(.*?)</t></is></c>', shared, xml))
    file = BytesIO(changed(moved, lambda xml: xml.replace(b"</Types>", listed), "[Content_Types].xml"))
    items = "".join(f"<si><t>{text}</t></si>" for text in texts)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(_STRINGS, f'<sst xmlns="{SHEET_MAIN_NS}">{items}</sst>')
    return file.getvalue()


def test_texts_are_found_in_the_part_where_excel_keeps_them() -> None:
    (row,) = read(with_shared_strings(workbook(HEADER, ["360305000104", "Banco", "Brasília", "DF"])))

    assert isinstance(row, Row)
    assert row.client.details == ClientDetails(name="Banco", city="Brasília", state="DF")


def test_rows_outside_of_the_dimensions_that_a_file_states_are_read() -> None:
    content = changed(
        workbook(HEADER, ["360305000104", "Banco"], ["11222333000181", "Bazar"]),
        lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B1"', xml),
    )

    assert [row.line for row in read(content)] == [2, 3]


def test_rows_are_read_with_their_numbers_and_titles_left_out() -> None:
    content = workbook(
        ["Relatório de clientes"],
        [],
        [*HEADER, None],
        ["00.360.305/0001-04", "  Banco  ", "Brasília", "DF"],
        [],
        [11222333000181, "Padaria", "Recife/PE"],
        [360305000104.0, "De novo"],
        ["1", None, None, None, "surplus"],
    )

    first, second, repeated, bad = read(content)

    assert first == Row(4, first.client) if isinstance(first, Row) else False
    assert isinstance(second, Row)
    assert (second.line, second.client.cnpj) == (6, "11222333000181")
    assert second.client.details == ClientDetails(name="Padaria", city="Recife", state="PE")
    assert repeated == Repeated(7, 4, "00360305000104")
    assert isinstance(bad, BadRow)
    assert isinstance(bad.refusals[0], WrongCellCount)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (84.9, "84,9"),
        (1.234, "1,234"),
        (79900, "79900"),
        (0.1 + 0.2, "0,3"),
        (434.99999999999994, "435"),
        (1234.0000001, "1234"),
        (1e-9, "0"),
        (True, "sim"),
        (datetime(2026, 11, 27, tzinfo=UTC).replace(tzinfo=None), "2026-11-27T00:00:00"),
        ("1.234,50", "1.234,50"),
    ],
)
def test_a_number_has_no_dot_that_could_separate_thousands(cell: object, written: str) -> None:
    header = ("produto", "tipo", "quantidade", "valor mensal", "adesao")

    with sheet(BytesIO(workbook(header, ("x", "Compra", 1, cell, 0))), prices.LAYOUT) as opened:
        (line,) = opened.rows

    assert isinstance(line, Line)
    assert line.cells["unit_monthly_price"] == written


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_reading() -> None:
    bomb = changed(workbook(HEADER), lambda xml: xml + b" " * (2 * MEGABYTE))

    assert len(bomb) < MEGABYTE // 10
    with pytest.raises(LargeWorkbook):
        read(bomb)


@pytest.mark.parametrize("bomb", [b"<c/>" * 5_000, b"<row/>" * 5_000, b"<row>" + b'<c t="s"/>' * 5_000 + b"</row>"])
def test_a_workbook_with_too_many_cells_is_refused_before_it_is_read(bomb: bytes) -> None:
    content = changed(workbook(HEADER), lambda xml: xml.replace(b"</sheetData>", bomb + b"</sheetData>"))

    with pytest.raises(LargeWorkbook):
        read(content)


def test_a_part_never_unpacks_to_more_than_the_archive_says() -> None:
    bomb = changed(workbook(HEADER, ["360305000104", "Banco"]), lambda xml: xml + b" " * (2 * MEGABYTE))
    with zipfile.ZipFile(BytesIO(bomb)) as archive:
        size = archive.getinfo(_SHEET).file_size
    # Both directories of the archive claim that the part is small.
    lying = bomb.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))

    assert lying != bomb
    with pytest.raises(SheetRefused):
        read(lying)


@pytest.mark.parametrize(
    "declared",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY % a SYSTEM "http://127.0.0.1:9/"> %a;]>',
    ],
)
@pytest.mark.parametrize("part", [_SHEET, "xl/workbook.xml", _STRINGS])
def test_a_workbook_that_declares_entities_is_refused(declared: bytes, part: str) -> None:
    real = with_shared_strings(workbook(HEADER, ["360305000104", "Banco"]))
    content = changed(real, lambda xml: declared + _without_declaration(xml), part)

    with pytest.raises(BrokenWorkbook):
        read(content)


def _without_declaration(xml: bytes) -> bytes:
    return xml.partition(b"?>")[2] if xml.startswith(b"<?xml") else xml


@pytest.mark.parametrize("far", [b'r="99999999999"', b'r="2000000"', b'r="1048577"'])
def test_a_row_beyond_the_last_one_of_a_sheet_is_refused(far: bytes) -> None:
    content = changed(
        workbook(HEADER, ["360305000104", "Banco"]), lambda xml: xml.replace(b'<row r="2"', b"<row " + far)
    )

    with pytest.raises(BrokenWorkbook):
        read(content)


@pytest.mark.parametrize("far", ["XFD", "ZZZ", "CW"])
def test_a_cell_far_to_the_right_takes_no_memory(far: str) -> None:
    content = changed(
        workbook(HEADER, ["360305000104", "Banco", "x"]), lambda xml: xml.replace(b'"C2"', f'"{far}2"'.encode())
    )

    assert [row.line for row in read(content)] == [2]


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04",
        workbook(HEADER)[:-100],
        changed(workbook(HEADER), lambda _: b"<worksheet><sheetData><row"),
        changed(workbook(HEADER), lambda _: b"{}", "xl/workbook.xml"),
        changed(workbook(HEADER), lambda _: b"", "[Content_Types].xml"),
    ],
)
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(BrokenWorkbook) as refused:
        read(content)

    assert "XLSX" in refused.value.message(Language.PORTUGUESE)


@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_workbook_is_refused_or_read(at: int, byte: int) -> None:
    damaged = bytearray(workbook(HEADER, ("11222333000181", "Bar do Zé", "Olinda", "PE")))
    damaged[at % len(damaged)] = byte

    with suppress(SheetRefused):
        read(bytes(damaged))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_workbook_in_another_compression_is_refused(method: int) -> None:
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(workbook(HEADER))) as old, zipfile.ZipFile(file, "w", method) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))

    with pytest.raises(BrokenWorkbook):
        read(file.getvalue())


def test_a_workbook_without_rows_or_with_hidden_sheets_only_is_empty() -> None:
    hidden = changed(
        workbook(HEADER, ["360305000104", "Banco"]),
        lambda xml: xml.replace(b'state="visible"', b'state="hidden"'),
        "xl/workbook.xml",
    )

    for content in (workbook(), workbook([]), hidden):
        with pytest.raises(EmptySheet):
            read(content)


LINES = 50


@pytest.mark.parametrize("blank", [b"<row/>" * (LINES + 1), b'<row r="900"/>', b'<row s="1"><c/></row>' * 60])
def test_more_rows_than_a_sheet_has_are_refused_though_blank(blank: bytes) -> None:
    rows = workbook(HEADER, ["360305000104", "Banco"])
    content = changed(rows, lambda xml: xml.replace(b"</sheetData>", blank + b"</sheetData>"))

    with pytest.raises(TooManyLines) as refused:
        read(content, BOUNDS._replace(lines=LINES))

    assert "more than 50 lines" in refused.value.message(Language.ENGLISH)


def test_a_sheet_may_have_blank_rows_between_and_below_its_rows() -> None:
    row = b'<row r="40"><c t="n"><v>360305000104</v></c><c t="inlineStr"><is><t>Banco</t></is></c></row>'
    content = changed(workbook(HEADER), lambda xml: xml.replace(b"</sheetData>", row + b"<row/>" * 9 + b"</sheetData>"))

    assert [row.line for row in read(content, BOUNDS._replace(lines=LINES))] == [40]


ESCAPED = [
    ("Padaria_x000D_\nSol", "Padaria Sol"),
    ("Peças _x005F_x0041_ Ltda", "Peças _x0041_ Ltda"),
    ("Peças _x0041_ Ltda", "Peças A Ltda"),
    ("_x00c1_gua _x_ _x12_ x005F_", "Água _x_ _x12_ x005F_"),
    ("Sol _xD83C__xDF1E_", "Sol \U0001f31e"),
]


@pytest.mark.parametrize(("written", "meant"), ESCAPED)
@pytest.mark.parametrize("stored", [bytes, with_shared_strings])
def test_escapes_of_a_workbook_are_read(stored: Callable[[bytes], bytes], written: str, meant: str) -> None:
    (row,) = read(stored(workbook(HEADER, ["360305000104", written])))

    assert isinstance(row, Row)
    assert row.client.details.name == meant


@pytest.mark.parametrize("name", ["Peças _x0041_ Ltda", "_x005F_", "A & <B> _x", "_x005F_x0041_", "Sol \U0001f31e"])
@pytest.mark.parametrize("stored", [bytes, with_shared_strings])
def test_a_text_of_an_exported_workbook_is_read_back(stored: Callable[[bytes], bytes], name: str) -> None:
    content = workbook(HEADER, ["360305000104", "NAME"])
    (row,) = read(stored(changed(content, lambda xml: xml.replace(b"NAME", xml_text(name).encode()))))

    assert isinstance(row, Row)
    assert row.client.details.name == name


@pytest.mark.parametrize("lost", ["Sol _xD83C_", "So_xFFFD_l", "So_x0000_l"])
def test_an_escape_of_no_character_makes_its_row_bad(lost: str) -> None:
    (bad,) = read(workbook(HEADER, ["360305000104", lost]))

    assert isinstance(bad, BadRow)


def test_a_text_of_several_formats_is_read_without_its_phonetic_hints() -> None:
    runs = b"<r><t>Ban</t></r><r><t>co</t></r><rPh sb='0' eb='1'><t>x</t></rPh>"
    content = changed(
        with_shared_strings(workbook(HEADER, ["360305000104", "RUNS"])),
        lambda xml: xml.replace(b"<t>RUNS</t>", runs),
        _STRINGS,
    )

    (row,) = read(content)

    assert isinstance(row, Row)
    assert row.client.details.name == "Banco"


@pytest.mark.parametrize(("value", "shown"), [("#N/A", "#N/A"), ("#DIV/0!", "#DIV/0!"), ("#NEW", "#VALUE!")])
def test_a_cell_with_an_error_makes_its_row_bad(value: str, shown: str) -> None:
    cell = f'<c r="B2" t="e"><f>1/0</f><v>{value}</v></c>'.encode()
    content = changed(workbook(HEADER, ["360305000104", "Banco"]), lambda xml: re.sub(rb'<c r="B2".*?</c>', cell, xml))

    (bad,) = read(content)

    assert isinstance(bad, BadRow)
    assert f"the error {shown}" in bad.reason(Language.ENGLISH, {})
