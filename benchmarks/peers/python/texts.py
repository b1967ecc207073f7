"""Ids, cursors, money and names, written as the portal writes them, so that everybody is asked the same."""

import json
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

PARTNER = 1
USER = 1
REMOVED = "Cliente removido"

ACTIVATIONS = "activations.activated_at.desc"
CLIENTS = "clients.name_folded.asc"


def _encode(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(text: str) -> str:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


def global_id(type_name: str, number: int) -> str:
    """The id that clients see."""
    return _encode(f"{type_name}:{number}")


def number_of(type_name: str, text: str) -> int:
    """The number of an object of that type, or one that no row has."""
    found, _, number = _decode(text).partition(":")
    return int(number) if found == type_name else 0


def cursor(order: str, key: str, number: int) -> str:
    """The order of the list, the partner, and the sort key and id of the row."""
    return _encode(json.dumps([order, PARTNER, key, number], separators=(",", ":"), ensure_ascii=False))


def position(order: str, text: str) -> tuple[str, int]:
    """The sort key and the id of a cursor of that list."""
    found: Any = json.loads(_decode(text))
    if found[:2] != [order, PARTNER]:
        message = "“after” must be a cursor of this list."
        raise ValueError(message)
    return found[2], found[3]


def activation_cursor(activated_at: str, number: int) -> str:
    """The cursor of an activation; the moment is as it is stored."""
    return cursor(ACTIVATIONS, shown_moment(activated_at)[:-1] + "+00:00", number)


def activation_position(text: str) -> tuple[str, int]:
    """The moment, as it is stored, and the id of a cursor."""
    key, number = position(ACTIVATIONS, text)
    moment, _, fraction = key.removesuffix("+00:00").partition(".")
    return f"{moment}.{fraction or '000000'}Z", number


def shown_moment(stored: str) -> str:
    """The moment as clients see it."""
    return stored.replace(".000000Z", "Z")


def stored_now() -> str:
    """The moment that it is now, as it is stored."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def reais(cents: int) -> str:
    """Money as clients see it."""
    return f"{cents // 100}.{cents % 100:02d}"


def anywhere(name: str) -> str:
    """The pattern of LIKE that finds the name anywhere, without accents and case."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    folded = " ".join("".join(each for each in plain if not unicodedata.combining(each)).split())
    for special in "/%_":
        folded = folded.replace(special, f"/{special}")
    return f"%{folded}%"
