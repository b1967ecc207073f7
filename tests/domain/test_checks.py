"""Checks of input."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.checks import Checks
from domain.clients import STATES
from domain.languages import Language
from domain.products import InvalidProductCode
from domain.refusals import NotFound, Refusal
from domain.violations import (
    Empty,
    HiddenCharacter,
    InvalidActivationKey,
    InvalidCnpj,
    InvalidItemCount,
    InvalidState,
    OutOfRange,
    SeveralLines,
    TooLong,
    Unstorable,
)
from tests.cnpjs import another, masked


def refused(checks: Checks) -> list[tuple[type[Refusal], str]]:
    return [(type(refusal), ".".join(refusal.path)) for refusal in checks.refusals]


def test_every_fault_of_an_input_is_refused_at_once_and_says_where() -> None:
    checks = Checks()

    checks.text(" ", "name", longest=200)
    checks.text("x" * 201, "tradeName", longest=200)
    checks.text("a\0b", "city", longest=100)
    checks.cnpj("16727230000198", "cnpj")
    checks.state("XX", "state")
    checks.activation_key("AB CD", "activationKey")
    checks.number(0, "items", "0", "quantity", lowest=1, highest=10_000)
    checks.count(51, "items", lowest=1, highest=50)
    checks.refuse(NotFound(("clientId",)))

    with pytest.raises(ExceptionGroup) as raised:
        checks.done()
    assert list(raised.value.exceptions) == checks.refusals
    assert refused(checks) == [
        (Empty, "name"),
        (TooLong, "tradeName"),
        (Unstorable, "city"),
        (InvalidCnpj, "cnpj"),
        (InvalidState, "state"),
        (InvalidActivationKey, "activationKey"),
        (OutOfRange, "items.0.quantity"),
        (InvalidItemCount, "items"),
        (NotFound, "clientId"),
    ]
    for refusal, language in [(refusal, language) for refusal in checks.refusals for language in Language]:
        assert refusal.message(language)


def test_an_input_without_a_fault_is_normalised_and_passes() -> None:
    checks, number = Checks(), another()

    assert checks.text("  Padaria Pão Quente ", "name", longest=200) == "Padaria Pão Quente"
    assert checks.optional_text(" ", "note", longest=10) is None
    assert checks.optional_text(None, "note", longest=10) is None
    assert checks.optional_text(" ok ", "note", longest=10) == "ok"
    assert checks.cnpj(masked(number), "cnpj") == number
    assert checks.state(" sp ", "state") == "SP"
    assert checks.state(None, "state") is None
    assert checks.activation_key("abcd-1234", "activationKey") == "ABCD-1234"
    assert checks.ecf_serial_number(" be05 ", "ecfSerialNumber") == "BE05"
    assert checks.ecf_serial_number(None, "ecfSerialNumber") is None
    assert checks.number(10_000, "quantity", lowest=1, highest=10_000) == 10_000
    checks.count(50, "items", lowest=1, highest=50)
    checks.done()
    assert checks.refusals == []


@pytest.mark.parametrize("typed", ["ß" * 26, "ŉ" * 50, "x" * 51], ids=["two", "three", "one"])
def test_a_serial_number_is_short_enough_as_it_is_stored(typed: str) -> None:
    checks = Checks()

    checks.ecf_serial_number(typed, "ecfSerialNumber")

    assert refused(checks) == [(TooLong, "ecfSerialNumber")]


def test_a_serial_number_that_is_sent_back_is_the_same() -> None:
    checks = Checks()
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]

    stored = [checks.ecf_serial_number(f"A{letter}", "ecfSerialNumber") or "" for letter in letters]
    sent_back = [checks.ecf_serial_number(each, "ecfSerialNumber") or "" for each in stored]

    assert sent_back == stored
    assert [each for each in stored if not unicodedata.is_normalized("NFC", each)] == []


@pytest.mark.parametrize("typed", ["\u017fp", "\u017fP", "p\u0131", "\uff33\uff30"])
def test_a_letter_that_only_looks_like_ascii_is_in_no_state(typed: str) -> None:
    checks = Checks()

    checks.state(typed, "state")

    assert refused(checks) == [(InvalidState, "state")]


def test_an_address_is_short_enough_as_it_is_stored() -> None:
    checks = Checks()

    checks.email("İ" * 10 + "@alfa.example", "email", longest=25)

    assert refused(checks) == [(TooLong, "email")]


def test_every_state_is_one() -> None:
    checks = Checks()

    assert {checks.state(state.lower(), "state") for state in STATES} == STATES
    assert checks.refusals == []


def test_a_number_with_an_unstorable_character_is_invalid() -> None:
    checks = Checks()

    assert checks.cnpj("16727230000197\0", "cnpj") == ""
    assert refused(checks) == [(InvalidCnpj, "cnpj")]


def test_invisible_characters_are_dropped_or_refused_by_their_kind() -> None:
    checks, number = Checks(), another()

    assert checks.text("Pada\u200bria \ufeff", "name", longest=7) == "Padaria"
    assert checks.optional_text("\u200b \u3164", "tradeName", longest=1) is None
    assert checks.optional_text("um\r\n\tdois", "note", longest=20, lines=True) == "um\n\tdois"
    assert checks.cnpj(f"\u202d{masked(number)}\u202c", "cnpj") == number
    assert checks.state("s\u200bp", "state") == "SP"
    assert checks.activation_key("\u200eabcd-1234", "activationKey") == "ABCD-1234"
    assert checks.ecf_serial_number("be\u00ad05", "ecfSerialNumber") == "BE05"
    assert checks.refusals == []

    checks.text("\u2060", "name", longest=200)
    checks.text("Pada\u202eria", "name2", longest=200)
    checks.text("Pada\nria", "name3", longest=200)
    checks.optional_text("Pada\x1bria", "note", longest=200, lines=True)
    checks.opaque("ana\u200b@alfa.example", "email", longest=200)
    checks.opaque("\u0301", "idempotencyKey", longest=200)
    checks.text("Padaria\x1f", "name4", longest=200)
    checks.opaque("\x85ana@alfa.example", "email", longest=200)
    checks.cnpj(f"{number}\x1f", "cnpj")
    checks.state("SP\x1f", "state")
    checks.product_code("COMPLETO\x1f", "code")
    checks.activation_key("\x1fABCD-1234", "activationKey")
    assert refused(checks) == [
        (Empty, "name"),
        (HiddenCharacter, "name2"),
        (SeveralLines, "name3"),
        (HiddenCharacter, "note"),
        (HiddenCharacter, "email"),
        (Empty, "idempotencyKey"),
        (HiddenCharacter, "name4"),
        (HiddenCharacter, "email"),
        (InvalidCnpj, "cnpj"),
        (InvalidState, "state"),
        (InvalidProductCode, "code"),
        (InvalidActivationKey, "activationKey"),
    ]
    assert "U+202E" in checks.refusals[1].message(Language.PORTUGUESE)


@given(text=st.text(), longest=st.integers(1, 5))
def test_a_text_that_passes_fits_its_place_and_says_something(text: str, longest: int) -> None:
    checks = Checks()

    stored = checks.text(text, "name", longest=longest)

    assert checks.refusals or 1 <= len(stored) <= longest
    assert checks.refusals or stored == stored.strip() != ""


@given(quantity=st.integers(), lowest=st.integers(-5, 5), highest=st.integers(-5, 5))
def test_a_number_passes_within_its_limits_only(quantity: int, lowest: int, highest: int) -> None:
    checks = Checks()

    checks.number(quantity, "quantity", lowest=lowest, highest=highest)

    assert bool(checks.refusals) is not (lowest <= quantity <= highest)
