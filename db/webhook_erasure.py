"""Suspension of webhooks whose URL or selection named a cancelled client."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from db import tables, webhooks
from db.engine import Transaction
from db.engine.expressions import KEEPING_KEYS
from db.engine.filters import PARTNER, values_of
from db.engine.statement import Statement
from domain.webhook_texts import is_erased
from domain.webhooks import SuspensionReason, WebhookState

_LOCK_ALL = Statement(
    sa.select(tables.webhooks.c.id)
    .where(tables.webhooks.c.partner_id == PARTNER)
    .order_by(tables.webhooks.c.id)
    .with_for_update(key_share=KEEPING_KEYS),
    values_of,
)


async def lock(tx: Transaction, partner_id: int) -> None:
    """Lock all webhooks of the partner."""
    await tx.fetch(_LOCK_ALL, {"partner_id": partner_id})


async def suspend(
    tx: Transaction, partner_id: int, webhook_id: int, texts: Mapping[str, str | None], *, at: datetime
) -> bool:
    """Suspend a locked webhook with these texts, whatever its state is; return False if they are still complete."""
    if not is_erased(texts["url"] or "", texts["selection"]):
        return False
    suspended = {
        "state": WebhookState.SUSPENDED,
        "suspension_reason": SuspensionReason.ERASED,
        "suspended_at": at,
        "told_at": None,
        "tell_at": None,
        "told_ids": None,
        "next_attempt_at": None,
    }
    await webhooks.update(tx, partner_id, webhook_id, suspended, fenced=True)
    return True
