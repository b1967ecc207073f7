"""Folded texts with characters whose decompositions have apostrophes and dashes, which step 0031 did not look for.

Revision ID: 0036
Revises: 0035
"""

from db.migrations.folding import fold_again

revision = "0036"
down_revision = "0035"

# Primes of two, three and four strokes, n with an apostrophe, minus signs above and below the line, and dashes of
# vertical text and of small forms.
MARKS = "\u0149\u2033\u2034\u2057\u207b\u208b\ufe31\ufe32\ufe58"


def upgrade() -> None:
    """Fold the texts that have such characters."""
    fold_again(MARKS)
