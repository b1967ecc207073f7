"""Global ids: opaque to clients, they encode a type and a database id."""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Collection
from typing import NamedTuple

from db.engine.listings import ID_MAX

NOWHERE = 0
"""An id that no row has, for an id that can't be read: it answers as one that does not exist."""


_FEW = 2
"""Up to how many ids are made one by one."""


class GlobalId(NamedTuple):
    """Type and database id of an object; a stock has the ids of its partner and its product."""

    type: str
    id: int
    of: int | None = None


def encode(type_name: str, *numbers: int) -> str:
    """Return the global id."""
    plain = f"{type_name}:{numbers[0]}" if len(numbers) == 1 else ":".join([type_name, *map(str, numbers)])
    # Letters, digits and colons have no sextets that the alphabet for URLs writes differently.
    return b2a_base64(plain.encode(), newline=False).rstrip(b"=").decode()


def encode_all(type_name: str, numbers: Collection[int]) -> list[str]:
    """Return the global ids of many objects of a type."""
    if len(numbers) <= _FEW:
        plain = type_name.encode() + b":%d"
        return [b2a_base64(plain % number).rstrip(b"=\n").decode() for number in numbers]
    different = set(numbers)
    if len(different) > len(numbers) // 2:
        return _encoded(type_name, numbers)
    # Rows of a page often refer to the same few objects.
    of_each = dict(zip(different, _encoded(type_name, different), strict=True))
    return list(map(of_each.__getitem__, numbers))


def _encoded(type_name: str, numbers: Collection[int]) -> list[str]:
    """Return the global ids, made as lines of one text: a call for each takes twice as long."""
    lines = (type_name.encode() + b":%d\n") * len(numbers) % tuple(numbers)
    coded = b"".join(map(b2a_base64, lines.split(b"\n"))).replace(b"=", b"").decode().split("\n")
    # The empty line after the last number has one too.
    return coded[: len(numbers)]


def decode(text: str) -> GlobalId | None:
    """Return the parts of the id; None if it is not an id of the portal."""
    try:
        # Only what `encode` returns is an id, which the alphabet for URLs writes in the same way.
        plain = a2b_base64(text + "=" * (-len(text) % 4)).decode()
        type_name, _, numbers = plain.partition(":")
        first, colon, second = numbers.partition(":")
        owner, number = (int(first), int(second)) if colon else (None, int(first))
    except (Base64Error, ValueError):
        return None
    if not 0 < number <= ID_MAX:
        return None
    if owner is None:
        return GlobalId(type_name, number) if encode(type_name, number) == text else None
    is_one = 0 < owner <= ID_MAX and encode(type_name, owner, number) == text
    return GlobalId(type_name, number, of=owner) if is_one else None


def number(type_name: str, text: str) -> int:
    """Return the database id of an object of that type; NOWHERE for any other id."""
    found = decode(text)
    return found.id if found is not None and found.type == type_name and found.of is None else NOWHERE
