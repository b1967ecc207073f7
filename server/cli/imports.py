"""`portal import clients`, `portal import products` and `portal import prices`."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from db.price_tables import PriceTableRow
from domain.languages import Fact, Language, Text
from domain.orders import TYPE_LABELS
from domain.price_tables import DearerTier, Difference, PriceKey
from domain.products import Change, ProductDetails
from resolvers import imports, partners, price_imports, price_tables, products
from resolvers.clients import RegisterClient
from resolvers.portal import Portal
from resolvers.sheets import clients as client_rows
from resolvers.sheets import prices as price_rows
from resolvers.sheets import products as product_rows
from resolvers.sheets.cells import Dots
from resolvers.sheets.clients import Repeated, Row
from resolvers.sheets.prices import Products
from resolvers.sheets.reader import BadRow, Sheet
from server.cli import import_texts
from server.cli.commands import Commands
from server.cli.import_outcomes import Outcome, Steps, good_rows, opened_sheet, run_import, warn
from server.cli.progress import ProgressCallback, progress
from server.cli.runner import FAILED, WRONGLY_USED, fail, run
from server.cli.termination import ending_in_order

app = Commands(help="Import spreadsheets of the vendor and its partners.", no_args_is_help=True)


_File = Annotated[
    Path, typer.Argument(help="A file from Excel or an ERP: XLSX, or CSV with ; or , or tabs, in any usual encoding.")
]
_Partner = Annotated[str, typer.Option(help="The partner's name or CNPJ.")]


_AllOrNothing = Annotated[bool, typer.Option("--all-or-nothing", help="Import nothing if any row is bad.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, write the report, change nothing.")]
_ReportFile = Annotated[
    Path | None,
    typer.Option("--report", help="A CSV file for the bad rows with their reasons, to mend and import again."),
]
_InLanguage = Annotated[Language, typer.Option("--language", help="The language of what is said about the file.")]


@app.command()
@ending_in_order()
def clients(
    file: _File,
    *,
    partner: _Partner,
    all_or_nothing: _AllOrNothing = False,
    dry_run: _DryRun = False,
    report: _ReportFile = None,
    language: _InLanguage = Language.ENGLISH,
) -> None:
    """Register the clients of a file. Columns: cnpj, razao_social, nome_fantasia, municipio, uf, or in English.

    A CNPJ that is already active is left alone. Exits with 1 if any row is bad.
    """
    outcome = Outcome(client_rows.LABELS, language, report, partial=not (all_or_nothing or dry_run))

    async def work(portal: Portal) -> None:
        found = await partners.named(portal, partner)
        under_way = deque[list[Row]]()

        def batches(opened: Sheet, on_progress: ProgressCallback) -> Iterator[list[RegisterClient]]:
            rows = _not_repeated(client_rows.read(opened.rows), outcome)
            steps = Steps("clients", opened, on_progress)
            for good in good_rows(rows, outcome, steps, all_or_nothing=all_or_nothing):
                under_way.append(good)
                yield [row.client for row in good]

        def done(registered: list[bool]) -> None:
            outcome.done["imported"] += sum(registered)
            for row, new in zip(under_way.popleft(), registered, strict=True):
                if not new:
                    outcome.done["there"] += 1
                    there = outcome.text("já está cadastrado; nada mudou.", "is registered already; left alone.")
                    outcome.say(row.line, f"{row.client.cnpj} {there}")

        with opened_sheet(file, client_rows.LAYOUT, outcome) as opened, progress() as on_progress:
            for warning in client_rows.warnings(opened.header):
                warn(warning.message(language))
            await imports.register_clients(
                portal,
                found.id,
                batches(opened, on_progress),
                all_or_nothing=all_or_nothing,
                report=done,
                dry_run=dry_run,
            )

    run_import(work, outcome, import_texts.CLIENTS_BEFORE, all_or_nothing=all_or_nothing or dry_run)
    counts = {"imported": outcome.done["imported"], "there": outcome.done["there"], "bad": outcome.bad}
    typer.echo(outcome.filled(import_texts.CLIENTS_TRIED if dry_run else import_texts.CLIENTS, counts))
    if outcome.bad:
        raise typer.Exit(FAILED)


@app.command("products")
@ending_in_order()
def import_products(
    file: _File,
    *,
    all_or_nothing: _AllOrNothing = False,
    dry_run: _DryRun = False,
    report: _ReportFile = None,
    language: _InLanguage = Language.ENGLISH,
) -> None:
    """Create the vendor's products of a file, and update those whose codes exist.

    Columns: codigo, nome, usuarios_incluidos and ativo (sim or não), or in English. If ativo is empty, a new product is
    active, and an existing one is left as it is. Orders and activations keep their seats. Exits with 1 if any row is
    bad.
    """
    outcome = Outcome(product_rows.LABELS, language, report, partial=not (all_or_nothing or dry_run))

    async def work(portal: Portal) -> None:
        def batches(opened: Sheet, on_progress: ProgressCallback) -> Iterator[list[ProductDetails]]:
            dots = Dots(opened.header.of)
            rows = product_rows.read(opened.rows, dots)
            for good in good_rows(rows, outcome, Steps("products", opened, on_progress), all_or_nothing=all_or_nothing):
                yield [row.details for row in good]
            for warning in dots.warnings():
                warn(warning.message(language))

        def done(changes: list[Change]) -> None:
            outcome.done.update(change.value for change in changes)

        with opened_sheet(file, product_rows.LAYOUT, outcome) as opened, progress() as on_progress:
            await products.put_all(
                portal, batches(opened, on_progress), all_or_nothing=all_or_nothing, report=done, dry_run=dry_run
            )

    run_import(work, outcome, import_texts.PRODUCTS_BEFORE, all_or_nothing=all_or_nothing or dry_run)
    counts = {change.value: outcome.done[change.value] for change in Change}
    text = import_texts.PRODUCTS_TRIED if dry_run else import_texts.PRODUCTS
    typer.echo(outcome.filled(text, {**counts, "bad": outcome.bad}))
    if outcome.bad:
        raise typer.Exit(FAILED)


def _not_repeated(rows: Iterable[Row | Repeated | BadRow], outcome: Outcome) -> Iterator[Row | BadRow]:
    for row in rows:
        if isinstance(row, Repeated):
            outcome.done["there"] += 1
            already = outcome.text(
                f"já está na linha {row.first}; nada mudou.", f"is in line {row.first} already; left alone."
            )
            outcome.say(row.line, f"{row.cnpj} {already}")
        else:
            yield row


@app.command("prices")
@ending_in_order()
def import_prices(
    file: _File,
    *,
    table: Annotated[str | None, typer.Option(help="The name of the price table.")] = None,
    partner: Annotated[
        str | None,
        typer.Option(help="The name or CNPJ of a partner, for its preselected price table; publishes the draft too."),
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Publish the draft; its prices apply at once.")] = False,
    with_draft: Annotated[
        bool,
        typer.Option("--with-draft", help="Publish what the draft has changed of other products too, and name them."),
    ] = False,
    dry_run: _DryRun = False,
    report: _ReportFile = None,
    language: _InLanguage = Language.ENGLISH,
) -> None:
    """Write the prices of the products in a file to the draft of a price table, or none if a row is bad.

    Columns: produto (its code or name), tipo (Compra or Adicional), quantidade_minima, valor_unitario_mensal,
    valor_adesao and bonus, or in English. Amounts are written 1.234,50 or 1234.50.
    """
    outcome = Outcome(price_rows.LABELS, language, report, partial=False)
    published = publish or partner is not None
    if with_draft and not published:
        fail("--with-draft is of a publication: give --publish too.", status=WRONGLY_USED)

    async def work(portal: Portal) -> list[str]:
        found = await _table(portal, table, partner)
        known = await imports.products(portal)
        with opened_sheet(file, price_rows.LAYOUT, outcome) as opened:
            dots = Dots(opened.header.of)
            read = price_rows.read(opened.rows, Products(known), dots)
            for warning in dots.warnings():
                warn(warning.message(language))
            for row in read.bad:
                outcome.refuse(row)
        if read.bad:
            fail(outcome.filled(import_texts.PRICES_BAD, {"bad": len(read.bad)}))
        facts: dict[str, Fact] = {"tiers": sum(len(tiers) for tiers in read.tiers.values()), "table": found.name}
        if published:
            done = await price_imports.publish(portal, found, read.tiers, with_draft=with_draft, dry_run=dry_run)
            text = import_texts.PRICES_TO_PUBLISH if dry_run else import_texts.PRICES_PUBLISHED
        else:
            done = await price_imports.write(portal, found, read.tiers, dry_run=dry_run)
            text = import_texts.PRICES_TO_DRAFT if dry_run else import_texts.PRICES_DRAFTED
        typer.echo(outcome.filled(text, facts))
        codes = {product.id: product.code for product in known}

        def said(text: Text, key: PriceKey | DearerTier | Difference, quantity: int = 0) -> str:
            label = TYPE_LABELS[key.order_type]
            return outcome.filled(text, {"product": codes[key.product_id], "type": label, "quantity": quantity})

        # Who names a partner may not think of the others.
        is_shared = partner is not None and done.partners > 1
        shared = [outcome.filled(import_texts.SHARED, {"count": done.partners, **facts})] if is_shared else []
        others = [said(import_texts.OTHER, key) for key in done.others]
        holes = [said(import_texts.HOLE, key, lowest) for key, lowest in done.holes]
        dearer = [said(import_texts.DEARER, each, each.minimum_quantity) for each in done.dearer]
        undone = [said(import_texts.UNDONE, each, each.minimum_quantity) for each in done.undone]
        return shared + others + holes + dearer + undone

    for warning in run(work, language=language):
        warn(warning)


async def _table(portal: Portal, table: str | None, partner: str | None) -> PriceTableRow:
    if (table is None) == (partner is None):
        fail("Give either --table or --partner.", status=WRONGLY_USED)
    if table is not None:
        return await price_tables.named(portal, table)
    found = await partners.named(portal, partner or "")
    return await price_tables.preselected_of(portal, found.id)
