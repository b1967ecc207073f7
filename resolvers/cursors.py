"""Cursors: opaque to clients; to us, a partner's place in one order of one list."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import datetime
from typing import Any

import orjson

from db.engine.keyset import Keyset
from domain import timestamps
from domain.faults import BadUserInput

_ID_MAX = 2**63 - 1


def encode(order: str, partner_id: int, position: Keyset) -> str:
    """Return the cursor of the row at that position of the partner's list in that order."""
    return urlsafe_b64encode(orjson.dumps([order, partner_id, position.key, position.id])).decode().rstrip("=")


def decode(text: str, argument: str, order: str, partner_id: int, key_type: type[Any]) -> Keyset:
    """Return the position of the cursor; raise BadUserInput if it is not one of that list in that order."""
    try:
        found = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (Base64Error, ValueError):
        raise _bad(argument) from None
    match found:
        case [found_order, found_partner, key, int(row_id)] if (found_order, found_partner) == (order, partner_id):
            position = Keyset(_key(key, key_type, argument), row_id)
        case _:
            raise _bad(argument)
    if not 0 < row_id <= _ID_MAX or encode(order, partner_id, position) != text:
        raise _bad(argument)
    return position


def _key(key: object, key_type: type[Any], argument: str) -> Any:  # noqa: ANN401 — a sort key is of its column's type.
    if key_type is datetime and isinstance(key, str):
        moment = timestamps.parse(key)
        if moment is None:
            raise _bad(argument)
        return moment
    if type(key) is not key_type or (key_type is int and not 0 <= int(str(key)) <= _ID_MAX):
        raise _bad(argument)
    return key


def _bad(argument: str) -> BadUserInput:
    return BadUserInput(f"“{argument}” must be a cursor that this list gave out, in the same order.", argument=argument)
