"""`portal doctor`."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence

import typer
from rich.console import Console

from db.doctor.findings import Finding
from db.engine import row_scope
from db.engine.failures import Kind, kind_of
from domain.errors import Unavailable
from resolvers import secret_rotation
from resolvers.portal import Portal
from resolvers.secret_rotation import Needs
from server import diagnosis
from server.app import open_portal
from server.cli.ownership import warn_if_open_to_others
from server.cli.runner import FAILED, failures, settings
from server.setting_values import SettingsError
from server.settings import Settings

_SECRETS = "secrets"
_SHOWN = 20
"""Maximum number of findings shown per check: one mistake can appear in every row."""


def doctor() -> None:
    """Check the data against its own rules: stock, ledger, numbers, references. Exits with 1 on any finding."""
    given = settings()
    with failures(given):
        diagnosis.check_file(given.database_url)
        warn_if_open_to_others(given)
        findings = asyncio.run(_examine(given))
    if findings:
        report(findings)
        raise typer.Exit(FAILED)
    typer.echo("Nothing is wrong.")


def report(findings: Sequence[Finding]) -> None:
    """Print what is wrong, the first findings of each check."""
    shown: Counter[str] = Counter()
    for finding in findings:
        shown[finding.check] += 1
        if shown[finding.check] <= _SHOWN:
            whose = "" if finding.partner_id is None else f"partner {finding.partner_id}, "
            typer.echo(f"{finding.check}: {whose}{finding.message}")
    for check, count in shown.items():
        if count > _SHOWN:
            typer.echo(f"{check}: and {count - _SHOWN} more like these.")
    noun = "finding" if len(findings) == 1 else "findings"
    typer.secho(f"{len(findings)} {noun}.", err=True, fg=typer.colors.RED)


async def _examine(given: Settings) -> list[Finding]:
    portal = open_portal(given, reads_only=True)
    try:
        await diagnosis.check_tables(portal.database)
        with row_scope.of_every_partner():
            return await findings_of(portal) + list(_of_strength(given))
    except Unavailable as error:
        if error.__cause__ is None or kind_of(error.__cause__) is not Kind.DAMAGED:
            raise
        return [Finding("file", None, "it is damaged or no SQLite database; put a backup in its place.")]
    finally:
        await portal.database.close()


async def findings_of(portal: Portal) -> list[Finding]:
    """Return all that is wrong with the data of a portal, which has the tables of this version."""
    # Imported here because the comparison of tables takes ten megabytes, which servers don't need.
    from db.doctor.checks import examine  # noqa: PLC0415

    console = Console(stderr=True)
    with console.status("Looking", spinner="dots") as status:
        found = await examine(portal.database, lambda check: status.update(f"Looking at {check}"))
        status.update(f"Looking at {_SECRETS}")
        return found + list(_of_secrets(await secret_rotation.needs(portal)))


async def findings_of_file(portal: Portal) -> list[Finding]:
    """Return what is wrong with the pages of a SQLite file, whatever tables it has."""
    from db.doctor.checks import examine_file  # noqa: PLC0415 — the same reason.

    return await portal.database.read(examine_file)


def _of_strength(given: Settings) -> Iterator[Finding]:
    try:
        given.secret()
    except SettingsError as error:
        yield Finding(_SECRETS, None, str(error))


def _of_secrets(needs: Needs) -> Iterator[Finding]:
    for holder, need in needs.values.items():
        if need.previous:
            message = f"{need.previous} × {holder.value}: needs SECRET_KEY_PREVIOUS; run portal rotate-secret."
            yield Finding(_SECRETS, None, message)
        if need.none:
            message = f"{need.none} × {holder.value}: encrypted with another SECRET_KEY; use that of the backup."
            yield Finding(_SECRETS, None, message)
    if needs.users_with_codes:
        message = (
            f"{needs.users_with_codes} users have recovery codes of an earlier version, which end with "
            "SECRET_KEY_PREVIOUS; they can get others with renewRecoveryCodes."
        )
        yield Finding(_SECRETS, None, message)
