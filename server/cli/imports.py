"""`portal import clients` and `portal import prices`."""

from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from db import access, prices
from db.access import PartnerRow
from domain.text import fold
from resolvers.imports import register_clients
from resolvers.portal import Portal
from server.cli.partners import cnpj_or_name
from server.cli.progress import Told, progress
from server.cli.running import FAILED, WRONGLY_USED, fail, run
from server.imports import clients as client_rows
from server.imports import prices as price_rows
from server.imports.clients import BadRow, Row
from server.imports.sheets import SheetError, sheet

app = typer.Typer(help="Bring in what a partner has in spreadsheets.", no_args_is_help=True)

_BATCH = 500

Item = TypeVar("Item")
_File = Annotated[Path, typer.Argument(help="A CSV file from Excel or an ERP: ; or , and UTF-8 or Windows-1252.")]
_Partner = Annotated[str, typer.Option(help="The partner's name or CNPJ.")]


@dataclass(slots=True)
class _Report:
    imported: int = 0
    there: int = 0
    bad: list[BadRow] = field(default_factory=list)


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
        with sheet(file, client_rows.COLUMNS, client_rows.REQUIRED) as lines, progress() as told:
            rows = client_rows.read(lines)
            await _import(portal, found.id, rows, report, told, all_or_nothing=all_or_nothing)

    try:
        run(work)
    except SheetError as error:
        fail(f"{error}.", status=WRONGLY_USED)
    except _RefusedError:
        report.imported = report.there = 0
    for row in report.bad:
        typer.echo(f"line {row.line}: {row.reason}", err=True)
    typer.echo(f"{report.imported} imported, {report.there} registered already, {len(report.bad)} bad.")
    if report.bad:
        raise typer.Exit(FAILED)


async def _import(
    portal: Portal,
    partner_id: int,
    rows: Iterable[Row | BadRow],
    report: _Report,
    told: Told,
    *,
    all_or_nothing: bool,
) -> None:
    async with AsyncExitStack() as whole:
        shared = await whole.enter_async_context(portal.database.write()) if all_or_nothing else None
        for batch in _batches(rows):
            report.bad += [row for row in batch if isinstance(row, BadRow)]
            good = [row for row in batch if isinstance(row, Row)]
            async with AsyncExitStack() as own:
                tx = await own.enter_async_context(portal.database.write()) if shared is None else shared
                done = await register_clients(tx, partner_id, [row.client for row in good], at=portal.now())
            report.imported += sum(done)
            for row in (row for row, new in zip(good, done, strict=True) if not new):
                report.there += 1
                typer.echo(f"line {row.line}: this CNPJ is registered already; left alone.")
            told("clients", len(batch), 0)
        if all_or_nothing and report.bad:
            raise _RefusedError


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    ahead = iter(items)
    while batch := list(islice(ahead, _BATCH)):
        yield batch


@app.command("prices")
def import_prices(file: _File, *, partner: _Partner) -> None:
    """Replace the prices of the products in a file, all of them or none.

    Columns: produto (its code), tipo (Compra or Adicional), quantidade_minima, valor_unitario_mensal, valor_adesao
    and bonus, or in English.
    """

    async def work(portal: Portal) -> price_rows.Prices:
        found = await _partner(portal, partner)
        async with portal.database.read() as connection:
            products = {fold(row.code): row.id for row in await prices.all_products(connection)}
        with sheet(file, price_rows.COLUMNS, price_rows.REQUIRED) as lines:
            read = price_rows.read(lines, products)
        if not read.bad:
            async with portal.database.write() as tx:
                table = await prices.table_of(tx, found.id)
                await prices.replace_tiers(tx, found.id, table.id, read.tiers)
        return read

    try:
        read = run(work)
    except SheetError as error:
        fail(f"{error}.", status=WRONGLY_USED)
    for row in read.bad:
        typer.echo(f"line {row.line}: {row.reason}.", err=True)
    if read.bad:
        fail(f"{len(read.bad)} bad rows. Nothing was changed.")
    unpriced = [key for key, tiers in read.tiers.items() if min(tier.minimum_quantity for tier in tiers) > 1]
    if unpriced:
        typer.echo(f"{len(unpriced)} products have no price for a quantity of 1.", err=True)
    typer.echo(f"{sum(len(tiers) for tiers in read.tiers.values())} tiers imported.")


async def _partner(portal: Portal, name_or_cnpj: str) -> PartnerRow:
    async with portal.database.read() as connection:
        found = await access.partner_named(connection, cnpj_or_name(name_or_cnpj))
    if found is None:
        fail(f"No partner, or more than one, is called “{name_or_cnpj}”. Its CNPJ always says which one is meant.")
    return found
