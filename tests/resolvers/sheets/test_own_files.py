"""The portal reads its own files: reports of bad rows, and exports."""

import csv
from io import BytesIO, StringIO

import openpyxl
import pytest

from domain.cells import harmless
from domain.languages import Language
from resolvers.sheets import clients
from resolvers.sheets.reader import BadRow, Line, sheet
from resolvers.sheets.reports import Report

HEADER = "CNPJ;Nome;UF"


def read(content: str) -> list[Line | BadRow]:
    with sheet(BytesIO(content.encode()), clients.LAYOUT) as opened:
        return list(opened.rows)


def report_of(content: bytes) -> str:
    """Return the report of all bad rows of a sheet of clients."""
    to = StringIO(newline="")
    with sheet(BytesIO(content), clients.LAYOUT) as opened:
        report = Report(to, Language.ENGLISH, clients.LABELS)
        report.begin(opened.header)
        report.add(row for row in clients.read(opened.rows) if isinstance(row, BadRow))
    return to.getvalue()


FORMULAS = [
    "\t=cmd",
    "\uff1dcmd",
    " =cmd",
    "\r=cmd",
    "=cmd",
    "'=cmd",
    "+cmd",
    '"=cmd',
    "\u200b=cmd",
    "\n=cmd",
    "'\tcmd",
]


@pytest.mark.parametrize("name", FORMULAS)
def test_a_report_has_no_formula_and_is_read_back(name: str) -> None:
    quoted = harmless(name).replace('"', '""')
    content = f'{HEADER};=Notas\n1;"{quoted}";XX;"{quoted}"\n'

    report = report_of(content.encode())
    again = report_of(report.encode())

    (first,), (second,), (third,) = (read(each) for each in (content, report, again))
    assert first.written == second.written == third.written == ["1", name, "XX", name]
    (_, cells) = csv.reader(StringIO(report, newline=""), delimiter=";")
    assert cells[2:] == [f"'{name}", "XX", f"'{name}"]
    assert "reason;CNPJ;Nome;UF;'=Notas\r\n" in report
    assert again.partition("\n")[2] == report.partition("\n")[2]


def test_a_formula_in_a_report_is_read_as_in_the_sheet() -> None:
    content = f'{HEADER}\n1;"=""007""";XX\n'

    found = [row for each in (content, report_of(content.encode())) for row in read(each)]

    assert [row.cells["name"] for row in found if isinstance(row, Line)] == ["007", "007"]
    assert [row.written for row in found] == [["1", '="007"', "XX"]] * 2


def test_a_report_has_the_texts_of_a_workbook_as_they_are() -> None:
    book = openpyxl.Workbook()
    for row in (HEADER.split(";"), ["1", "'=cmd", "XX"]):
        book.worksheets[0].append(row)
    file = BytesIO()
    book.save(file)

    report = report_of(file.getvalue())

    assert report.endswith(";1;''=cmd;XX\r\n")
    (found,) = read(report)
    assert found.written == ["1", "'=cmd", "XX"]


@pytest.mark.parametrize(
    "total",
    [
        *("Total de registros;1", "Number of rows;1", "rowCount;1", "TOTAL DE REGISTROS;1.234", '"rowCount";"1"'),
        *("Total de registros;1;", "Total de registros;1;;\n;;\n\n"),
    ],
)
def test_the_last_row_of_an_export_is_left_out(total: str) -> None:
    assert read(f"{HEADER}\n360305000104;Banco;SP\n{total}\n") == [
        Line(2, {"cnpj": "360305000104", "name": "Banco", "state": "SP"})
    ]


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ("rowCount;1\n360305000104;Banco;SP", [2, 3]),
        ("rowCount;1\nrowCount;2", [2]),
        ("Total de registros;Banco", [2]),
        ("Total;1", [2]),
        ("rowCount;1;SP", [2]),
        ("rowCount", [2]),
    ],
)
def test_a_row_that_only_looks_like_the_last_one_is_kept(rows: str, lines: list[int]) -> None:
    assert [row.line if isinstance(row, BadRow) else row.number for row in read(f"{HEADER}\n{rows}\n")] == lines


def test_an_export_saved_as_a_workbook_has_no_last_row() -> None:
    book = openpyxl.Workbook()
    for row in (HEADER.split(";"), ["360305000104", "Banco", "SP"], ["Total de registros", 1]):
        book.worksheets[0].append(row)
    file = BytesIO()
    book.save(file)

    with sheet(BytesIO(file.getvalue()), clients.LAYOUT) as opened:
        assert [row.number for row in opened.rows if isinstance(row, Line)] == [2]
