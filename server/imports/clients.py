"""Clients from a sheet: each row becomes a client to register, or a reason why not."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from db.clients import ClientDetails
from domain import cnpj as cnpjs
from domain.checks import Checks
from domain.clients import NAME_LENGTH, PLACE_LENGTH
from domain.languages import Language
from resolvers.clients import RegisterClient
from server.imports.sheets import Line

COLUMNS = {
    "cnpj": frozenset({"cnpj", "cnpj_cpf", "cpf_cnpj"}),
    "name": frozenset({"razao_social", "name", "nome"}),
    "trade_name": frozenset({"nome_fantasia", "fantasia", "trade_name"}),
    "city": frozenset({"municipio", "cidade", "city"}),
    "state": frozenset({"uf", "estado", "state"}),
}
REQUIRED = frozenset({"cnpj", "name"})

_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_LEAST_DIGITS = 3


class Row(NamedTuple):
    """A row of the sheet that is a client."""

    line: int
    client: RegisterClient


class BadRow(NamedTuple):
    """A row of the sheet that is none, and why."""

    line: int
    reason: str


def read(lines: Iterable[Line]) -> Iterator[Row | BadRow]:
    """Each row of the sheet, checked as the API checks a client."""
    for line in lines:
        cells = line.cells
        if _SCIENTIFIC.fullmatch(cells.get("cnpj", "")):
            reason = (
                "the spreadsheet has turned the CNPJ into a rounded number; format the column as text and export again"
            )
            yield BadRow(line.number, reason)
            continue
        checks = Checks()
        number = checks.cnpj(_with_leading_zeros(cells.get("cnpj", "")), "cnpj")
        details = ClientDetails(
            name=checks.text(cells.get("name", ""), "name", longest=NAME_LENGTH),
            trade_name=checks.optional_text(cells.get("trade_name"), "trade_name", longest=NAME_LENGTH),
            city=checks.optional_text(cells.get("city"), "city", longest=PLACE_LENGTH),
            state=checks.state(cells.get("state"), "state"),
        )
        if checks.refusals:
            reasons = " ".join(refusal.message(Language.ENGLISH) for refusal in checks.refusals)
            yield BadRow(line.number, reasons)
        else:
            yield Row(line.number, RegisterClient(number, details))


def _with_leading_zeros(text: str) -> str:
    """The number as it was before a spreadsheet took its zeros; the check digits tell whether it was one."""
    digits = cnpjs.unmasked(text)
    short = digits.isdecimal() and digits.isascii() and _LEAST_DIGITS <= len(digits) < cnpjs.LENGTH
    return digits.zfill(cnpjs.LENGTH) if short else text
