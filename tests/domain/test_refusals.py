"""Sentences of refusals."""

from collections.abc import Callable, Iterator, Mapping
from string import Formatter

import pytest

from domain import refusals
from domain.languages import Language, Text
from domain.money import Cents
from domain.partners import PartnerStatus, PartnerSuspended, PartnerTransition
from domain.policies import AboveCeiling, PolicyRefusal
from domain.refusals import OrderTransition, OutOfSeats, OutOfStock, PriceChanged, Refusal, StockRefusal, UserErrorCode
from domain.sheets import (
    CodedCities,
    GuessedEncoding,
    InColumn,
    MissingColumns,
    NoAmount,
    NoAnswer,
    NoWholeNumber,
    OtherEncoding,
    SheetRefused,
    UnusedColumns,
    Warned,
)

_COLUMN = Text(pt="quantidade", en="quantity")

# The facts of these are their arguments; those of the others are the names in their sentences.
EXAMPLES: Mapping[type[Refusal], Callable[[], Refusal]] = {
    OutOfStock: lambda: OutOfStock(product_id=1, requested=3, available=2),
    OutOfSeats: lambda: OutOfSeats(product_id=1, requested=3, available=2),
    OrderTransition: lambda: OrderTransition(current="COMPLETED", to="CANCELLED"),
    PriceChanged: lambda: PriceChanged(expected=Cents(1000), actual=Cents(1250)),
    PartnerSuspended: lambda: PartnerSuspended(reason="inadimplência."),
    PartnerTransition: lambda: PartnerTransition(current=PartnerStatus.CLOSED, to=PartnerStatus.ACTIVE),
    MissingColumns: lambda: MissingColumns([("cnpj", "tax_id"), ("nome",)]),
    NoAmount: lambda: NoAmount(_COLUMN, highest="R$ 1"),
    NoAnswer: lambda: NoAnswer(_COLUMN),
    NoWholeNumber: lambda: NoWholeNumber(_COLUMN, lowest=1, highest=2),
    CodedCities: CodedCities,
    UnusedColumns: lambda: UnusedColumns(headers="Telefone"),
    GuessedEncoding: lambda: GuessedEncoding([2], 1),
    OtherEncoding: lambda: OtherEncoding([2, 3, 5, 7, 11], 6),
    AboveCeiling: lambda: AboveCeiling(total=Cents(1001), ceiling=Cents(1000)),
}


def kinds(base: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for kind in base.__subclasses__():
        yield from kinds(kind)
        if kind not in {StockRefusal, PolicyRefusal, SheetRefused, InColumn, Warned}:
            yield kind


def named(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def example(kind: type[Refusal]) -> Refusal:
    return EXAMPLES[kind]() if kind in EXAMPLES else kind((), **dict.fromkeys(named(kind.text.pt), "…"))


@pytest.mark.parametrize("kind", list(kinds()))
def test_each_refusal_says_one_sentence_in_each_language(kind: type[Refusal]) -> None:
    portuguese, english = (example(kind).message(language) for language in Language)

    assert portuguese != english
    for sentence in (portuguese, english):
        assert sentence.endswith(".")
        assert "{" not in sentence


@pytest.mark.parametrize("kind", list(kinds()))
def test_both_languages_tell_the_same_facts(kind: type[Refusal]) -> None:
    assert named(kind.text.pt) == named(kind.text.en)


def test_every_code_is_some_refusals() -> None:
    assert {kind.code for kind in kinds()} == set(UserErrorCode)


def test_every_refusal_with_its_own_arguments_has_an_example() -> None:
    own = {kind for kind in kinds() if kind.__init__ is not Refusal.__init__}

    assert own == set(EXAMPLES)


def test_the_message_of_a_changed_price_is_in_reais() -> None:
    refusal = refusals.PriceChanged(("expectedTotal",), expected=Cents(123450), actual=Cents(5))

    assert refusal.message(Language.ENGLISH) == "The order's total is R$ 0.05, not R$ 1234.50."
    assert refusal.path == ("expectedTotal",)


def test_the_message_of_too_little_stock_has_both_numbers() -> None:
    refusal = refusals.OutOfStock(product_id=1, requested=61, available=60)

    assert refusal.message(Language.ENGLISH) == "Not enough free licenses: 61 asked for, 60 available."
    assert (refusal.product_id, refusal.requested, refusal.available) == (1, 61, 60)


def test_a_warning_names_the_first_lines_and_how_many_more() -> None:
    warnings = OtherEncoding([3], 1), OtherEncoding([2, 3, 5, 7, 11], 6)

    assert [warning.message(Language.PORTUGUESE) for warning in warnings] == [
        "O arquivo mistura codificações. Em Windows-1252: linha 3. Confira os acentos.",
        "O arquivo mistura codificações. Em Windows-1252: linhas 2, 3, 5, 7, 11 e mais 1. Confira os acentos.",
    ]


def test_missing_columns_are_named_by_the_headers_that_they_can_have() -> None:
    refusal = MissingColumns([("cnpj", "tax_id"), ("nome",)])

    assert refusal.message(Language.PORTUGUESE).endswith("com a coluna: cnpj ou tax_id; nome.")
    assert refusal.message(Language.ENGLISH).endswith("a column for: cnpj or tax_id; nome.")
