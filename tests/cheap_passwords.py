"""Hashes of passwords with the least work that argon2 allows: one as the portal has it takes 64 MiB and some 50 ms."""

from collections.abc import Callable

from argon2 import PasswordHasher

from resolvers import passwords


def hash_cheaply(replace: Callable[[object, str, object], None] = setattr) -> None:
    """Let the passwords of this process, and of those that are forked from it, be hashed with little work."""
    hash_with(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1), replace)


def hash_with(hasher: PasswordHasher, replace: Callable[[object, str, object], None] = setattr) -> None:
    """Let them be hashed with another cost, which the hash that no password has takes too."""
    replace(passwords, "_hasher", hasher)
    replace(passwords, "_DECOY_HASH", passwords._decoy_hash())  # noqa: SLF001 — no caller chooses the cost.
