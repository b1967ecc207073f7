"""Clients from a sheet: each row becomes a client to register, or a bad row with its reason."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from stdnum.br import cpf

from db.clients import ClientDetails
from domain import cnpj as cnpjs
from domain.checks import Checks
from domain.clients import NAME_LENGTH, PLACE_LENGTH
from domain.languages import Language
from domain.text import visible
from resolvers.clients import RegisterClient
from server.imports.sheets import BadRow, Columns, Line, without_text_mark

COLUMNS: Columns = {
    "cnpj": ("cnpj", "cnpj_cpf", "cpf_cnpj", "tax_id"),
    "name": ("razao_social", "company_name", "name", "nome"),
    "trade_name": ("nome_fantasia", "trade_name", "fantasia"),
    "city": ("municipio", "cidade", "city"),
    "state": ("uf", "estado", "state"),
}
REQUIRED = frozenset({"cnpj", "name"})

_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]{2}", re.IGNORECASE)
_WITH_DECIMALS = re.compile(r"([0-9]{12,14})[.,]0+")
_CPF_LENGTH = 11
_CPF_LEAST_DIGITS = 7
_LEAST_DIGITS = 3


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


def _row(line: Line) -> Row | BadRow:
    cells = line.cells
    written = _unquoted(visible(cells.get("cnpj", "")))
    number = cnpjs.parse(written) or _with_leading_zeros(written)
    if number is None and _ROUNDED.fullmatch(written):
        reason = (
            "the spreadsheet has rounded the CNPJ, and its digits are lost; "
            "give the column the format of a text, type the number anew, and export again"
        )
        return BadRow(line.number, reason)
    if number is None and _is_cpf(written):
        return BadRow(line.number, "this is the CPF of a person; a client has a CNPJ")
    checks = Checks()
    checked = checks.cnpj(number or written, "cnpj")
    details = ClientDetails(
        name=checks.text(cells.get("name", ""), "name", longest=NAME_LENGTH),
        trade_name=checks.optional_text(cells.get("trade_name"), "trade_name", longest=NAME_LENGTH),
        city=checks.optional_text(cells.get("city"), "city", longest=PLACE_LENGTH),
        state=checks.state(cells.get("state"), "state"),
    )
    if checks.refusals:
        return BadRow(line.number, " ".join(refusal.message(Language.ENGLISH) for refusal in checks.refusals))
    return Row(line.number, RegisterClient(checked, details))


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
    short = digits.isascii() and digits.isdecimal() and _LEAST_DIGITS <= len(digits) < cnpjs.LENGTH
    return cnpjs.parse(digits.zfill(cnpjs.LENGTH)) if short and not _is_cpf(text) else None


def _is_cpf(text: str) -> bool:
    digits = cnpjs.unmasked(text)
    as_long = digits.isascii() and digits.isdecimal() and _CPF_LEAST_DIGITS <= len(digits) <= _CPF_LENGTH
    return as_long and bool(cpf.is_valid(digits.zfill(_CPF_LENGTH)))
