"""`portal doctor`."""

import asyncio

import typer

from db import migrate
from db.doctor import Finding, examine
from server.app import open_portal
from server.cli.running import FAILED, failures, settings
from server.settings import Settings


def doctor() -> None:
    """Check the data against its own rules: stock, ledger, numbers, references. Exits with 1 on any finding."""
    given = settings()
    with failures():
        findings = asyncio.run(_examine(given))
    for finding in findings:
        whose = "" if finding.partner_id is None else f"partner {finding.partner_id}, "
        typer.echo(f"{finding.check}: {whose}{finding.message}")
    if findings:
        typer.secho(f"{len(findings)} findings.", err=True, fg=typer.colors.RED)
        raise typer.Exit(FAILED)
    typer.echo("Nothing is wrong.")


async def _examine(given: Settings) -> list[Finding]:
    portal = open_portal(given)
    try:
        if not await migrate.at_head(portal.database):
            return [Finding("migrations", None, "the database has not the tables of this version; run portal migrate.")]
        return [finding async for finding in examine(portal.database)]
    finally:
        await portal.database.close()
