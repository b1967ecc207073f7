"""Passwords: the time of an answer does not reveal whether an email is a user's."""

from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from resolvers import passwords


def test_a_hash_takes_the_work_that_the_standard_advises(strong_hasher: PasswordHasher) -> None:
    assert extract_parameters(strong_hasher.hash("some password")) == RFC_9106_LOW_MEMORY


async def test_an_unknown_email_takes_as_long_to_refuse_as_a_wrong_password() -> None:
    of_a_user = await passwords.hash_password("some password")

    assert extract_parameters(passwords._DECOY_HASH) == extract_parameters(of_a_user)  # noqa: SLF001 — it is never sent.


async def test_no_password_matches_the_decoy() -> None:
    assert not await passwords.is_password(None, "some password")
