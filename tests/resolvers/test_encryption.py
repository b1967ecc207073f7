"""Sealed values open only for the secret, the purpose and the user that they were sealed for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.encryption import UnsealingError, seal, unseal

KEY, OWNER = b"k" * 32, (1, 23)


@given(st.binary(max_size=64))
def test_what_was_sealed_is_returned_and_never_sealed_alike(value: bytes) -> None:
    sealed = seal(KEY, "purpose", value, OWNER)

    assert unseal([KEY], "purpose", sealed, OWNER) == value
    assert seal(KEY, "purpose", value, OWNER) != sealed


@given(st.data())
def test_what_was_altered_is_refused(data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, "purpose", b"value", OWNER))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))

    with pytest.raises(UnsealingError):
        unseal([KEY], "purpose", bytes(sealed), OWNER)


@pytest.mark.parametrize(
    ("key", "purpose", "owner"),
    [(b"o" * 32, "purpose", OWNER), (KEY, "other", OWNER), (KEY, "purpose", (12, 3)), (KEY, "purpose", (1, 24))],
)
def test_another_key_purpose_or_user_opens_nothing(key: bytes, purpose: str, owner: tuple[int, int]) -> None:
    sealed = seal(KEY, "purpose", b"value", OWNER)

    with pytest.raises(UnsealingError):
        unseal([key], purpose, sealed, owner)
    with pytest.raises(UnsealingError):
        unseal([key], purpose, sealed[:5], owner)


def test_the_previous_key_opens_what_it_sealed() -> None:
    sealed = seal(b"previous" * 4, "purpose", b"value", OWNER)

    assert unseal([KEY, b"previous" * 4], "purpose", sealed, OWNER) == b"value"
