"""What spreadsheet programs show in place of a value makes a row bad."""

from io import BytesIO

import pytest

from domain.languages import Language
from domain.sheet_rows import ErrorValue
from resolvers.sheets import clients
from resolvers.sheets.clients import Repeated, Row
from resolvers.sheets.reader import BadRow, sheet


def read(rows: str) -> list[Row | Repeated | BadRow]:
    with sheet(BytesIO(f"CNPJ;Nome;Município;Telefone\n{rows}\n".encode()), clients.LAYOUT) as opened:
        return list(clients.read(opened.rows))


ERRORS = [
    *("#N/D", "#REF!", "#NOME?", "#VALOR!", "#DIV/0!", "#NULO!", "#NÚM!", "#####", "#DESPEJAR!"),
    *("#N/A", "#NAME?", "#VALUE!", "#NULL!", "#NUM!", "#n/d", "  #N/D ", "Err:502", "#SPILL!", "#ERROR!"),
]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("row", ["360305000104;{};Recife;1", "360305000104;Banco;{};1", "{};Banco;Recife;1"])
def test_an_error_of_a_spreadsheet_makes_its_row_bad(row: str, error: str) -> None:
    (bad,) = read(row.format(error))

    assert isinstance(bad, BadRow)
    assert [type(refusal) for refusal in bad.refusals] == [ErrorValue]
    assert f"”, a planilha mostra o erro {error.strip()} no lugar de" in bad.reason(Language.PORTUGUESE, {})
    assert f"”, the spreadsheet shows the error {error.strip()} in place" in bad.reason(Language.ENGLISH, {})


def test_one_sentence_names_all_columns_with_an_error() -> None:
    (bad,) = read("#N/D;#N/D;SÃ£o Paulo;1")

    assert isinstance(bad, BadRow)
    assert bad.reason(Language.PORTUGUESE, clients.LABELS) == (
        "Em “CNPJ” e “Nome”, a planilha mostra o erro #N/D no lugar de um valor; corrija-o ou digite o valor. "
        "Os acentos de “SÃ£o Paulo” em “Município” estão trocados; provavelmente é “São Paulo”."
    )


def test_a_sentence_calls_a_column_by_its_header_in_the_file() -> None:
    with sheet(BytesIO(b"CGC;Cliente\n;\n360305000104;\x07\n"), clients.LAYOUT) as opened:
        (bad,) = clients.read(opened.rows)

    assert isinstance(bad, BadRow)
    assert bad.reason(Language.ENGLISH, clients.LABELS).startswith("The column “Cliente” contains an invisible")


def test_an_error_in_a_column_that_is_not_imported_does_not_matter() -> None:
    (row,) = read("360305000104;Banco;Recife;#N/D")

    assert isinstance(row, Row)


@pytest.mark.parametrize("name", ["#Partiu", "# 1", "Bar #1", "N/D Ltda", "REF", "#VALOR! Ltda", "#"])
def test_a_name_with_a_number_sign_is_a_name(name: str) -> None:
    (row,) = read(f"360305000104;{name};Recife;1")

    assert isinstance(row, Row)
    assert row.client.details.name == name
