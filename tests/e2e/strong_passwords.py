"""`portal serve` with the portal's own cost of a password, which other forked servers are spared."""

from argon2 import PasswordHasher

from resolvers import passwords
from server.__main__ import main as portal

STRONG_PASSWORDS = "tests.e2e.strong_passwords"
"""Program that hashes passwords as the portal does."""


def main() -> None:
    """Serve."""
    passwords._hasher = PasswordHasher()  # noqa: SLF001 — no caller chooses the cost.
    passwords._DECOY_HASH = passwords._decoy_hash()  # noqa: SLF001 — the same.
    portal()
