"""Indexes that are built while servers write."""

from db.migrations import concurrent
from tests.db.next_version import EXPANDED, INDEXED, INDEXES

revision = INDEXED
down_revision = EXPANDED

CONCURRENT = INDEXES


def upgrade() -> None:
    """Add the indexes."""
    concurrent.create(CONCURRENT)
