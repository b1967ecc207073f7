"""`portal serve` with the portal's own cost of a password, which other forked servers are spared."""

from argon2 import PasswordHasher

from server.__main__ import main as portal
from tests.cheap_passwords import hash_with

STRONG_PASSWORDS = "tests.e2e.strong_passwords"
"""Program that hashes passwords as the portal does."""


def main() -> None:
    """Serve."""
    hash_with(PasswordHasher())
    portal()
