"""Refresh of the trusted documents while the server runs."""

import asyncio

import structlog

from domain.errors import Unavailable
from server.graphql.trusted_documents import TrustedDocuments

EVERY_SECONDS = 5
"""Maximum seconds for which a removed document still runs."""

log = structlog.get_logger("portal.documents")


async def run(trusted: TrustedDocuments) -> None:
    """Refresh the documents regularly, until cancelled."""
    succeeded = True
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        succeeded = await refresh(trusted, failing=not succeeded)


async def refresh(trusted: TrustedDocuments, *, failing: bool = False) -> bool:
    """Read the registered documents; return whether that succeeded. Log a failure unless `failing` already."""
    try:
        await trusted.refresh()
    except Unavailable:
        if not failing:
            log.warning("the registered documents are read later: the database is not available")
        return False
    except Exception:
        if not failing:
            log.exception("the registered documents could not be read")
        return False
    return True
