"""Checking the arguments of queries, whose faults are errors of the request."""

from datetime import datetime
from typing import NamedTuple

import strawberry

from domain import cnpj
from domain.faults import BadUserInput
from domain.text import fold, normal, storable, visible
from resolvers import ids
from schema.inputs import given
from schema.lengths import SEARCH_MAX


@strawberry.input(description="A range of time, open at a side that is not given.")
class DateTimeRange:
    """Two moments."""

    from_: datetime | None = strawberry.field(
        default=strawberry.UNSET, name="from", description="Where the range begins; this moment is in it."
    )
    to: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Where the range ends; this moment is not in it any more."
    )


class Moments(NamedTuple):
    """The two ends of a range; None where it is open."""

    start: datetime | None
    end: datetime | None


def moments(chosen: DateTimeRange | None) -> Moments:
    """The ends of a range, or of none."""
    chosen = given(chosen)
    return Moments(None, None) if chosen is None else Moments(given(chosen.from_), given(chosen.to))


def text(value: str | None, argument: str) -> str | None:
    """A text to look for, as such texts are stored; None where it asks nothing."""
    stripped = normal(visible(given(value) or ""))
    if not storable(stripped):
        message = f"“{argument}” must not contain NUL or lone surrogates."
        raise BadUserInput(message, argument=argument)
    if len(stripped) > SEARCH_MAX:
        message = f"“{argument}” can have at most {SEARCH_MAX} characters."
        raise BadUserInput(message, argument=argument)
    return stripped or None


def folded(value: str | None, argument: str) -> str | None:
    """A part of a name to look for, without accents and case."""
    found = text(value, argument)
    return None if found is None else fold(found)


def upper(value: str | None, argument: str) -> str | None:
    """A key or code to look for, in the case that it is stored in."""
    found = text(value, argument)
    return None if found is None else found.upper()


def unmasked(value: str | None, argument: str) -> str | None:
    """The beginning of a CNPJ to look for, without its mask."""
    found = text(value, argument)
    return None if found is None else cnpj.unmasked(found) or None


def number(type_name: str, value: strawberry.ID | None) -> int | None:
    """The database's id of an object to look for; None where none is given."""
    global_id = given(value)
    return None if global_id is None else ids.number(type_name, global_id)
