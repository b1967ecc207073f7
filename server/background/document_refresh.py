"""Keeping up with the documents that are registered and removed while the server runs."""

import asyncio

import structlog

from domain.faults import Unavailable
from server.graphql.trusted_documents import TrustedDocuments

EVERY_SECONDS = 5
"""How long a document that is removed may still be run."""

log = structlog.get_logger("portal.documents")


async def run(trusted: TrustedDocuments) -> None:
    """Look again and again, until cancelled."""
    reached = True
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        reached = await refresh(trusted, told=not reached)


async def refresh(trusted: TrustedDocuments, *, told: bool = False) -> bool:
    """Know what is registered now, and whether that could be read. A failure is logged unless it was told before."""
    try:
        await trusted.refresh()
    except Unavailable:
        if not told:
            log.warning("the registered documents are read later: the database is not available")
        return False
    except Exception:
        if not told:
            log.exception("the registered documents could not be read")
        return False
    return True
