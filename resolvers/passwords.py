"""Passwords: hashed, checked and estimated in a few threads, with a bounded queue of sign-ins."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from secrets import token_bytes

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from db.engine import deadline
from domain.deadlines import ChangeTimedOut
from domain.errors import Unavailable
from domain.limits import TooManySignIns
from domain.users import (
    GuessablePassword,
    check_not_personal,
    check_password,
    composed,
    password_forms,
    personal_words,
)
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
_estimating = asyncio.Semaphore(1)
"""Estimates take turns of their own, so that no sign-in waits for one, and run one at a time: they are Python."""


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
    def place(self, hashes: int = 1) -> Iterator[None]:
        """Take a place in the queue for each hash; raise Unavailable if it is full."""
        if self._places < hashes:
            raise TooManySignIns
        self._places -= hashes
        try:
            yield
        finally:
            self._places += hashes


async def hash_password(password: str, gone: Gone | None = None) -> str:
    """Return the argon2id hash of a password in NFC, computed off the event loop; raise as `hashing_turn` does."""
    async with hashing_turn(gone):
        return await asyncio.to_thread(_hasher.hash, composed(password))


def check_allowed(password: str, *path: str, name: str, email: str) -> None:
    """Raise a refusal if a person of that name and address must not choose the password, without an estimate."""
    check_password(password, *path)
    check_not_personal(password, personal_words(name, email), *path)


async def check_new_password(password: str, *path: str, name: str, email: str, gone: Gone | None = None) -> None:
    """Raise a refusal if a person of that name and address must not choose the password.

    The estimate takes up to a fifth of a second, in a thread, and waits for those before it: raises as `hashing_turn`.
    """
    check_allowed(password, *path, name=name, email=email)
    async with _turn(_estimating, gone):
        found = await asyncio.to_thread(guesses, composed(password), personal_words(name, email))
    if found < _GUESSES_MIN:
        raise GuessablePassword(path)


def hashing_turn(gone: Gone | None = None) -> AbstractAsyncContextManager[None]:
    """Wait until a thread is free for a hash.

    Raises Unavailable if the caller disconnects first, and ChangeTimedOut at the deadline of the request.
    """
    return _turn(_hashing, gone)


async def is_password(password_hash: str | None, password: str) -> bool:
    """Return whether the password has that hash in NFC or as it is typed; False without one, which takes as long.

    Call it in a hashing turn. It takes a hash for each of the `password_forms`.
    """
    for form in password_forms(password):
        try:
            return await asyncio.to_thread(
                _hasher.verify, password_hash or _DECOY_HASH, form.encode("utf-8", "surrogatepass")
            )
        except (VerificationError, InvalidHashError):
            continue
    return False


@asynccontextmanager
async def _turn(threads: asyncio.Semaphore, gone: Gone | None) -> AsyncIterator[None]:
    until = deadline.current.get()
    turn = asyncio.ensure_future(threads.acquire())
    leaving = [] if gone is None else [asyncio.ensure_future(gone())]
    try:
        left = None if until is None else max(0.0, until.left)
        await asyncio.wait([turn, *leaving], timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if not turn.done():
            if until is not None and not any(each.done() for each in leaving):
                raise ChangeTimedOut(until.seconds)
            message = "The caller closed the connection before its turn came."
            raise Unavailable(message)
        yield
    finally:
        for each in leaving:
            each.cancel()
        if not turn.cancel():
            threads.release()
