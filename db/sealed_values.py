"""Statements about encrypted values of all partners, which the operator encrypts anew with another secret."""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, returned
from db.engine.filters import value
from db.engine.statement import Statement
from db.second_factors import KEYED_BY_APP
from db.tables import recovery_codes, totp_secrets, webhooks


class Holder(Enum):
    """Column of encrypted values."""

    APP = "sealed secret of an authenticator app"
    WEBHOOK = "sealed keys of a webhook"
    FORMER_WEBHOOK = "sealed former keys of a webhook"


class SealedValue(NamedTuple):
    """Encrypted value, and the row that has it: by the user's id for an app, or else by the webhook's."""

    partner_id: int
    row_id: int
    sealed: bytes


_COLUMNS = {
    Holder.APP: (totp_secrets.c.partner_id, totp_secrets.c.user_id, totp_secrets.c.sealed),
    Holder.WEBHOOK: (webhooks.c.partner_id, webhooks.c.id, webhooks.c.sealed),
    Holder.FORMER_WEBHOOK: (webhooks.c.partner_id, webhooks.c.id, webhooks.c.previous_sealed),
}
_LIST = {
    holder: Statement(sa.select(*columns).where(columns[2].is_not(None)).order_by(*columns[:2]), SealedValue)
    for holder, columns in _COLUMNS.items()
}
_REPLACE: dict[Holder, Statement[int]] = {
    holder: Statement(
        sa.update(sealed.table)
        # One that was replaced meanwhile is encrypted with the current secret.
        .where(partner == sa.bindparam("of_partner"), row == sa.bindparam("of_row"), sealed == sa.bindparam("former"))
        .values({sealed.name: sa.bindparam("new")})
        .returning(row),
        value,
    )
    for holder, (partner, row, sealed) in _COLUMNS.items()
}
_KEYED_BY_SECRET: Statement[int] = Statement(
    # The partner and the user, once for all of the user's codes.
    sa.select(sa.func.count()).select_from(
        sa.select(recovery_codes.c.partner_id, recovery_codes.c.user_id)
        .where(sa.func.length(recovery_codes.c.digest) <= len(KEYED_BY_APP) + 31)
        .distinct()
        .subquery()
    ),
    value,
)


async def every(connection: Connection, holder: Holder) -> Sequence[SealedValue]:
    """Return the encrypted values of a column."""
    return list(await connection.fetch(_LIST[holder]))


async def replace(tx: Transaction, holder: Holder, new: Sequence[tuple[SealedValue, bytes]]) -> int:
    """Write the values anew, except those that have changed meanwhile; return how many were written."""
    lines = [
        {"of_partner": old.partner_id, "of_row": old.row_id, "former": old.sealed, "new": sealed} for old, sealed in new
    ]
    return len(await tx.execute_many(_REPLACE[holder], lines))


async def users_with_keyed_codes(connection: Connection) -> int:
    """Return the number of users with recovery codes whose digests are keyed by the portal's secret itself."""
    return await returned(connection, _KEYED_BY_SECRET)
