"""Clients."""

import pytest

from domain.clients import STATES, names_folded


def test_brazil_has_26_states_and_a_federal_district() -> None:
    assert len(STATES) == 27
    assert {"SP", "DF", "AC"} < STATES


@pytest.mark.parametrize(
    ("trade_name", "folded"),
    [(None, "padaria sao joao"), ("", "padaria sao joao"), (" Forno\nDoce ", "padaria sao joao\nforno doce")],
)
def test_a_trade_name_is_on_a_line_of_its_own(trade_name: str | None, folded: str) -> None:
    assert names_folded("Padaria São João", trade_name) == folded
