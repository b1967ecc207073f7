"""Messages of events."""

from dataclasses import fields
from string import Formatter

import pytest

from domain.events import MESSAGES, Event, EventType, message
from domain.languages import Language


@pytest.mark.parametrize("kind", EventType)
def test_each_kind_has_a_sentence_about_the_same_things_in_both_languages(kind: EventType) -> None:
    assert kind in MESSAGES, f"Add a sentence about {kind.name} to MESSAGES of domain/events.py."

    named = [{name for _, name, _, _ in Formatter().parse(MESSAGES[kind].within(language))} for language in Language]

    assert named[0] == named[1]
    assert named[0] <= {"client", "product", "order", "token", "user", "price_table", "exported_list", None}
    assert all(MESSAGES[kind].within(language).endswith(".") for language in Language)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", EventType)
def test_a_message_has_one_full_stop_behind_a_name_with_one(kind: EventType, language: Language) -> None:
    names = dict.fromkeys(("client", "product", "order", "token", "user", "price_table", "exported_list"), "Alfa S.A.")

    shown = message(kind, language, names)

    assert shown.endswith(".")
    assert ".." not in shown


def test_an_event_holds_ids_a_receipt_and_a_list_only() -> None:
    others = {"type", "erased", "exported_list"}

    assert all(field.name in others or field.name.endswith("_id") for field in fields(Event))
