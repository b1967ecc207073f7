"""Contract with clients: names, shapes and meanings that never change."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    print_ast,
)
from graphql.utilities import BreakingChange, find_breaking_changes

from schema import schema

CONTRACT = Path(__file__).parents[1] / "contract.graphql"
EXPORTED = Path(__file__).parents[2] / "schema.graphql"

LABELS = {
    "Query.clients": "Clientes / ECFs",
    "Query.activations": "Detalhes da Ativação",
    "Query.licenseStock": "estoque do parceiro",
    "Query.orders": "Pedidos",
    "Query.priceTable": "Pauta Preço",
    "Mutation.cancelClient": "Cancelamento de Cliente",
    "Mutation.cancelActivation": "cancelamento de licença",
    "Mutation.moveActivation": "substituição",
    "Mutation.createOrder": "Confirmar Pedido",
    "Client": "Clientes / ECFs",
    "Client.name": "Cliente removido",
    "Client.state": "UF",
    "Activation": "Detalhes da Ativação",
    "Activation.product": "produto",
    "Activation.authorizationCode": "código de autorização da licença",
    "Activation.activationKey": "chave de ativação",
    "Activation.activatedAt": "data/hora da ativação",
    "Activation.activatedBy": "usuário que fez a ativação",
    "Activation.note": "observação",
    "ActivationFilter.activationKey": "chave de ativação",
    "ActivationFilter.authorizationCode": "código de autorização da licença",
    "ActivateLicenseInput.activationKey": "chave de ativação",
    "ActivateLicenseInput.note": "observação",
    "PriceTable": "Pauta Preço",
    "LicenseStock": "estoque do parceiro",
    "OrderType.PURCHASE": "Compra",
    "OrderType.ADDITIONAL_SEATS": "Adicional",
    "OrderStatus.PENDING": "PEND / Confirmação Pendente",
    "OrderStatus.COMPLETED": "Finalizado",
    "OrderStatus.CANCELLED": "Cancelado",
    "Order": "Pedido",
    "Order.number": "Id",
    "Order.statusLabel": "Confirmação Pendente",
    "Order.priceTable": "Pauta Preço",
    "Order.items": "Itens do Pedido",
    "Order.monthlyTotal": "Valor Total Mensal",
    "Order.setupFeeTotal": "Valor Adesão",
    "Order.totalWithSetupFee": "Valor Total com Adesão",
    "OrderItem.quantity": "Quantidade",
    "OrderItem.bonusQuantity": "Bônus",
    "OrderItem.totalQuantity": "Quantidade Total",
    "OrderItem.seats": "Quantidade Usuários",
    "OrderItem.unitMonthlyPrice": "Valor Unitário Mensal",
    "OrderItem.setupFee": "Valor Adesão",
    "OrderItem.monthlyTotal": "Valor Total Mensal",
    "OrderItem.totalWithSetupFee": "Valor Total com Adesão",
    "QuotedItem.quantity": "Quantidade",
    "QuotedItem.bonusQuantity": "Bônus",
    "QuotedItem.totalQuantity": "Quantidade Total",
    "QuotedItem.seats": "Quantidade Usuários",
    "QuotedItem.unitMonthlyPrice": "Valor Unitário Mensal",
    "QuotedItem.setupFee": "Valor Adesão",
    "QuotedItem.monthlyTotal": "Valor Total Mensal",
    "QuotedItem.totalWithSetupFee": "Valor Total com Adesão",
}
"""Labels of the portal that the descriptions must have."""

DESCRIBED_BY_GRAPHQL = {"Boolean", "Float", "ID", "Int", "String"}


@pytest.fixture(scope="module")
def ours() -> GraphQLSchema:
    """Schema as clients read it."""
    return build_schema(EXPORTED.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def promised() -> GraphQLSchema:
    """Contract."""
    return build_schema(CONTRACT.read_text(encoding="utf-8"))


def test_the_exported_schema_is_up_to_date() -> None:
    assert EXPORTED.read_text(encoding="utf-8") == schema.as_str() + "\n", "Run “portal export-schema”."


def test_nothing_that_was_promised_is_missing_or_breaks_a_client(promised: GraphQLSchema, ours: GraphQLSchema) -> None:
    broken = [change for change in find_breaking_changes(promised, ours) if not _of_subscriptions(change)]

    assert broken == []


def test_what_was_promised_has_the_very_types_and_defaults(promised: GraphQLSchema, ours: GraphQLSchema) -> None:
    wanted, found = _shapes(promised), _shapes(ours)

    different = {
        place: (shape, found.get(place))
        for place, shape in wanted.items()
        if found.get(place) != shape and not place.startswith("Subscription")
    }
    assert different == {}


def test_nothing_that_was_added_has_to_be_given(promised: GraphQLSchema, ours: GraphQLSchema) -> None:
    wanted = _shapes(promised)

    added = {
        place: shape for place, shape in _shapes(ours).items() if place not in wanted and not _is_of_new(place, wanted)
    }

    assert [place for place, shape in added.items() if shape.startswith("input ") and shape.endswith("!")] == []


def test_everything_is_described_in_full_sentences(ours: GraphQLSchema) -> None:
    poor = {place: text for place, text in _descriptions(ours) if not _is_sentence(text)}

    assert poor == {}


@pytest.mark.parametrize(("place", "label"), LABELS.items())
def test_the_description_has_the_portals_own_label(ours: GraphQLSchema, place: str, label: str) -> None:
    text = dict(_descriptions(ours))[place]

    assert label.casefold() in (text or "").casefold()


def _is_of_new(place: str, wanted: Mapping[str, str]) -> bool:
    """Whether the place is an argument of a field that was added, or a field of an input that was."""
    field, _, argument = place.partition("(")
    return field not in wanted if argument else place.partition(".")[0] not in wanted


def _of_subscriptions(change: BreakingChange) -> bool:
    return "Subscription" in change.description


def _is_sentence(text: str | None) -> bool:
    if not text or not text.endswith("."):
        return False
    return text[0].isupper() or text[0] in "“`"


def _shapes(of: GraphQLSchema) -> dict[str, str]:
    """Return the type and the default of every named element."""
    return dict(_all_shapes(of))


def _all_shapes(of: GraphQLSchema) -> Iterator[tuple[str, str]]:
    for each in _types(of):
        yield each.name, type(each).__name__
        if isinstance(each, GraphQLObjectType | GraphQLInterfaceType):
            for interface in each.interfaces:
                yield f"{each.name} implements {interface.name}", ""
        if isinstance(each, GraphQLEnumType):
            for value in each.values:
                yield f"{each.name}.{value}", ""
        for name, field in _fields(each).items():
            place = f"{each.name}.{name}"
            yield place, _shape(field)
            for argument, definition in _arguments(field).items():
                yield f"{place}({argument}:)", _shape(definition)


def _shape(of: GraphQLField | GraphQLInputField | GraphQLArgument) -> str:
    if isinstance(of, GraphQLField):
        return str(of.type)
    default = None if of.ast_node is None else of.ast_node.default_value
    return f"input {of.type}" if default is None else f"input {of.type} = {print_ast(default)}"


def _descriptions(of: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    for each in _types(of):
        yield each.name, each.description
        if isinstance(each, GraphQLEnumType):
            for name, value in each.values.items():
                yield f"{each.name}.{name}", value.description
        for name, field in _fields(each).items():
            place = f"{each.name}.{name}"
            yield place, field.description
            for argument, definition in _arguments(field).items():
                yield f"{place}({argument}:)", definition.description


def _types(of: GraphQLSchema) -> list[GraphQLNamedType]:
    return [
        each for name, each in of.type_map.items() if not name.startswith("__") and name not in DESCRIBED_BY_GRAPHQL
    ]


def _fields(of: GraphQLNamedType) -> Mapping[str, GraphQLField | GraphQLInputField]:
    if not isinstance(of, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        return {}
    fields: Mapping[str, GraphQLField | GraphQLInputField] = of.fields
    return fields


def _arguments(of: GraphQLField | GraphQLInputField) -> dict[str, GraphQLArgument]:
    return of.args if isinstance(of, GraphQLField) else {}
