"""Events of what an operator does for the vendor, in the vendor's feed."""

from collections.abc import Sequence

from db import event_log, partners
from db.engine import Transaction
from domain.events import Event
from resolvers.portal import Portal


async def append(portal: Portal, tx: Transaction, new: Sequence[Event]) -> None:
    """Append events without an actor, if there is a vendor yet. It takes the transaction's last lock."""
    vendor = await partners.vendor(tx) if new else None
    if vendor is not None:
        await event_log.append(tx, vendor.id, new, actor_id=None, at=portal.now())
