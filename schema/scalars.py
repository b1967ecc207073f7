"""Scalars of the schema."""

from datetime import datetime
from typing import NewType

import orjson
import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from breadth import of_column, pure
from domain import cnpj, money, timestamps
from domain.money import Cents

Cnpj = NewType("Cnpj", str)


@pure
def _parse_cnpj(value: object) -> Cnpj:
    number = cnpj.parse(value) if isinstance(value, str) else None
    if number is None:
        message = "A CNPJ is a string of 14 characters with correct check digits, such as “16.727.230/0001-97”."
        raise GraphQLError(message)
    return Cnpj(number)


@of_column(str, list)
def _serialize_cnpj(value: object) -> str:
    return str(value)


@pure
def _parse_money(value: object) -> Cents:
    cents = money.parse(value) if isinstance(value, str) else None
    if cents is None:
        message = (
            f"Money is a decimal string of reais, from “0.00” to “{money.reais(money.INPUT_MAX)}”, with at most two "
            "places, such as “1234.50”."
        )
        raise GraphQLError(message)
    return cents


@pure
def _parse_datetime(value: object) -> datetime:
    moment = timestamps.parse(value) if isinstance(value, str) else None
    if moment is None:
        message = (
            "A DateTime is an RFC 3339 timestamp with its offset, such as “2026-11-24T12:30:00Z”, of at most "
            f"{timestamps.TEXT_LENGTH_MAX} characters; in UTC, its year is 1 to 9999."
        )
        raise GraphQLError(message)
    return moment


def _serialize_datetimes(moments: list[datetime | None]) -> list[str | None]:
    """Return many timestamps as texts: orjson writes them in a tenth of the time."""
    written = orjson.dumps(moments, option=orjson.OPT_UTC_Z)
    # A timestamp has neither quotes nor commas, so there are as many parts as timestamps unless some are null.
    texts: list[str | None] = [*written[2:-2].decode().split('","')]
    if len(texts) != len(moments) or None in moments:
        texts = orjson.loads(written)
    return texts


@of_column(datetime, _serialize_datetimes)
def _serialize_datetime(value: datetime) -> str:
    # Every timestamp here is in UTC, which isoformat ends with "+00:00".
    return value.isoformat()[:-6] + "Z"


SCALARS: dict[object, ScalarDefinition] = {
    Cnpj: strawberry.scalar(
        name="CNPJ",
        description=(
            "A Brazilian company number (“CNPJ”): 14 characters without punctuation, in upper case. Since July "
            "2026, the first 12 can be letters. Input accepts any mask and case, such as `16.727.230/0001-97`."
        ),
        serialize=_serialize_cnpj,
        parse_value=_parse_cnpj,
    ),
    Cents: strawberry.scalar(
        name="Money",
        description=(
            'Brazilian reais as a decimal string with two places, such as `"1234.50"`. It is never a float. Input is '
            f"from `0.00` to `{money.reais(money.INPUT_MAX)}`."
        ),
        serialize=money.reais,
        parse_value=_parse_money,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description=(
            "An RFC 3339 timestamp in UTC, such as `2026-11-24T12:30:00Z`, exact to microseconds. Input accepts "
            "any offset, but requires one. It has at most 64 characters; fractional digits beyond six are "
            "ignored, and `:60` is the next second."
        ),
        serialize=_serialize_datetime,
        parse_value=_parse_datetime,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    ),
}
