"""Rotation of the portal's secret: what the previous one has encrypted is encrypted anew, so that it can be dropped."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from db import sealed_values
from db.engine import Connection, Transaction
from db.sealed_values import Holder, SealedValue
from resolvers import second_factor_codes, webhook_keys
from resolvers.encryption import UnsealingError
from resolvers.portal import Portal

_TOGETHER_MAX = 500
"""Most values of a transaction, during which SQLite makes other writers wait."""

Resealed = Callable[[Portal, SealedValue, Sequence[bytes]], bytes]
"""Encrypts a value with the current secret, or raises UnsealingError if none of the secrets has encrypted it."""


class Need(NamedTuple):
    """Numbers of values that a portal needs its previous secret for, and of those that no secret decrypts."""

    previous: int
    none: int


class Needs(NamedTuple):
    """Needs of each column, and the number of users whose recovery codes only the previous secret may know."""

    values: Mapping[Holder, Need]
    users_with_codes: int


def _of_app(portal: Portal, old: SealedValue, secrets: Sequence[bytes]) -> bytes:
    user = old.partner_id, old.row_id
    return second_factor_codes.sealed_secret(portal, user, second_factor_codes.opened_secret(secrets, user, old.sealed))


def _of_webhook(portal: Portal, old: SealedValue, secrets: Sequence[bytes]) -> bytes:
    keys = webhook_keys.unsealed(secrets, old.partner_id, old.sealed)
    return webhook_keys.sealed(portal.secret, old.partner_id, keys)


_RESEALED: Mapping[Holder, Resealed] = {
    Holder.APP: _of_app,
    Holder.WEBHOOK: _of_webhook,
    Holder.FORMER_WEBHOOK: _of_webhook,
}


async def rotate(portal: Portal) -> int:
    """Encrypt with the current secret what the previous one has encrypted; return the number of values."""
    number = 0
    for holder in Holder:
        old, _ = await _sorted(portal, holder)
        for start in range(0, len(old), _TOGETHER_MAX):
            part = old[start : start + _TOGETHER_MAX]
            new = [(each, _RESEALED[holder](portal, each, portal.secrets)) for each in part]
            number += await portal.database.write(partial(_replace, holder=holder, new=new))
    return number


async def _replace(tx: Transaction, *, holder: Holder, new: Sequence[tuple[SealedValue, bytes]]) -> int:
    return await sealed_values.replace(tx, holder, new)


async def needs(portal: Portal) -> Needs:
    """Return what the portal still needs its previous secret for."""
    found = {}
    for holder in Holder:
        previous, none = await _sorted(portal, holder)
        found[holder] = Need(len(previous), len(none))
    users = 0
    if portal.previous_secret is not None:
        users = await portal.database.read(sealed_values.users_with_keyed_codes)
    return Needs(found, users)


async def _sorted(portal: Portal, holder: Holder) -> tuple[list[SealedValue], list[SealedValue]]:
    """Return the values that the previous secret decrypts, and those that none does."""

    async def read(connection: Connection) -> Sequence[SealedValue]:
        return await sealed_values.every(connection, holder)

    previous: list[SealedValue] = []
    none: list[SealedValue] = []
    for each in await portal.database.read(read):
        if not _opens(portal, holder, each, (portal.secret,)):
            (previous if _opens(portal, holder, each, portal.secrets) else none).append(each)
    return previous, none


def _opens(portal: Portal, holder: Holder, of: SealedValue, secrets: Sequence[bytes]) -> bool:
    try:
        _RESEALED[holder](portal, of, secrets)
    except UnsealingError:
        return False
    return True
