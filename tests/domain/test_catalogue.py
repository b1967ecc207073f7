"""The catalogue of messages: complete, and in the words of a person."""

import re
import sys
from enum import Enum
from pathlib import Path

from domain.catalogue import Message, facts, messages, page, spoken
from domain.languages import Language
from domain.refusals import Refusal, UserErrorCode
from domain.samples import SAMPLES

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"

MESSAGES = messages()

# Words of the business that are also values of enums.
_WORDS = frozenset({"API", "CNPJ", "CSV", "XLSX"})
_ENUM_VALUES = {
    member.name
    for name, module in sys.modules.items()
    if name.startswith("domain.")
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, Enum)
    for member in each
} - _WORDS
_IN_CAPITALS = re.compile(r"\b[A-Z][A-Z_]{2,}\b")
_OF_A_PROGRAM = re.compile(r"\b[a-z]+[A-Z]\w*|\w+_\w+")


def test_the_page_is_that_of_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `portal export-messages`"


def test_a_message_has_both_texts_a_situation_and_a_sample() -> None:
    for message in MESSAGES:
        text = message.kind.text
        assert text is not None, message.kind
        assert facts(text.pt) == facts(text.en), message.kind
        assert message.situation.endswith("."), message.kind
        assert message.samples, message.kind


def test_each_sample_is_of_the_catalogue() -> None:
    assert {type(sample) for sample in SAMPLES} <= {message.kind for message in MESSAGES}


def test_no_message_has_words_of_a_program() -> None:
    for sample in [sample for message in MESSAGES for sample in message.samples]:
        said = [sample.message(language) for language in Language]
        assert said[0] != said[1]
        for sentence in said:
            assert sentence[0].isupper(), sentence
            assert sentence.endswith("."), sentence
            assert not re.search(r"\.\.|\(s\)|\(is\)|\(ões\)|[{}]|  ", sentence), sentence
            assert not _OF_A_PROGRAM.search(sentence), sentence
            assert not set(_IN_CAPITALS.findall(sentence)) & _ENUM_VALUES, sentence


def test_every_code_is_some_refusals() -> None:
    assert {message.kind.code for message in MESSAGES if issubclass(message.kind, Refusal)} == set(UserErrorCode)


def test_a_refusal_without_text_is_found_too() -> None:
    class Base(Refusal):
        """Base of refusals."""

    class Unsaid(Base):
        pass

    (kind,) = spoken(Base)

    assert kind is Unsaid
    assert not Message(kind, ()).situation
