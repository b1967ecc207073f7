"""Clients from a sheet: each row becomes a client to register, or a bad row with its reason."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from stdnum.br import cpf

from db.client_changes import ClientDetails
from domain import cnpj as cnpjs
from domain.checks import Checks
from domain.clients import NAME_LENGTH, PLACE_LENGTH
from domain.languages import Text
from domain.sheet_rows import CnpjRounded, CpfGiven, NoStateOfCity, NoTradeName, TwoStates
from domain.sheet_warnings import CodedCities, Warned
from domain.text import visible
from resolvers.clients import RegisterClient
from resolvers.sheets import places
from resolvers.sheets.cells import without_text_mark
from resolvers.sheets.headers import Columns, Header, Layout
from resolvers.sheets.reader import BadRow, Line

COLUMNS: Columns = {
    "cnpj": (
        *("cnpj", "cnpj_cpf", "cpf_cnpj", "tax_id", "cgc", "cgc_cpf", "cpf_cgc", "cnpj_cgc", "cgc_cnpj", "cnpj_mf"),
        *("cgc_mf", "cnpj_cei", "cpf_cnpj_cei", "cnpj_cpf_cei", "inscricao_cnpj", "cadastro_cnpj", "nr_cnpj", "a1_cgc"),
        *("nrocnpj", "numcnpj", "stcd1", "cod_cnpj", "cnpj_cpf_ie", "documento", "doc"),
    ),
    "name": (
        *("razao_social", "company_name", "nome_razao_social", "razao_social_nome", "nome_empresarial"),
        *("denominacao_social", "razao", "name1", "a1_nome", "razao_social_nome_completo", "legal_name"),
        *("nome_da_empresa", "customer_name", "name", "nome", "empresa", "cliente"),
    ),
    "trade_name": (
        *("nome_fantasia", "trade_name", "fantasia", "nome_de_fantasia", "nome_reduzido", "a1_nreduz", "apelido"),
        *("titulo_do_estabelecimento", "name2"),
    ),
    "place": (
        *("cidade_uf", "municipio_uf", "cidade_estado", "municipio_estado", "uf_cidade", "uf_municipio"),
        *("localidade_uf", "city_state"),
    ),
    "city": (
        *("municipio", "cidade", "city", "nome_do_municipio", "nome_da_cidade", "a1_mun", "localidade", "ort01"),
        *("praca",),
    ),
    "state": (
        *("uf", "estado", "state", "sigla_uf", "uf_estado", "estado_uf", "a1_est", "unidade_federativa"),
        *("unidade_da_federacao", "unidade_federacao", "regio"),
    ),
    "root": ("cnpj_basico", "cnpj_raiz", "raiz_cnpj"),
    "branch": ("cnpj_ordem", "ordem_cnpj"),
    "digits": ("cnpj_dv", "dv_cnpj"),
}

# The layout of “Estabelecimentos” in Receita Federal's open data of CNPJs, whose files have no header.
_OPEN_DATA = (
    *("CNPJ BÁSICO", "CNPJ ORDEM", "CNPJ DV", "MATRIZ/FILIAL", "NOME FANTASIA", "SITUAÇÃO CADASTRAL"),
    *("DATA SITUAÇÃO CADASTRAL", "MOTIVO SITUAÇÃO CADASTRAL", "NOME DA CIDADE NO EXTERIOR", "PAÍS"),
    *("DATA DE INÍCIO ATIVIDADE", "CNAE FISCAL PRINCIPAL", "CNAE FISCAL SECUNDÁRIA", "TIPO DE LOGRADOURO"),
    *("LOGRADOURO", "NÚMERO", "COMPLEMENTO", "BAIRRO", "CEP", "UF", "MUNICÍPIO", "DDD 1", "TELEFONE 1", "DDD 2"),
    *("TELEFONE 2", "DDD DO FAX", "FAX", "CORREIO ELETRÔNICO", "SITUAÇÃO ESPECIAL", "DATA DA SITUAÇÃO ESPECIAL"),
)
LABELS: Mapping[str, Text] = {
    "cnpj": Text(pt="CNPJ", en="CNPJ"),
    "name": Text(pt="Razão Social", en="Name"),
    "trade_name": Text(pt="Nome Fantasia", en="Trade name"),
    "place": Text(pt="Cidade/UF", en="City/State"),
    "city": Text(pt="Município", en="City"),
    "state": Text(pt="UF", en="State"),
    "root": Text(pt="CNPJ básico", en="CNPJ básico"),
    "branch": Text(pt="CNPJ ordem", en="CNPJ ordem"),
    "digits": Text(pt="CNPJ DV", en="CNPJ DV"),
}
"""What sentences call the columns."""

LAYOUT = Layout(
    columns=COLUMNS,
    labels=LABELS,
    required=(frozenset({"cnpj", "name"}), frozenset({"root", "branch", "digits", "trade_name"})),
    without_header=_OPEN_DATA,
    beginning=(re.compile("[0-9A-Z]{8}"), re.compile("[0-9A-Z]{4}"), re.compile("[0-9]{2}")),
)

_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]{2}", re.IGNORECASE)
_WITH_DECIMALS = re.compile(r"([0-9]{12,14})[.,]0+")
_CPF_MASK = re.compile(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}")
_CODE = re.compile("[0-9]+")
_CPF_LENGTH = 11
_CPF_LEAST_DIGITS = 7


class Row(NamedTuple):
    """Row with a valid client."""

    line: int
    client: RegisterClient


class Repeated(NamedTuple):
    """Row whose client is in an earlier row."""

    line: int
    first: int
    cnpj: str


def read(lines: Iterable[Line | BadRow]) -> Iterator[Row | Repeated | BadRow]:
    """Yield each row of the sheet, checked as the API checks a client."""
    seen: dict[str, int] = {}
    for line in lines:
        row = line if isinstance(line, BadRow) else _row(line)
        if isinstance(row, Row):
            first = seen.setdefault(row.client.cnpj, row.line)
            yield row if first == row.line else Repeated(row.line, first, row.client.cnpj)
        else:
            yield row


def warnings(header: Header) -> list[Warned]:
    """Return what a person should know of a sheet with these columns."""
    return [CodedCities()] if _is_open_data(header.found) else []


def _is_open_data(found: Iterable[str]) -> bool:
    return "root" in found and "cnpj" not in found


def _row(line: Line) -> Row | BadRow:
    cells, open_data = line.cells, _is_open_data(line.cells)
    number = (
        "".join(cells.get(name, "") for name in ("root", "branch", "digits")) if open_data else cells.get("cnpj", "")
    )
    written = _unquoted(visible(number))
    parsed = cnpjs.parse(written) or (None if open_data else _with_leading_zeros(written))
    if parsed is None and _ROUNDED.fullmatch(written):
        return line.bad(CnpjRounded(("cnpj",)))
    if parsed is None and (_is_cpf(written) or _CPF_MASK.fullmatch(written)):
        return line.bad(CpfGiven(("cnpj",)))
    name = cells.get("name", "")
    trade_name: str | None = cells.get("trade_name")
    if open_data and not name:
        if not trade_name:
            return line.bad(NoTradeName(("name",)))
        name, trade_name = trade_name, None
    checks = Checks()
    both, city, state = cells.get("place", ""), "", ""
    of_city = "place" if both else "city"
    try:
        city, state = places.split(both or cells.get("city", ""), cells.get("state", ""), of_both=bool(both))
    except (NoStateOfCity, TwoStates) as refusal:
        refusal.path = (of_city,)
        checks.refuse(refusal)
    if open_data and _CODE.fullmatch(city):
        city = ""
    checked = checks.cnpj(parsed or written, "cnpj")
    details = ClientDetails(
        name=checks.text(name, "name", longest=NAME_LENGTH),
        trade_name=checks.optional_text(trade_name, "trade_name", longest=NAME_LENGTH),
        city=checks.optional_text(city, of_city, longest=PLACE_LENGTH),
        state=checks.state(state, "state"),
    )
    return line.bad(*checks.refusals) if checks.refusals else Row(line.number, RegisterClient(checked, details))


def _unquoted(text: str) -> str:
    plain = without_text_mark(text)
    decimals = _WITH_DECIMALS.fullmatch(plain)
    return plain if decimals is None else decimals[1]


def _with_leading_zeros(text: str) -> str | None:
    """Return the CNPJ with the zeros that a spreadsheet dropped; the check digits confirm it.

    The CPF of a person that begins with two zeros has the check digits of a CNPJ too, so a number that may be a CPF by
    its length and check digits is taken for one.
    """
    digits = cnpjs.unmasked(text)
    short = digits.isascii() and digits.isdecimal() and cnpjs.SHORT_LENGTH <= len(digits) < cnpjs.LENGTH
    return cnpjs.parse(digits.zfill(cnpjs.LENGTH)) if short and not _is_cpf(text) else None


def _is_cpf(text: str) -> bool:
    digits = cnpjs.unmasked(text)
    as_long = digits.isascii() and digits.isdecimal() and _CPF_LEAST_DIGITS <= len(digits) <= _CPF_LENGTH
    return as_long and bool(cpf.is_valid(digits.zfill(_CPF_LENGTH)))
