"""Passwords: hashed and checked in a few threads, with a bounded queue of sign-ins."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from secrets import token_bytes

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.errors import Unavailable
from domain.limits import TooManySignIns
from domain.users import GuessablePassword, check_not_personal, check_password, personal_words
from resolvers.password_guesses import guesses

Gone = Callable[[], Awaitable[object]]
"""Waits until the caller has closed the connection."""

AT_ONCE = 2
"""Argon2 takes 64 MiB and a core for each hash: more at once would only make each of them slower."""

WAITING_MAX = 32
"""Number of sign-ins that wait for those before them, which takes the last one some two seconds."""

_GUESSES_MIN = 10**8
"""What zxcvbn calls safely unguessable, score 3."""

_hasher = PasswordHasher()
_hashing = asyncio.Semaphore(AT_ONCE)


def _decoy_hash() -> str:
    """Hash that no password has, and that takes as long to check as a user's."""
    salt, digest = (b64encode(token_bytes(length)).rstrip(b"=").decode() for length in (16, 32))
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


_DECOY_HASH = _decoy_hash()


@dataclass(slots=True)
class SignInQueue:
    """Sign-ins in progress in this process; they need no token, so their number is limited."""

    _places: int = AT_ONCE + WAITING_MAX

    @property
    def taken(self) -> int:
        """The number of sign-ins in progress."""
        return AT_ONCE + WAITING_MAX - self._places

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place in the queue; raise Unavailable if it is full."""
        if self._places <= 0:
            raise TooManySignIns
        self._places -= 1
        try:
            yield
        finally:
            self._places += 1


async def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, computed off the event loop."""
    async with _turn():
        return await asyncio.to_thread(_hasher.hash, password)


async def check_new_password(password: str, *path: str, name: str, email: str) -> None:
    """Raise a refusal if a person of that name and address must not choose the password.

    The estimate takes up to a tenth of a second, in a thread.
    """
    check_password(password, *path)
    words = personal_words(name, email)
    check_not_personal(password, words, *path)
    async with _turn():
        found = await asyncio.to_thread(guesses, password, words)
    if found < _GUESSES_MIN:
        raise GuessablePassword(path)


async def is_password(password_hash: str | None, password: str, gone: Gone | None = None) -> bool:
    """Return whether the password has that hash; False without one, which takes as long."""
    async with _turn(gone):
        try:
            return await asyncio.to_thread(
                _hasher.verify, password_hash or _DECOY_HASH, password.encode("utf-8", "surrogatepass")
            )
        except (VerificationError, InvalidHashError):
            return False


@asynccontextmanager
async def _turn(gone: Gone | None = None) -> AsyncIterator[None]:
    """Wait until a thread is free; raise Unavailable if the caller disconnects first."""
    turn = asyncio.ensure_future(_hashing.acquire())
    leaving = [] if gone is None else [asyncio.ensure_future(gone())]
    try:
        await asyncio.wait([turn, *leaving], return_when=asyncio.FIRST_COMPLETED)
        if not turn.done():
            message = "The caller closed the connection before its turn came."
            raise Unavailable(message)
        yield
    finally:
        for each in leaving:
            each.cancel()
        if not turn.cancel():
            _hashing.release()
