"""How a command runs, and how it fails: a sentence on standard error, and an exit status."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import typer
from sqlalchemy.exc import DBAPIError

from db.engine import row_scope
from domain.errors import OutcomeUnknown, Unavailable
from domain.languages import Language
from domain.partners import PartnerClosed, PartnerCnpjTaken, UnknownPartner, VendorCnpjRequired
from domain.price_drafts import DraftOutdated, HoleInPrices, OthersDrafted
from domain.price_tables import PriceTableNameTaken, UnknownPriceTable
from domain.products import ProductCodeTaken
from domain.refusals import Refusal
from domain.users import EmailTaken, RoleOfPartner, RoleOfVendor, UnknownUser, UserDisabled
from resolvers.portal import Portal
from server import diagnosis
from server.app import open_portal
from server.diagnosis import DatabaseTroubleError
from server.setting_values import SettingsError
from server.settings import Settings

Result = TypeVar("Result")

_OF_THE_DATA = (
    DraftOutdated,
    EmailTaken,
    HoleInPrices,
    OthersDrafted,
    PartnerClosed,
    PartnerCnpjTaken,
    PriceTableNameTaken,
    ProductCodeTaken,
    RoleOfPartner,
    RoleOfVendor,
    UnknownPartner,
    UnknownPriceTable,
    UnknownUser,
    UserDisabled,
    VendorCnpjRequired,
)
"""Refusals that depend on stored data: the same arguments may be accepted another day."""

FAILED = 1
WRONGLY_USED = 2
"""Exit status for invalid arguments."""


def fail(message: str, *, status: int = FAILED) -> NoReturn:
    """Exit with a sentence for the operator."""
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(status)


def settings() -> Settings:
    """Return the settings of the environment."""
    with failures():
        return Settings.load()


def run(
    work: Callable[[Portal], Coroutine[Any, Any, Result]],
    *,
    language: Language = Language.ENGLISH,
    reads_only: bool = False,
) -> Result:
    """Run work on the portal of the environment, whose database must be migrated, and close it.

    Refusals are said in the language. Work that `reads_only` is not refused because of a secret that is easy to guess.
    """
    given = settings()
    with failures(given, language):
        diagnosis.check_file(given.database_url)
        return asyncio.run(_run(given, work, reads_only=reads_only))


async def _run(given: Settings, work: Callable[[Portal], Coroutine[Any, Any, Result]], *, reads_only: bool) -> Result:
    portal = open_portal(given, reads_only=reads_only)
    try:
        await diagnosis.check_tables(portal.database)
        with row_scope.of_every_partner():
            return await work(portal)
    finally:
        await portal.outbox.drain(0)
        await portal.database.close()


@contextmanager
def failures(given: Settings | None = None, language: Language = Language.ENGLISH) -> Iterator[None]:
    """Turn errors that are not the program's into a message; with the settings, also those of the database."""
    try:
        yield
    except DatabaseTroubleError as error:
        fail(str(error))
    except SettingsError as error:
        fail(f"{error}.", status=WRONGLY_USED)
    except Refusal as refusal:
        status = FAILED if isinstance(refusal, _OF_THE_DATA) else WRONGLY_USED
        fail(refusal.message(language), status=status)
    except ExceptionGroup as group:
        refusals, others = group.split(Refusal)
        if refusals is None or others is not None:
            raise
        status = FAILED if refusals.split(_OF_THE_DATA)[1] is None else WRONGLY_USED
        fail("\n".join(_sentences(refusals, language)), status=status)
    except (Unavailable, DBAPIError, sqlite3.Error) as error:
        _fail_to_reach(error, given)
    except OSError as error:
        if error.filename is not None:
            fail(f"{error.filename} can't be used: {error.strerror}.")
        if diagnosis.is_of_database(error):
            _fail_to_reach(error, given)
        fail(f"The operating system reports an error: {error.strerror or str(error) or type(error).__name__}.")


def _fail_to_reach(error: Exception, given: Settings | None) -> NoReturn:
    if given is None:
        raise error
    unknown = " It is unknown whether the change was made: look before you repeat it."
    trouble = str(diagnosis.trouble(error, given.database_url))
    fail(trouble + unknown if isinstance(error, OutcomeUnknown) else trouble)


def _sentences(group: BaseExceptionGroup[Refusal], language: Language) -> Iterator[str]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _sentences(error, language)
        else:
            yield error.message(language)
