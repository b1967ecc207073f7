"""Columns are found by the headers that spreadsheets and ERPs write, below any titles."""

from io import BytesIO
from pathlib import Path

import pytest

from db.client_changes import ClientDetails
from domain.languages import Language
from domain.sheet_files import DotBothWays
from domain.sheet_rows import NoStateOfCity, WrongCellCount
from resolvers.sheets import clients, prices, products
from resolvers.sheets.cells import Dots
from resolvers.sheets.clients import Repeated, Row
from resolvers.sheets.headers import Layout, find
from resolvers.sheets.prices import Products
from resolvers.sheets.reader import BadRow, sheet

CASES = Path(__file__).parents[2] / "cases"


def read(content: bytes) -> list[Row | Repeated | BadRow]:
    with sheet(BytesIO(content), clients.LAYOUT) as opened:
        return list(clients.read(opened.rows))


def details(content: str) -> ClientDetails:
    (row,) = read(content.encode())
    assert isinstance(row, Row), row
    return row.client.details


@pytest.mark.parametrize("layout", [clients.LAYOUT, products.LAYOUT, prices.LAYOUT])
@pytest.mark.parametrize("language", Language)
def test_the_headers_that_sentences_name_are_found(layout: Layout, language: Language) -> None:
    for name in layout.columns:
        placed = find([(1, [layout.labels[name].within(language)])], layout)

        assert placed is not None
        assert placed.header.names == [name]


@pytest.mark.parametrize(
    "headers",
    [
        "Nome/Razão Social*;CPF/CNPJ*",
        "Nome do Cliente;CGC",
        "A1_NOME;A1_CGC",
        "Razão Social/Nome (completo);CNPJ (somente números)",
        "RAZAOSOCIAL;NR_CNPJ",
        "Cliente;CNPJ do Cliente",
        "Empresa;C.N.P.J.",
        "Nome Empresarial;Nº do CNPJ",
        "NAME1;STCD1",
        "RazÃ£o Social;CNPJ/CPF",
        "Customer name;Tax ID",
    ],
)
def test_name_and_number_are_found_by_the_headers_of_any_system(headers: str) -> None:
    assert details(f"{headers}\nBanco;360305000104\n") == ClientDetails(name="Banco")


@pytest.mark.parametrize(
    ("headers", "cells"),
    [
        ("Cidade/UF", "Recife/PE"),
        ("Município - UF", "Recife - PE"),
        ("Cidade (UF)", "Recife (PE)"),
        ("UF/Município", "PE/Recife"),
        ("Cidade/Estado", "Recife/Pernambuco"),
        ("Cidade", "Recife-PE"),
        ("Cidade;Estado", "Recife;Pernambuco"),
        ("Município;UF", "Recife;pe"),
        ("Município;UF", "Recife/PE;PE"),
        ("MunicÃ\xadpio;UF", "Recife;PE - Pernambuco"),
        ("A1_MUN;A1_EST", "Recife;PE"),
        ("Nome da cidade;Unidade Federativa", "Recife;PERNAMBUCO"),
    ],
)
def test_city_and_state_are_read_from_one_column_or_two(headers: str, cells: str) -> None:
    found = details(f"cnpj;nome;{headers}\n360305000104;Banco;{cells}\n")

    assert (found.city, found.state) == ("Recife", "PE")


@pytest.mark.parametrize(
    ("city", "state", "found"),
    [
        ("Ji-Paraná", "", ("Ji-Paraná", None)),
        ("Não-Me-Toque", "RS", ("Não-Me-Toque", "RS")),
        ("Rio de Janeiro", "Rio de Janeiro", ("Rio de Janeiro", "RJ")),
        ("Recife (Boa Viagem)", "PE", ("Recife (Boa Viagem)", "PE")),
        ("Distrito (Paraná)", "PE", ("Distrito (Paraná)", "PE")),
        ("Recife/Olinda", "PE", ("Recife/Olinda", "PE")),
        ("São Paulo", "", ("São Paulo", None)),
        ("/PE", "", (None, "PE")),
        (" - Pernambuco", "PE", (None, "PE")),
        ("/PE", "SP", ("/PE", "SP")),
        ("/Olinda", "", ("/Olinda", None)),
        ("Mogi das Cruzes", "mato grosso do sul", ("Mogi das Cruzes", "MS")),
    ],
)
def test_a_city_that_only_looks_like_one_with_a_state_is_kept(
    city: str, state: str, found: tuple[str | None, str | None]
) -> None:
    row = details(f"cnpj;nome;cidade;uf\n360305000104;Banco;{city};{state}\n")

    assert (row.city, row.state) == found


@pytest.mark.parametrize(
    "place",
    ["Recife/XX", "Recife/PE/BR", "Recife / Boa Viagem", "Recife-XX", "Recife (XX)", "XX/Recife", "Recife/PE - Brasil"],
)
def test_a_place_whose_state_is_none_is_a_bad_row(place: str) -> None:
    (bad,) = read(f"cnpj;nome;cidade/uf\n360305000104;Banco;{place}\n".encode())

    assert isinstance(bad, BadRow)
    assert [type(refusal) for refusal in bad.refusals] == [NoStateOfCity]
    assert bad.reason(Language.PORTUGUESE, clients.LABELS).startswith("Em “cidade/uf”, “")


@pytest.mark.parametrize("cells", ["Recife/XX;", "Recife/XX;PE", "Recife/PE/BR;", "Recife/PE/BR;PE"])
def test_a_city_with_a_state_that_is_none_is_a_bad_row(cells: str) -> None:
    (bad,) = read(f"cnpj;nome;cidade;uf\n360305000104;Banco;{cells}\n".encode())

    assert isinstance(bad, BadRow)
    assert [type(refusal) for refusal in bad.refusals] == [NoStateOfCity]
    assert bad.reason(Language.PORTUGUESE, clients.LABELS).startswith("Em “cidade”, “")


@pytest.mark.parametrize("city", ["Recife/SP", "Recife-SP", "Recife (SP)", "SP/Recife", "Recife/São Paulo"])
def test_a_city_with_another_state_than_its_row_is_a_bad_row(city: str) -> None:
    for headers in ("cidade;uf", "cidade/uf;uf"):
        (bad,) = read(f"cnpj;nome;{headers}\n1;Banco;{city};PE\n".encode())

        assert isinstance(bad, BadRow)
        assert "The city has the state SP, and the column" in bad.reason(Language.ENGLISH, clients.LABELS)
        assert "CNPJ" in bad.reason(Language.ENGLISH, clients.LABELS)


@pytest.mark.parametrize("place", ["Ji-Paraná", "Recife", "Recife, Boa Viagem"])
def test_a_place_without_a_state_is_a_city(place: str) -> None:
    for end in ("", "/", " / "):
        found = details(f"cnpj;nome;cidade/uf\n360305000104;Banco;{place}{end}\n")

        assert (found.city, found.state) == (place, None)


@pytest.mark.parametrize(
    "titles",
    [
        "Relatório de Clientes\n",
        "ALFA AUTOMAÇÃO LTDA;;\nEmitido em 27/11/2026;;\n\n",
        "Clientes\nPágina 1 de 1; Usuário: ANA\n;;\n-----\n",
        "sep=;\nCadastro de clientes\n",
    ],
)
def test_title_lines_above_the_header_are_left_out(titles: str) -> None:
    (row,) = read(f"{titles}cnpj;nome\n360305000104;Banco\n".encode())

    assert isinstance(row, Row)
    assert row.line == titles.count("\n") + 2


OPEN_DATA = (
    '"00000000";"0001";"91";"1";"DIRECAO GERAL";"02";"20051103";"00";"";"";"19660801";"6422100";"6499999";"QUADRA";'
    '"SAUN";"5";"BLOCO B";"ASA NORTE";"70040912";"DF";"9701";"61";"34939002";"";"";"61";"34931040";"a@bb.com.br";"";""'
)


def test_the_open_data_of_establishments_are_read_without_a_header() -> None:
    nameless = OPEN_DATA.replace("DIRECAO GERAL", "").replace('"00000000";"0001";"91"', '"11222333";"0001";"81"')
    letters = OPEN_DATA.replace('"00000000";"0001";"91"', '"12ABC345";"01DE";"35"').replace("DIRECAO", "DIREÇÃO")
    content = f"{OPEN_DATA}\n{nameless}\n{letters}\n".encode("cp1252")

    with sheet(BytesIO(content), clients.LAYOUT) as opened:
        first, bad, last = clients.read(opened.rows)
        warnings = [warning.message(Language.PORTUGUESE) for warning in clients.warnings(opened.header)]

    assert isinstance(first, Row)
    assert (first.line, first.client.cnpj) == (1, "00000000000191")
    assert first.client.details == ClientDetails(name="DIRECAO GERAL", state="DF")
    assert isinstance(bad, BadRow)
    assert "nome fantasia" in bad.reason(Language.PORTUGUESE, clients.LABELS)
    assert isinstance(last, Row)
    assert (last.client.cnpj, last.client.details.name) == ("12ABC34501DE35", "DIREÇÃO GERAL")
    assert warnings == ["O arquivo da Receita traz os municípios como códigos: o município dos clientes fica vazio."]


@pytest.mark.parametrize(
    "content",
    [
        "cnpj_basico;cnpj_ordem;cnpj_dv;nome_fantasia;uf;municipio\n00000000;0001;91;BANCO;DF;9701\n",
        "CNPJ BÁSICO,CNPJ ORDEM,CNPJ DV,NOME FANTASIA,UF\n00000000,0001,91,BANCO,DF\n",
        "cnpj_basico;cnpj_ordem;cnpj_dv;razao_social;nome_fantasia;uf\n00000000;0001;91;BANCO;;DF\n",
    ],
)
def test_the_parts_of_a_number_are_put_together(content: str) -> None:
    (row,) = read(content.encode())

    assert isinstance(row, Row)
    assert row.client.cnpj == "00000000000191"
    assert row.client.details == ClientDetails(name="BANCO", state="DF")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("clients-mixed-encodings", [("Padaria São João", "São Luís", "MA"), ("Açougue Três Irmãos", "Maceió", "AL")]),
        ("clients-code-page-850", [("Panificação Maçã", "Maceió", "AL")]),
        ("clients-header-sicredi", [("Farmácia Boa Saúde", "Recife", "PE")]),
        ("clients-header-protheus", [("OTICA VISAO LTDA", "BELEM", "PA")]),
        ("clients-state-by-name", [("Bar do Porto Ltda", "Santarém", "PA")]),
    ],
)
def test_files_of_partners_are_read_right(file: str, expected: list[tuple[str, str, str]]) -> None:
    rows = [row for row in read((CASES / f"{file}.csv").read_bytes()) if isinstance(row, Row)]

    assert [(row.client.details.name, row.client.details.city, row.client.details.state) for row in rows] == expected


@pytest.mark.parametrize(
    ("file", "warning"),
    [("clients-mixed-encodings", "linha 3"), ("clients-code-page-850", "página de código 850: linhas 1, 2")],
)
def test_files_of_partners_are_warned_of(file: str, warning: str) -> None:
    with sheet(BytesIO((CASES / f"{file}.csv").read_bytes()), clients.LAYOUT) as opened:
        (found,) = (each.message(Language.PORTUGUESE) for each in opened.warnings)

    assert warning in found


def test_a_number_with_an_unquoted_comma_makes_its_row_bad() -> None:
    (bad,) = read((CASES / "clients-comma-in-number.csv").read_bytes())

    assert isinstance(bad, BadRow)
    (refusal,) = bad.refusals
    assert isinstance(refusal, WrongCellCount)
    assert refusal.facts == {"cells": 7, "headers": 6}


def test_a_file_of_prices_with_the_dot_both_ways_is_refused() -> None:
    content = (CASES / "prices-dot-both-ways.csv").read_bytes()

    with sheet(BytesIO(content), prices.LAYOUT) as opened, pytest.raises(DotBothWays) as refused:
        prices.read(opened.rows, Products([]), Dots(opened.header.of))

    price = "valor_unitario_mensal"
    assert refused.value.facts == {"decimals_in": price, "decimal": 2, "thousands_in": price, "thousands": 3}
