"""Folded texts in which apostrophes and dashes of every form are one, by which searches find each of them.

Revision ID: 0031
Revises: 0030
"""

from db.migrations.folding import fold_again

revision = "0031"
down_revision = "0030"

MARKS = "\u00b4\u2018\u2019\u201b\u02bc\u2032\u2010\u2011\u2012\u2013\u2014\u2015\u2212"


def upgrade() -> None:
    """Fold the texts that have such marks."""
    fold_again(MARKS)
