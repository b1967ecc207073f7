"""What a check of the data is, and what it finds."""

from typing import Any, NamedTuple

from db.engine.expressions import AnySelect
from db.engine.filters import values_of
from db.engine.statement import Statement


class Finding(NamedTuple):
    """One thing that is wrong: whose it is, and what would be right."""

    check: str
    partner_id: int | None
    message: str


class Check(NamedTuple):
    """A statement whose every row is a finding, the partner first, and the sentence that the row fills in."""

    name: str
    expression: AnySelect
    sentence: str

    @property
    def statement(self) -> Statement[tuple[Any, ...]]:
        """The statement, whose rows have as many columns as the sentence needs."""
        return Statement(self.expression, values_of)
