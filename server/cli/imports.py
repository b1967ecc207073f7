"""`portal import clients`, `portal import products` and `portal import prices`."""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Protocol, TypeVar

import typer

from db.price_tables import PriceTableRow
from domain.products import Change, ProductDetails
from domain.text import fold
from resolvers import imports, partners, price_tables, products
from resolvers.clients import RegisterClient
from resolvers.portal import Portal
from server.cli.progress import ProgressCallback, progress
from server.cli.runner import FAILED, WRONGLY_USED, fail, run
from server.imports import clients as client_rows
from server.imports import prices as price_rows
from server.imports import products as product_rows
from server.imports.clients import Repeated, Row
from server.imports.sheets import BadRow, Columns, Sheet, SheetError, sheet

app = typer.Typer(help="Import spreadsheets of the vendor and its partners.", no_args_is_help=True)

_BATCH = 500


class _OfLine(Protocol):
    @property
    def line(self) -> int: ...


Item = TypeVar("Item")
Good = TypeVar("Good", bound=_OfLine)
_File = Annotated[
    Path, typer.Argument(help="A CSV file from Excel or an ERP: ; or , or tabs, in UTF-8 or Windows-1252.")
]
_Partner = Annotated[str, typer.Option(help="The partner's name or CNPJ.")]


_AllOrNothing = Annotated[bool, typer.Option("--all-or-nothing", help="Import nothing if any row is bad.")]


@dataclass(slots=True)
class _Report:
    done: Counter[str] = field(default_factory=Counter)
    """Number of rows of each outcome."""

    bad: int = 0


class _RefusedError(Exception):
    """The import is refused because some rows are bad."""


@app.command()
def clients(file: _File, *, partner: _Partner, all_or_nothing: _AllOrNothing = False) -> None:
    """Register the clients of a file. Columns: cnpj, razao_social, nome_fantasia, municipio, uf, or in English.

    A CNPJ that is already active is left alone. Exits with 1 if any row is bad.
    """
    report = _Report()

    async def work(portal: Portal) -> None:
        found = await partners.named(portal, partner)
        under_way: list[Row] = []

        def batches(opened: Sheet, on_progress: ProgressCallback) -> Iterator[list[RegisterClient]]:
            nonlocal under_way
            rows = _not_repeated(client_rows.read(opened.rows), report)
            for under_way in _good(rows, report, _Steps("clients", opened, on_progress), all_or_nothing=all_or_nothing):
                yield [row.client for row in under_way]

        def done(registered: list[bool]) -> None:
            report.done["imported"] += sum(registered)
            for row, new in zip(under_way, registered, strict=True):
                if not new:
                    report.done["there"] += 1
                    typer.echo(f"line {row.line}: {row.client.cnpj} is registered already; left alone.")

        with _open(file, client_rows.COLUMNS, client_rows.REQUIRED) as opened, progress() as on_progress:
            await imports.register_clients(
                portal, found.id, batches(opened, on_progress), all_or_nothing=all_or_nothing, report=done
            )

    _import(work, report, "clients were imported", all_or_nothing=all_or_nothing)
    typer.echo(f"{report.done['imported']} imported, {report.done['there']} registered already, {report.bad} bad.")
    if report.bad:
        raise typer.Exit(FAILED)


@app.command("products")
def import_products(file: _File, *, all_or_nothing: _AllOrNothing = False) -> None:
    """Create the vendor's products of a file, and update those whose codes exist.

    Columns: codigo, nome, usuarios_incluidos and ativo (sim or não), or in English. If ativo is empty, a new product is
    active, and an existing one is left as it is. Orders and activations keep their seats. Exits with 1 if any row is
    bad.
    """
    report = _Report()

    async def work(portal: Portal) -> None:
        def batches(opened: Sheet, on_progress: ProgressCallback) -> Iterator[list[ProductDetails]]:
            rows = product_rows.read(opened.rows)
            for good in _good(rows, report, _Steps("products", opened, on_progress), all_or_nothing=all_or_nothing):
                yield [row.details for row in good]

        def done(changes: list[Change]) -> None:
            report.done.update(change.value for change in changes)

        with _open(file, product_rows.COLUMNS, product_rows.REQUIRED) as opened, progress() as on_progress:
            await products.put_all(portal, batches(opened, on_progress), all_or_nothing=all_or_nothing, report=done)

    _import(work, report, "products were imported", all_or_nothing=all_or_nothing)
    counts = ", ".join(f"{report.done[change.value]} {change.value}" for change in Change)
    typer.echo(f"{counts}, {report.bad} bad.")
    if report.bad:
        raise typer.Exit(FAILED)


def _import(
    work: Callable[[Portal], Coroutine[Any, Any, None]], report: _Report, what: str, *, all_or_nothing: bool
) -> None:
    try:
        run(work)
    except _RefusedError:
        report.done.clear()
    except BaseException:
        if (count := report.done.total() - report.done["there"]) and not all_or_nothing:
            typer.echo(f"{count} {what} before. Import the file again to go on.", err=True)
        raise


class _Steps(NamedTuple):
    """Step of the import, with its progress bar."""

    doing: str
    opened: Sheet
    on_progress: ProgressCallback


def _good(
    rows: Iterable[Good | BadRow], report: _Report, steps: _Steps, *, all_or_nothing: bool
) -> Iterator[list[Good]]:
    """Yield batches of the rows to import, and print the reasons for the bad ones."""
    before = 0
    for some in _batches(rows):
        good = []
        for row in some:
            if isinstance(row, BadRow):
                report.bad += 1
                _print_reason(row)
            else:
                good.append(row)
        if good and not (all_or_nothing and report.bad):
            yield good
        steps.on_progress(steps.doing, some[-1].line - before, steps.opened.lines)
        before = some[-1].line
    if all_or_nothing and report.bad:
        raise _RefusedError


def _not_repeated(rows: Iterable[Row | Repeated | BadRow], report: _Report) -> Iterator[Row | BadRow]:
    for row in rows:
        if isinstance(row, Repeated):
            report.done["there"] += 1
            typer.echo(f"line {row.line}: {row.cnpj} is in line {row.first} already; left alone.")
        else:
            yield row


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    ahead = iter(items)
    while batch := list(islice(ahead, _BATCH)):
        yield batch


@app.command("prices")
def import_prices(
    file: _File,
    *,
    table: Annotated[str | None, typer.Option(help="The name of the price table.")] = None,
    partner: Annotated[
        str | None,
        typer.Option(help="The name or CNPJ of a partner, for its preselected price table; publishes the draft too."),
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish the draft; its prices apply at once.")] = False,
) -> None:
    """Write the prices of the products in a file to the draft of a price table, or none if a row is bad.

    Columns: produto (its code), tipo (Compra or Adicional), quantidade_minima, valor_unitario_mensal, valor_adesao and
    bonus, or in English. Amounts are written 1.234,50 or 1234.50.
    """

    async def work(portal: Portal) -> list[str]:
        found = await _table(portal, table, partner)
        known = await imports.products(portal)
        with _open(file, price_rows.COLUMNS, price_rows.REQUIRED) as opened:
            read = price_rows.read(opened.rows, {fold(product.code): product.id for product in known})
        for row in read.bad:
            _print_reason(row)
        if read.bad:
            fail(f"{len(read.bad)} bad rows. Nothing was changed.")
        published = publish or partner is not None
        done = await price_tables.import_prices(portal, found, read.tiers, publish_it=published)
        number = sum(len(tiers) for tiers in read.tiers.values())
        typer.echo(f"{number} tiers {'published' if published else 'drafted'} in {found.name}.")
        codes = {product.id: product.code for product in known}
        return [
            *(
                f"{codes[key.product_id]} ({key.order_type.value}) has no price for quantities below {lowest}; "
                "the draft can't be published without it."
                for key, lowest in done.holes
            ),
            *(
                f"{codes[each.product_id]} ({each.order_type.value}) is dearer from {each.minimum_quantity} on."
                for each in done.dearer
            ),
        ]

    for warning in run(work):
        typer.secho(warning, err=True, fg=typer.colors.YELLOW)


async def _table(portal: Portal, table: str | None, partner: str | None) -> PriceTableRow:
    if (table is None) == (partner is None):
        fail("Give either --table or --partner.", status=WRONGLY_USED)
    if table is not None:
        return await price_tables.named(portal, table)
    found = await partners.named(portal, partner or "")
    return await price_tables.preselected_of(portal, found.id)


@contextmanager
def _open(file: Path, columns: Columns, required: frozenset[str]) -> Iterator[Sheet]:
    try:
        with sheet(file, columns, required) as opened:
            if opened.unused:
                typer.echo(f"Columns that are not used: {', '.join(opened.unused)}", err=True)
            yield opened
    except SheetError as error:
        fail(f"{error}.", status=WRONGLY_USED)


def _print_reason(row: BadRow) -> None:
    typer.echo(f"line {row.line}: {row.reason.rstrip('.')}.", err=True)
