"""Clients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clients import STATES, names_folded, redacted
from tests.cnpjs import masked, with_check_digits

NAMES = st.text("abc.*+?()[]\\|é\u00b4½ ", min_size=1).map(str.strip).filter(bool)
"""Names as clients have them: some characters fold to others and a blank, and none is at an end."""

NUMBER = with_check_digits("16ABC2300001")


def test_brazil_has_26_states_and_a_federal_district() -> None:
    assert len(STATES) == 27
    assert {"SP", "DF", "AC"} < STATES


@pytest.mark.parametrize(
    ("trade_name", "folded"),
    [(None, "padaria sao joao"), ("", "padaria sao joao"), (" Forno\nDoce ", "padaria sao joao\nforno doce")],
)
def test_a_trade_name_is_on_a_line_of_its_own(trade_name: str | None, folded: str) -> None:
    assert names_folded("Padaria São João", trade_name) == folded


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


@given(before=st.text(max_size=20), name=NAMES, after=st.text(max_size=20))
def test_no_name_survives_whatever_characters_it_has(before: str, name: str, after: str) -> None:
    kept = redacted(before + name + after, number=NUMBER, texts=(name,))

    assert name not in kept.replace("[…]", "\0") or name in "[…]"


@pytest.mark.parametrize("written", ["D\u00b4ÁVILA & CIA", "D\u00b4Ávila  &  Cia", "D\u00b4A\u0301vila & Cia"])
def test_a_name_is_taken_out_of_a_note_however_it_is_written(written: str) -> None:
    kept = redacted(f"É o fim: {written}, é.", number=NUMBER, texts=("D\u00b4Ávila & Cia", None))

    assert kept == "É o fim: […], é."
