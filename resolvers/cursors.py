"""Cursors: opaque to clients, they encode a position in one order of one list of a partner."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson

from db.engine.keyset import Keyset
from db.engine.listings import ID_MAX, KeyType, Listing
from domain.errors import BadUserInput
from domain.tenancy import ALL_PARTNERS, Scope
from domain.text import fold, storable
from resolvers.columns import column

Row = TypeVar("Row", bound=tuple[Any, ...])

_OF_ALL_PARTNERS = -1


def owner(scope: Scope) -> int:
    """Return the owner of a scope's cursors: the partner's id, or a number that no partner has."""
    return _OF_ALL_PARTNERS if scope is ALL_PARTNERS else scope


def of_rows(listing: Listing[Row], of: int, rows: Sequence[Row]) -> list[str]:
    """Return the cursors of rows of the owner's list."""
    order, keys = listing.order, column(rows, listing.key)
    return [encode(order, of, Keyset(key, row_id)) for key, row_id in zip(keys, column(rows, "id"), strict=True)]


def encode(order: str, of: int, position: Keyset) -> str:
    """Return the cursor of the row at that position of the owner's list in that order."""
    return urlsafe_b64encode(orjson.dumps([order, of, position.key, position.id])).decode().rstrip("=")


def decode(text: str, argument: str, order: str, of: int, key_type: KeyType) -> Keyset:
    """Return the position of the cursor; raise BadUserInput if it is not one of that list in that order.

    A list of all partners takes the cursors of one partner's list too: both are in the same order.
    """
    try:
        found = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (Base64Error, ValueError):
        raise _bad(argument) from None
    match found:
        case [found_order, int(found_owner), key, int(row_id)] if found_order == order and (
            of in {found_owner, _OF_ALL_PARTNERS}
        ):
            position = Keyset(_key(key, key_type, argument), row_id)
        case _:
            raise _bad(argument)
    # In Python, true is a whole number too.
    if (
        bool in {type(found_owner), type(row_id)}
        or not 0 < row_id <= ID_MAX
        or encode(order, found_owner, position) != text
    ):
        raise _bad(argument)
    # A version that folded names in another way may have given it out; a key of this version stays as it is.
    return Keyset(fold(position.key), row_id) if key_type.folded else position


def _key(key: object, key_type: KeyType, argument: str) -> Any:  # noqa: ANN401 — a sort key is of its column's type.
    if key_type.of is datetime and isinstance(key, str):
        try:
            moment = datetime.fromisoformat(key)
        except ValueError:
            raise _bad(argument) from None
        if moment.tzinfo is not UTC:
            raise _bad(argument)
        return moment
    if type(key) is not key_type.of or (isinstance(key, int) and not 0 <= key <= key_type.number_max):
        raise _bad(argument)
    if isinstance(key, str) and not storable(key):
        raise _bad(argument)
    return key


def _bad(argument: str) -> BadUserInput:
    return BadUserInput(f"“{argument}” must be a cursor that this list gave out, in the same order.", argument=argument)
