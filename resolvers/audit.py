"""Verification of the hash chain over a partner's events."""

from db import audit
from db.audit import Verified
from domain.access import Permission
from resolvers.context import Context

EVENTS_MAX = 20_000
"""Maximum number of events that one request verifies, which takes a fraction of a second."""


async def verify(context: Context, after: int, named: int | None = None) -> Verified | None:
    """Verify the partner's events after a number; return None for a partner that the viewer can't see."""
    context.require(Permission.EVENTS_READ)
    partner_id = context.of_one_partner(named, "partnerId")
    return await context.portal.database.read(
        lambda connection: audit.verify(connection, partner_id, after=max(after, 0), at_most=EVENTS_MAX)
    )
