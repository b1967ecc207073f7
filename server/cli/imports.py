"""`portal import clients` and `portal import prices`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from db import access
from db.access import PartnerRow
from domain.text import fold
from resolvers import imports
from resolvers.clients import RegisterClient
from resolvers.portal import Portal
from server.cli.partners import cnpj_or_name
from server.cli.progress import Told, progress
from server.cli.running import FAILED, WRONGLY_USED, fail, run
from server.imports import clients as client_rows
from server.imports import prices as price_rows
from server.imports.clients import Repeated, Row
from server.imports.sheets import BadRow, Columns, Sheet, SheetError, sheet

app = typer.Typer(help="Bring in what a partner has in spreadsheets.", no_args_is_help=True)

_BATCH = 500

Item = TypeVar("Item")
_File = Annotated[
    Path, typer.Argument(help="A CSV file from Excel or an ERP: ; or , or tabs, in UTF-8 or Windows-1252.")
]
_Partner = Annotated[str, typer.Option(help="The partner's name or CNPJ.")]


@dataclass(slots=True)
class _Report:
    imported: int = 0
    there: int = 0
    bad: int = 0


class _RefusedError(Exception):
    """Nothing is imported, because some rows are bad."""


@app.command()
def clients(
    file: _File,
    *,
    partner: _Partner,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Import nothing where any row is bad.")
    ] = False,
) -> None:
    """Register the clients of a file. Columns: cnpj, razao_social, nome_fantasia, municipio, uf, or in English.

    A CNPJ that is active already is left alone. Exits with 1 where any row is bad.
    """
    report = _Report()

    async def work(portal: Portal) -> None:
        found = await _partner(portal, partner)
        with _open(file, client_rows.COLUMNS, client_rows.REQUIRED) as opened, progress() as told:
            await _import(portal, found.id, opened, report, told, all_or_nothing=all_or_nothing)

    try:
        run(work)
    except _RefusedError:
        report.imported = report.there = 0
    except BaseException:
        if report.imported and not all_or_nothing:
            typer.echo(f"{report.imported} clients were imported before. Import the file again to go on.", err=True)
        raise
    typer.echo(f"{report.imported} imported, {report.there} registered already, {report.bad} bad.")
    if report.bad:
        raise typer.Exit(FAILED)


async def _import(
    portal: Portal, partner_id: int, opened: Sheet, report: _Report, told: Told, *, all_or_nothing: bool
) -> None:
    under_way: list[Row] = []

    def batches() -> Iterator[list[RegisterClient]]:
        nonlocal under_way
        before = 0
        for some in _batches(client_rows.read(opened.rows)):
            under_way = list(_good(some, report))
            if under_way and not (all_or_nothing and report.bad):
                yield [row.client for row in under_way]
            told("clients", some[-1].line - before, opened.lines)
            before = some[-1].line
        if all_or_nothing and report.bad:
            raise _RefusedError

    def done(registered: list[bool]) -> None:
        report.imported += sum(registered)
        for row, new in zip(under_way, registered, strict=True):
            if not new:
                report.there += 1
                typer.echo(f"line {row.line}: {row.client.cnpj} is registered already; left alone.")

    await imports.register_clients(portal, partner_id, batches(), all_or_nothing=all_or_nothing, told=done)


def _good(rows: Iterable[Row | Repeated | BadRow], report: _Report) -> Iterator[Row]:
    """The rows to register; of the others it is said why they are not."""
    for row in rows:
        if isinstance(row, Row):
            yield row
        elif isinstance(row, Repeated):
            report.there += 1
            typer.echo(f"line {row.line}: {row.cnpj} stands in line {row.first} already; left alone.")
        else:
            report.bad += 1
            _tell(row)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    ahead = iter(items)
    while batch := list(islice(ahead, _BATCH)):
        yield batch


@app.command("prices")
def import_prices(file: _File, *, partner: _Partner) -> None:
    """Replace the prices of the products in a file, all of them or none.

    Columns: produto (its code), tipo (Compra or Adicional), quantidade_minima, valor_unitario_mensal, valor_adesao
    and bonus, or in English. Amounts are written 1.234,50 or 1234.50.
    """

    async def work(portal: Portal) -> list[str]:
        found = await _partner(portal, partner)
        products = await imports.products(portal)
        with _open(file, price_rows.COLUMNS, price_rows.REQUIRED) as opened:
            read = price_rows.read(opened.rows, {fold(product.code): product.id for product in products})
        for row in read.bad:
            _tell(row)
        if read.bad:
            fail(f"{len(read.bad)} bad rows. Nothing was changed.")
        await imports.replace_prices(portal, found.id, read.tiers)
        typer.echo(f"{sum(len(tiers) for tiers in read.tiers.values())} tiers imported.")
        codes = {product.id: product.code for product in products}
        return [
            f"{codes[key.product_id]} ({key.order_type.value}) has no price for a quantity of 1."
            for key, tiers in read.tiers.items()
            if min(tier.minimum_quantity for tier in tiers) > 1
        ]

    for warning in run(work):
        typer.secho(warning, err=True, fg=typer.colors.YELLOW)


@contextmanager
def _open(file: Path, columns: Columns, required: frozenset[str]) -> Iterator[Sheet]:
    try:
        with sheet(file, columns, required) as opened:
            if opened.unused:
                typer.echo(f"Columns that are not used: {', '.join(opened.unused)}", err=True)
            yield opened
    except SheetError as error:
        fail(f"{error}.", status=WRONGLY_USED)


def _tell(row: BadRow) -> None:
    typer.echo(f"line {row.line}: {row.reason.rstrip('.')}.", err=True)


async def _partner(portal: Portal, name_or_cnpj: str) -> PartnerRow:
    async with portal.database.read() as connection:
        found = await access.partner_named(connection, cnpj_or_name(name_or_cnpj))
    if found is None:
        fail(f"No partner, or more than one, is called “{name_or_cnpj}”. Its CNPJ always says which one is meant.")
    return found
