"""Checks of current passwords, each of which counts as a failed try before it is made, and of new ones."""

from typing import NamedTuple

from db import users
from db.users import Credentials
from domain.users import password_forms
from resolvers.attempts import SIGN_IN, Tried, check_allowed, count_try
from resolvers.context import Context
from resolvers.passwords import check_new_password, hash_password, hashing_turn, is_password


class Checked(NamedTuple):
    """Try of a password: as it was counted, and the user whose password it is; None if it is wrong."""

    tried: Tried
    found: Credentials | None


async def check_current(context: Context, email: str, password: str) -> Checked:
    """Count a try for the address as failed, and check the password.

    A password that is not in NFC takes two hashes, and counts as two tries. Raises RateLimited after too many failures,
    and Unavailable under too many sign-ins. A try that has no place, or waits until the caller disconnects or the
    deadline passes, is not counted.
    """
    portal = context.portal
    # Or those who may not try yet would take the places of others, only to be refused.
    await check_allowed(portal, SIGN_IN, email, context.client_address)
    hashes = len(password_forms(password))
    with portal.sign_ins.place(hashes):
        async with hashing_turn(context.gone):
            found = await portal.database.read(lambda connection: users.credentials(connection, email))
            # Last before the hash: what is counted is checked.
            tried = await count_try(portal, SIGN_IN, email, context.client_address, hashes)
            known = None if found is None else found.password_hash
            return Checked(tried, found if await is_password(known, password) else None)


async def new_hash(context: Context, password: str, *path: str, name: str, email: str) -> str:
    """Return the hash of a new password of a person; raise a refusal, or Unavailable under too many sign-ins."""
    await check_new_password(password, *path, name=name, email=email, gone=context.gone)
    with context.portal.sign_ins.place():
        return await hash_password(password, context.gone)
