"""Conditions on the names of clients, which lists of clients and of their activations have."""

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine.expressions import contains
from db.tables import clients


def named(part: str) -> ColumnElement[bool]:
    """Return a condition: one of the client's names contains the folded text, byte for byte.

    It reads the columns of the index in which searches look; both names in one column would make a row of it too long
    for PostgreSQL.
    """
    return sa.or_(contains(clients.c.name_folded, part), contains(clients.c.trade_name_folded, part))
