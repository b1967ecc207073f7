"""Sentences of refusals."""

import pytest

from domain import refusals
from domain.fields import ENTRIES, FIELDS
from domain.languages import Language
from domain.money import Cents
from domain.orders import OrderStatus, OrderTransition
from domain.partners import PartnerSuspended
from domain.refusals import NotFound, Refusal
from domain.sheet_files import MissingColumns
from domain.sheet_rows import sentences
from domain.sheet_warnings import OtherEncoding
from domain.violations import Empty, OutOfRange, TooLong
from resolvers.sheets.clients import LABELS


@pytest.mark.parametrize(
    ("refusal", "portuguese", "english"),
    [
        (
            OrderTransition(("orderId",), current=OrderStatus.COMPLETED, to=OrderStatus.CANCELLED),
            "O pedido está “Finalizado” e não pode mais ser cancelado.",
            "The order is “Completed” and can no longer be cancelled.",
        ),
        (
            refusals.PriceChanged(("expectedTotal",), expected=Cents(323_000), actual=Cents(322_900)),
            "O total do pedido mudou de R$ 3.230,00 para R$ 3.229,00.",
            "The order's total has changed from R$3,230.00 to R$3,229.00.",
        ),
        (NotFound(("orderId",)), "Pedido não encontrado.", "Order not found."),
        (NotFound(("priceTableId",)), "Pauta de preços não encontrada.", "Price table not found."),
        (NotFound(("replacesVersion",)), "Versão a substituir não encontrada.", "Version to replace not found."),
        (
            OutOfRange(("items", "0", "quantity"), lowest=1, highest=10_000),
            "Item 1: a quantidade deve estar entre 1 e 10.000.",
            "Item 1: the quantity must be between 1 and 10,000.",
        ),
        (
            refusals.OutOfStock(("productId",), product_id=1, requested=1, available=0),
            "Licenças insuficientes: solicitadas 1, disponíveis 0.",
            "Not enough licenses: 1 requested, 0 available.",
        ),
        (Empty(("--name",)), "Informe “--name”.", "Give “--name”."),
        (Empty(("contacts", "1", "name")), "Contato 2: informe o nome.", "Contact 2: give the name."),
        (
            refusals.DuplicateProduct(("items", "1", "productId")),
            "Item 2: o produto já está no pedido. Some as quantidades em um só item.",
            "Item 2: the product is in the order already. Add the quantities up in one item.",
        ),
        (
            TooLong(("prices", "0", "tiers", "2", "cnpj"), longest=14),
            "Preço 1, faixa 3: o CNPJ pode ter no máximo 14 caracteres.",
            "Price 1, tier 3: the CNPJ can have at most 14 characters.",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_refusal_is_said_as_a_person_would(refusal: Refusal, portuguese: str, english: str) -> None:
    assert refusal.message(Language.PORTUGUESE) == portuguese
    assert refusal.message(Language.ENGLISH) == english


def test_a_fact_with_a_full_stop_doubles_none() -> None:
    suspended = PartnerSuspended(reason="inadimplência.")
    unnamed = refusals.NotFound(("-",))

    assert "(inadimplência)" in suspended.message(Language.PORTUGUESE)
    assert ".." not in unnamed.message(Language.PORTUGUESE)


def test_the_facts_of_a_refusal_are_kept_for_programs() -> None:
    refusal = refusals.OutOfStock(("productId",), product_id=1, requested=61, available=60)

    assert (refusal.product_id, refusal.requested, refusal.available) == (1, 61, 60)
    assert refusal.path == ("productId",)


def test_each_list_has_a_noun_for_its_field() -> None:
    assert set(ENTRIES) <= set(FIELDS)


def test_a_column_of_a_sheet_is_called_by_its_label() -> None:
    refusal = TooLong(("trade_name",), longest=200)

    said = [sentences([refusal], language, LABELS) for language in Language]

    assert said == [
        "A coluna “Nome Fantasia” pode ter no máximo 200 caracteres.",
        "The column “Trade name” can have at most 200 characters.",
    ]


def test_a_warning_names_the_first_lines_and_how_many_more() -> None:
    warnings = OtherEncoding([3], 1), OtherEncoding([2, 3, 5, 7, 11], 6)

    assert [warning.message(Language.PORTUGUESE) for warning in warnings] == [
        "O arquivo mistura codificações. Em Windows-1252: linha 3. Confira os acentos.",
        "O arquivo mistura codificações. Em Windows-1252: linhas 2, 3, 5, 7, 11 e mais 1. Confira os acentos.",
    ]


def test_missing_columns_are_named_by_the_headers_that_they_can_have() -> None:
    refusal = MissingColumns([LABELS["cnpj"], LABELS["name"]])

    assert refusal.message(Language.PORTUGUESE).endswith("Falta “CNPJ” e “Razão Social”.")
    assert refusal.message(Language.ENGLISH).endswith("It lacks “CNPJ” and “Name”.")
