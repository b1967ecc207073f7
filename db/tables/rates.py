"""Buckets of the rate limits."""

import sqlalchemy as sa
from sqlalchemy import Column, Table

from db.engine.column_types import BytewiseText
from db.tables.columns import metadata

rate_buckets = Table(
    "rate_buckets",
    metadata,
    Column("bucket", BytewiseText, primary_key=True),
    Column("empties_at", sa.BigInteger, nullable=False),
    Column("granted", sa.BigInteger, nullable=False),
)
