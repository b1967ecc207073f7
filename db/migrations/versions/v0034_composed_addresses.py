"""Addresses of users in which a letter and its accent are one character, as they are looked up.

Revision ID: 0034
Revises: 0033
"""

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_LIKE_ASCII = re.compile("([\u037e\u1fef\u212a])")
"""Characters that NFC replaces by one of ASCII, which is of another address."""


def _table(name: str) -> sa.TableClause:
    return sa.table(name, sa.column("id", ID), sa.column("partner_id", ID), sa.column("email", BYTEWISE))


USERS, INVITATIONS = _table("users"), _table("invitations")


def upgrade() -> None:
    """Bring addresses to NFC, except one that another user has so: the two can't be told apart."""
    connection = op.get_bind()
    for table in (USERS, INVITATIONS):
        other = table.alias()
        accented = table.c.email.op("GLOB" if connection.dialect.name == "sqlite" else "~")
        pattern = "*[^ -~]*" if connection.dialect.name == "sqlite" else "[^ -~]"
        for row_id, partner_id, email in connection.execute(sa.select(table).where(accented(pattern))).all():
            composed = _composed(email)
            if composed == email:
                continue
            taken = sa.exists().where(other.c.email == composed)
            if table is INVITATIONS:
                taken = taken.where(other.c.partner_id == partner_id)
            connection.execute(sa.update(table).where(table.c.id == row_id, ~taken).values(email=composed))


def _composed(email: str) -> str:
    parts = _LIKE_ASCII.split(email)
    return "".join(each if place % 2 else unicodedata.normalize("NFC", each) for place, each in enumerate(parts))
