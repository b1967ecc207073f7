"""Of a workbook with several sheets, one is read, and others that look alike are named."""

from collections.abc import Sequence
from io import BytesIO

import openpyxl
import pytest

from domain.languages import Language
from domain.sheet_files import EmptySheet, MissingColumns, TooManyLines
from resolvers.sheets import clients
from resolvers.sheets.clients import Row
from resolvers.sheets.reader import sheet
from resolvers.sheets.workbooks import Bounds

CLIENTS = (["CNPJ", "Nome"], ["00.360.305/0001-04", "Banco"])
COVER = (["Relatório de clientes"],)
BOUNDS = Bounds(unpacked=1 << 20, tags=5_000, lines=200)


def workbook(**pages: Sequence[Sequence[object]]) -> BytesIO:
    book = openpyxl.Workbook()
    del book["Sheet"]
    for title, rows in pages.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(list(row))
    file = BytesIO()
    book.save(file)
    file.seek(0)
    return file


def read(file: BytesIO) -> tuple[list[str], list[str]]:
    """Return the names of the clients, and the warnings."""
    with sheet(file, clients.LAYOUT, bounds=BOUNDS) as opened:
        rows = [row for row in clients.read(opened.rows) if isinstance(row, Row)]
        return [row.client.details.name for row in rows], [
            each.message(Language.PORTUGUESE) for each in opened.warnings
        ]


@pytest.mark.parametrize("before", [COVER, (), ([None], ["CNPJ"])])
def test_a_sheet_without_the_columns_is_passed_over(before: Sequence[Sequence[object]]) -> None:
    assert read(workbook(Capa=before, Clientes=CLIENTS)) == (["Banco"], [])


def test_other_sheets_with_the_columns_are_named() -> None:
    filial = (CLIENTS[0], ["16.727.230/0001-97", "Filial"])

    names, (warning,) = read(workbook(Matriz=CLIENTS, Capa=COVER, Filiais=filial, Sul=filial))

    assert names == ["Banco"]
    assert warning.startswith("Só a aba “Matriz” foi lida. Também têm as colunas: “Filiais”, “Sul”.")


def test_the_refusal_is_of_the_first_sheet_with_rows() -> None:
    with pytest.raises(MissingColumns):
        read(workbook(Vazia=(), Capa=COVER))
    with pytest.raises(EmptySheet):
        read(workbook(Vazia=(), Outra=()))


def test_a_later_sheet_that_can_not_be_read_is_passed_over() -> None:
    far = [[None]] * 300 + [["CNPJ"]]

    assert read(workbook(Clientes=CLIENTS, Longe=far)) == (["Banco"], [])
    with pytest.raises(TooManyLines):
        read(workbook(Longe=far, Clientes=CLIENTS))
