"""Clients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clients import STATES, redacted
from tests.cnpjs import masked, with_check_digits

NUMBER = with_check_digits("16ABC2300001")


def test_brazil_has_26_states_and_a_federal_district() -> None:
    assert len(STATES) == 27
    assert {"SP", "DF", "AC"} < STATES


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("Encerrou as atividades.", "Encerrou as atividades."),
        (f"CNPJ {masked(NUMBER)} baixado", "CNPJ […] baixado"),
        (f"CNPJ {NUMBER.lower()} baixado", "CNPJ […] baixado"),
        ("a padaria pão quente ltda fechou", "a […] fechou"),
        ("Pão Quente mudou-se de Itu", "[…] mudou-se de […]"),
    ],
)
def test_a_reason_is_kept_without_who_the_client_was(note: str, kept: str) -> None:
    texts = ("Padaria Pão Quente Ltda", "Pão Quente", "Itu", None)

    assert redacted(note, number=NUMBER, texts=texts) == kept


@given(before=st.text(max_size=20), name=st.text("abc.*+?()[]\\|é ", min_size=1), after=st.text(max_size=20))
def test_no_name_survives_whatever_characters_it_has(before: str, name: str, after: str) -> None:
    kept = redacted(before + name + after, number=NUMBER, texts=(name,))

    assert name not in kept.replace("[…]", "\0") or name in "[…]"
