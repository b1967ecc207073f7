"""`portal doctor`."""

import asyncio
from collections import Counter

import typer
from rich.console import Console

from db.doctor.findings import Finding
from db.engine.failures import Kind, kind_of
from domain.errors import Unavailable
from resolvers.portal import Portal
from server import diagnosis
from server.app import open_portal
from server.cli.ownership import warn_if_open_to_others
from server.cli.runner import FAILED, failures, settings
from server.settings import Settings

_SHOWN = 20
"""Maximum number of findings shown per check: one mistake can appear in every row."""


def doctor() -> None:
    """Check the data against its own rules: stock, ledger, numbers, references. Exits with 1 on any finding."""
    given = settings()
    with failures(given):
        diagnosis.check_file(given.database_url)
        warn_if_open_to_others(given)
        findings = asyncio.run(_examine(given))
    shown: Counter[str] = Counter()
    for finding in findings:
        shown[finding.check] += 1
        if shown[finding.check] <= _SHOWN:
            whose = "" if finding.partner_id is None else f"partner {finding.partner_id}, "
            typer.echo(f"{finding.check}: {whose}{finding.message}")
    for check, count in shown.items():
        if count > _SHOWN:
            typer.echo(f"{check}: and {count - _SHOWN} more like these.")
    if findings:
        typer.secho(f"{len(findings)} findings.", err=True, fg=typer.colors.RED)
        raise typer.Exit(FAILED)
    typer.echo("Nothing is wrong.")


async def _examine(given: Settings) -> list[Finding]:
    portal = open_portal(given)
    try:
        return await _findings(portal)
    except Unavailable as error:
        if error.__cause__ is None or kind_of(error.__cause__) is not Kind.DAMAGED:
            raise
        return [Finding("file", None, "it is damaged or no SQLite database; put a backup in its place.")]
    finally:
        await portal.database.close()


async def _findings(portal: Portal) -> list[Finding]:
    await diagnosis.check_tables(portal.database)
    # Imported here because the comparison of tables takes ten megabytes, which servers don't need.
    from db.doctor.checks import examine  # noqa: PLC0415

    console = Console(stderr=True)
    with console.status("Looking", spinner="dots") as status:
        return await examine(portal.database, lambda check: status.update(f"Looking at {check}"))
