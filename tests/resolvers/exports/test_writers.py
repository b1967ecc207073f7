"""Writers of exported files, read again by the programs that others use."""

import csv
import zipfile
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from domain.cells import original
from domain.export_columns import Kind
from domain.exports import CsvStyle
from resolvers.exports import workbook
from resolvers.exports.values import Shown
from resolvers.exports.workbook import WorkbookTexts, WorkbookWriter
from resolvers.exports.writers import CsvWriter, JsonLinesWriter, Rows, Writer

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["=1+1", "\ufeff@A", "_x0041_", "a\r\nb", "<b>&amp;", '"; ,|\t', " Padaria ", "-", "'+"]
)
MOMENT = "2026-07-01T23:59:58.120000Z"
COLUMNS = [
    Shown("name", "Razão Social", Kind.TEXT),
    Shown("cnpj", "CNPJ", Kind.CNPJ),
    Shown("registeredAt", "Cadastrado em", Kind.MOMENT),
    Shown("monthlyTotal", "Valor", Kind.MONEY),
    Shown("seats", "Usuários", Kind.INTEGER),
    Shown("status", "Situação", Kind.CHOICE, {"ACTIVE": "Ativo"}),
    Shown("id", "Identificador", Kind.ID, id_type="Client"),
]
ROW = ("Padaria", "16727230000197", MOMENT, 123_405, 3, "ACTIVE", 7)
EMPTY_ROW = (None, None, None, None, None, None, 8)


def written(writer: Writer, *batches: Rows) -> bytes:
    return b"".join([writer.begin(), *map(writer.rows, batches), writer.end()])


def csv_rows(file: bytes, delimiter: str, encoding: str = "utf-8") -> list[list[str]]:
    return list(csv.reader(StringIO(file.decode(encoding), newline=""), delimiter=delimiter, strict=True))


def sheets(file: bytes) -> dict[str, list[Sequence[Any]]]:
    found = load_workbook(BytesIO(file), read_only=True)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in found.worksheets}


def new_workbook(columns: Sequence[Shown] = COLUMNS) -> WorkbookWriter:
    return WorkbookWriter(columns, WorkbookTexts("Clientes", "Resumo", "Total"))


def test_a_brazilian_file_has_labels_semicolons_and_decimal_commas() -> None:
    file = written(CsvWriter(COLUMNS, CsvStyle.BRAZILIAN, "Total de registros"), [ROW, EMPTY_ROW])

    assert file.startswith(b"\xef\xbb\xbf")
    assert csv_rows(file, ";", "utf-8-sig") == [
        ["Razão Social", "CNPJ", "Cadastrado em", "Valor", "Usuários", "Situação", "Identificador"],
        ["Padaria", "16.727.230/0001-97", "01/07/2026 23:59:58", "1234,05", "3", "Ativo", "Q2xpZW50Ojc"],
        ["", "", "", "", "", "", "Q2xpZW50Ojg"],
        ["Total de registros", "2"],
    ]


def test_a_plain_file_has_the_names_and_values_of_the_api() -> None:
    file = written(CsvWriter(COLUMNS, CsvStyle.PLAIN, "Total"), [ROW], [EMPTY_ROW])

    assert csv_rows(file, ",") == [
        ["name", "cnpj", "registeredAt", "monthlyTotal", "seats", "status", "id"],
        ["Padaria", "16727230000197", "2026-07-01T23:59:58.120000Z", "1234.05", "3", "ACTIVE", "Q2xpZW50Ojc"],
        ["", "", "", "", "", "", "Q2xpZW50Ojg"],
        ["rowCount", "2"],
    ]


def test_json_lines_have_values_of_the_api_and_their_number() -> None:
    file = written(JsonLinesWriter(COLUMNS), [ROW, EMPTY_ROW])

    first, second, last = map(orjson.loads, file.splitlines())
    assert first == {
        "name": "Padaria",
        "cnpj": "16727230000197",
        "registeredAt": MOMENT,
        "monthlyTotal": "1234.05",
        "seats": 3,
        "status": "ACTIVE",
        "id": "Q2xpZW50Ojc",
    }
    assert set(second.values()) == {None, "Q2xpZW50Ojg"}
    assert last == {"rowCount": 2}


def test_a_workbook_has_dates_numbers_and_texts_as_what_they_are() -> None:
    file = written(new_workbook(), [ROW, EMPTY_ROW])

    shown = load_workbook(BytesIO(file))["Clientes"]
    assert [cell.value for cell in shown[2]] == [
        "Padaria",
        "16.727.230/0001-97",
        datetime(2026, 7, 1, 23, 59, 58),  # noqa: DTZ001 — a workbook has no time zones.
        float(Decimal("1234.05")),
        3,
        "Ativo",
        "Q2xpZW50Ojc",
    ]
    assert [shown.cell(2, column).number_format for column in (3, 4)] == ["dd/mm/yyyy hh:mm:ss", "#,##0.00"]
    assert shown.cell(1, 1).font.b
    assert sheets(file)["Clientes"][2] == (None, None, None, None, None, None, "Q2xpZW50Ojg")
    assert sheets(file)["Resumo"] == [("Total", 2)]


@pytest.mark.parametrize("style", list(CsvStyle))
@given(texts=st.lists(TEXTS, min_size=1, max_size=5))
def test_csv_has_each_text_and_no_formula(style: CsvStyle, texts: list[str]) -> None:
    columns = [Shown(name, name, Kind.TEXT) for name in ("a", "b")]

    file = written(CsvWriter(columns, style, "Total"), [(text, text) for text in texts])

    brazilian = style is CsvStyle.BRAZILIAN
    _, *rows, total = csv_rows(file, ";" if brazilian else ",", "utf-8-sig" if brazilian else "utf-8")
    assert [[original(cell) for cell in row] for row in rows] == [[text, text] for text in texts]
    assert not {cell[:1] for row in rows for cell in row} & {*"=+-@\t\r\n"}
    assert total[1] == str(len(texts))


@given(st.lists(TEXTS | st.none(), min_size=1, max_size=5))
def test_json_lines_have_each_text(texts: list[str | None]) -> None:
    file = written(JsonLinesWriter(COLUMNS[:1]), [(text,) for text in texts])

    assert [orjson.loads(line)["name"] for line in file.split(b"\n")[:-2]] == texts


@given(st.lists(TEXTS.map(lambda text: "".join(each for each in text if each >= " " or each in "\r\n\t"))))
def test_a_workbook_has_each_text_and_no_formula(texts: list[str]) -> None:
    texts = [text for text in texts if not {"\ufffe", "\uffff"} & set(text)]

    file = written(new_workbook(COLUMNS[:1]), *([[(text,) for text in texts]] if texts else []))

    shown = load_workbook(BytesIO(file))["Clientes"]
    cells = [shown.cell(number, 1) for number in range(2, len(texts) + 2)]
    assert [unescape(str(cell.value or "")) for cell in cells] == texts
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}
    assert "n" not in {cell.data_type for cell in cells if cell.value}


def test_a_control_character_is_replaced_in_a_workbook_only() -> None:
    file = written(new_workbook(COLUMNS[:1]), [("a\x01b",)])

    assert sheets(file)["Clientes"][1] == ("a\ufffdb",)


def test_one_column_of_empty_cells_keeps_its_rows() -> None:
    file = written(CsvWriter(COLUMNS[:1], CsvStyle.PLAIN, "Total"), [(None,), ("",)])

    assert csv_rows(file, ",") == [["name"], [""], [""], ["rowCount", "2"]]


def test_rows_that_a_worksheet_has_no_room_for_go_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "ROWS_MAX", 3)

    file = written(new_workbook(COLUMNS[4:5]), *([(number,)] * 2 for number in range(4)))

    found = sheets(file)
    assert list(found) == ["Clientes", "Clientes (2)", "Clientes (3)", "Resumo"]
    assert [row for rows in list(found.values())[:3] for row in rows[1:]] == [(n,) for n in (0, 0, 1, 1, 2, 2, 3, 3)]
    assert found["Resumo"] == [("Total", 8)]


def test_a_workbook_that_was_cut_can_not_be_opened() -> None:
    writer = new_workbook()

    cut = writer.begin() + writer.rows([ROW])

    with pytest.raises(zipfile.BadZipFile):
        load_workbook(BytesIO(cut))


@pytest.mark.parametrize("numbers", [["16727230000197", "ção23456789012"], ["1672723000019", "167272300001978"], []])
def test_a_number_that_is_no_cnpj_does_not_garble_others(numbers: list[str]) -> None:
    rows = [(number, MOMENT) for number in [*numbers, "16727230000197"]]

    file = written(CsvWriter(COLUMNS[1:3], CsvStyle.BRAZILIAN, "Total"), rows)

    _, *found, last, _ = csv_rows(file, ";", "utf-8-sig")
    assert last == ["16.727.230/0001-97", "01/07/2026 23:59:58"]
    assert [cell.translate(str.maketrans("", "", "./-")) for cell, _ in found] == numbers
