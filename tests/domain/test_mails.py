"""Texts of e-mails."""

import pytest

from domain import mails
from domain.languages import Language


@pytest.mark.parametrize("language", Language)
def test_a_mail_has_one_full_stop_behind_a_name_with_one(language: Language) -> None:
    _, invited = mails.invitation(language, name="Ana Jr.", organization="Alfa S.A.", url="https://portal.example/a")
    _, reset = mails.reset(language, name="Ana Jr.", url="https://portal.example/a")

    assert ".." not in invited + reset
    assert "https://portal.example/a\n" in invited
