"""Attempts to deliver a message, as they are stored."""

from datetime import datetime

from db.webhook_deliveries import Attempt, DeliveryRow
from domain.webhooks import DeliveryFailure, DeliveryStatus
from server.webhooks.client import Answered


def answered_with(number: int, answered: Answered, again: datetime | None) -> Attempt:
    """Return the attempt of this number, after which there may be another one."""
    return Attempt(
        attempt=number,
        status=answered.status,
        failure=answered.failure,
        http_status=answered.http_status,
        duration_ms=answered.duration_ms,
        answer=answered.answer,
        next_attempt_at=again,
    )


def not_sent(waiting: DeliveryRow) -> Attempt:
    """Return the attempt of a delivery that waited, and that can't be sent."""
    return Attempt(waiting.attempt, DeliveryStatus.FAILED, DeliveryFailure.NOT_SENT, None, 0, None, None)
