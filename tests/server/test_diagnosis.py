"""What each failure of PostgreSQL means for the operator, and whether it may pass."""

import sqlite3
from collections.abc import Iterator

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest

from db.engine import failures
from db.engine.failures import DRIVER_ERRORS, NotOpenedError
from server import diagnosis

UNEXPECTED = "The database gave an unexpected error"
"""How the sentence for an error begins that has none of its own."""


def errors_of_postgresql() -> Iterator[Exception]:
    """Yield each error of the driver that means a failure of the database."""
    for name in dir(asyncpg):
        kind = getattr(asyncpg, name)
        if isinstance(kind, type) and issubclass(kind, DRIVER_ERRORS):
            error = kind("geheim")
            if failures.kind_of(error) is not None:
                yield error


@pytest.mark.parametrize("error", [*errors_of_postgresql()], ids=lambda error: type(error).__name__)
def test_each_failure_of_postgresql_has_a_sentence(error: Exception) -> None:
    trouble = diagnosis.trouble(error, "postgresql+asyncpg://u:geheim@db.example/portal")

    assert not str(trouble).startswith(UNEXPECTED)
    assert "db.example:5432" in str(trouble)
    assert "geheim" not in str(trouble)


@pytest.mark.parametrize("url", ["sqlite+aiosqlite:////portal.db", "postgresql+asyncpg://u:geheim@db.example/portal"])
@pytest.mark.parametrize("error", [sqlite3.IntegrityError("geheim"), asyncpg.UniqueViolationError("geheim")])
def test_an_error_without_a_sentence_says_nothing_of_the_network(error: Exception, url: str) -> None:
    said = str(diagnosis.trouble(error, url))

    assert said == f"{UNEXPECTED} ({type(error).__name__})."


PASSING = (
    asyncpg.ConnectionDoesNotExistError(),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("got result for unknown protocol state"),
    asyncpg.CrashShutdownError(),
    asyncpg.PostgresIOError(),
    asyncpg.DeadlockDetectedError(),
)
LASTING = (asyncpg.DataCorruptedError(), asyncpg.InvalidPasswordError())


@pytest.mark.parametrize("error", PASSING + LASTING, ids=lambda error: type(error).__name__)
def test_a_server_starts_while_a_failure_may_pass(error: Exception) -> None:
    trouble = diagnosis.trouble(error, "postgresql+asyncpg://u@db.example/portal")

    assert trouble.passing == (error in PASSING)


@pytest.mark.parametrize("code", ["25P03", "25P04"])
def test_a_session_that_a_limit_ends_has_a_sentence_that_names_it(code: str) -> None:
    ended = asyncpg.PostgresError.new({"C": code, "M": "geheim"})

    trouble = diagnosis.trouble(ended, "postgresql+asyncpg://ana@db.example/portal")

    assert f"ended the session in a transaction ({code}); set idle_in_transaction_session_timeout" in str(trouble)


@pytest.mark.parametrize("code", ["55000", "42501", "0A000"])
def test_a_session_that_is_not_opened_has_a_sentence_of_its_own(code: str) -> None:
    refused = NotOpenedError(asyncpg.PostgresError())
    refused.__cause__ = asyncpg.PostgresError.new({"C": code, "M": "geheim"})

    trouble = diagnosis.trouble(refused, "postgresql+asyncpg://ana@db.example/portal")

    assert f"opens no session of the database “portal” for the user “ana” ({code})" in str(trouble)
    # A database that is closed for a while is opened again by those who closed it.
    assert trouble.passing == (code == "55000")
