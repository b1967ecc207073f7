"""Checks of query arguments, which raise errors of the request."""

from datetime import datetime
from typing import Any, NamedTuple

import strawberry

from domain import cnpj
from domain.activations import SEARCHED_CODE_LENGTH_MIN, beginning_of_authorization_code
from domain.errors import BadUserInput
from domain.money import Cents
from domain.text import ascii_upper, fold, normal, storable, visible
from domain.text import upper as in_capitals
from resolvers import ids
from schema.inputs import given
from schema.lengths import SEARCH_MAX


@strawberry.input(description="A range of time. It is unlimited on a side that is omitted.")
class DateTimeRange:
    from_: datetime | None = strawberry.field(
        default=strawberry.UNSET, name="from", description="The start of the range, inclusive."
    )
    to: datetime | None = strawberry.field(default=strawberry.UNSET, description="The end of the range, exclusive.")


class Moments(NamedTuple):
    """Start and end of a range; None if it is unlimited on that side."""

    start: datetime | None
    end: datetime | None


def moments(chosen: DateTimeRange | None) -> Moments:
    """Return the start and end of a range."""
    chosen = given(chosen)
    return Moments(None, None) if chosen is None else Moments(given(chosen.from_), given(chosen.to))


@strawberry.input(description="A range of amounts. It is unlimited on a side that is omitted.")
class MoneyRange:
    minimum: Cents | None = strawberry.field(default=strawberry.UNSET, description="The lowest amount, inclusive.")
    maximum: Cents | None = strawberry.field(default=strawberry.UNSET, description="The highest amount, inclusive.")


class Amounts(NamedTuple):
    """Lowest and highest amount of a range; None if it is unlimited on that side."""

    minimum: Cents | None
    maximum: Cents | None


def amounts(chosen: MoneyRange | None) -> Amounts:
    """Return the lowest and the highest amount of a range."""
    chosen = given(chosen)
    return Amounts(None, None) if chosen is None else Amounts(given(chosen.minimum), given(chosen.maximum))


def text(value: str | None, argument: str) -> str | None:
    """Return a text to search, normalized as stored texts are; None if it is empty."""
    stripped = normal(visible(given(value) or ""))
    if not storable(stripped):
        message = f"“{argument}” must not contain NUL or lone surrogates."
        raise BadUserInput(message, argument=argument)
    if len(stripped) > SEARCH_MAX:
        message = f"“{argument}” can have at most {SEARCH_MAX} characters."
        raise BadUserInput(message, argument=argument)
    return stripped or None


def folded(value: str | None, argument: str) -> str | None:
    """Return a part of a name to search, without accents and case; an accent alone is kept, and found nowhere."""
    found = text(value, argument)
    return None if found is None else fold(found) or found


def upper(value: str | None, argument: str) -> str | None:
    """Return a serial number to search, in the case in which it is stored."""
    found = text(value, argument)
    return None if found is None else in_capitals(found)


def in_ascii(value: str | None, argument: str) -> str | None:
    """Return a key or code of ASCII to search, in upper case; what can't be one is kept, and found nowhere."""
    found = text(value, argument)
    return None if found is None else ascii_upper(found)


def authorization_code(value: str | None, argument: str) -> str | None:
    """Return an authorization code to search as it is stored; what can't be one is kept, and found nowhere."""
    found = text(value, argument)
    return None if found is None else beginning_of_authorization_code(found) or found


def searched_code(value: str | None, argument: str) -> str | None:
    """Return the beginning of an authorization code in a search text; None if it can't be one, or is too short."""
    found = text(value, argument)
    return None if found is None else beginning_of_authorization_code(found, shortest=SEARCHED_CODE_LENGTH_MIN)


def unmasked(value: str | None, argument: str) -> str | None:
    """Return the first characters of a CNPJ to search, without its mask; a mask alone is kept, and found nowhere."""
    found = text(value, argument)
    return None if found is None else cnpj.unmasked(found) or found


def searched_cnpj(value: str | None, argument: str) -> str | None:
    """Return the first characters of a CNPJ in a search text; None if it has nothing but a mask."""
    found = text(value, argument)
    return None if found is None else cnpj.unmasked(found) or None


def of_partner() -> Any:  # noqa: ANN401 — a field of a dataclass, as strawberry.field is.
    """Declare the filter by partner of a list that the vendor's users see of all partners."""
    return strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Filters by the ID of the partner. Without it, the vendor's users see the objects of all partners, and a "
            "partner's users those of their own."
        ),
    )


def number(type_name: str, value: strawberry.ID | None) -> int | None:
    """Return the database id in a global id; None if the argument is omitted."""
    global_id = given(value)
    return None if global_id is None else ids.number(type_name, global_id)
