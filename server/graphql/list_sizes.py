"""Sizes of lists, as the cost counts them before an operation runs."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_list_type,
)

from domain.access import API_TOKENS_MAX, Permission
from domain.bulk import BULK_MAX
from domain.erasure import ErasedKind
from domain.events import EventType
from domain.orders import ITEMS_MAX
from domain.partners import CONTACTS_MAX
from domain.policies import NETWORKS_MAX
from domain.price_tables import TABLES_MAX, VERSIONS_MAX
from domain.second_factor import RECOVERY_CODES, SecondFactorKind
from domain.sheet_warnings import WARNED_LINES_MAX
from domain.sheets import IMPORTED_ROWS_MAX
from resolvers.nodes import NODES_MAX
from resolvers.pages import SIZE_DEFAULT, SIZE_MAX
from server.graphql.cost_terms import Term, Variables, constant, product, varying

LIST_SIZES: Mapping[str, int] = {
    "*.userErrors": ITEMS_MAX,
    "*.path": 3,
    "ApiToken.permissions": len(Permission),
    "ApproveOrderPayload.licenseStock": ITEMS_MAX,
    "CancelClientPayload.cancelledActivations": SIZE_MAX,
    "CancelClientPayload.erased": len(ErasedKind),
    "CancelClientPayload.licenseStock": 10,
    "CancelClientPayload.releasedLicenses": 10,
    "CancellationImpact.releasedLicenses": 10,
    "Event.erased": 10,
    "ImportClientsPayload.rows": IMPORTED_ROWS_MAX,
    "ImportPricesPayload.invalidRows": IMPORTED_ROWS_MAX,
    "ImportPricesPayload.sheetWarnings": 10,
    "ImportProductsPayload.rows": IMPORTED_ROWS_MAX,
    "SheetWarning.lines": WARNED_LINES_MAX,
    "ImportedClient.codes": 5,
    "ImportedProduct.codes": 5,
    "InvalidPriceRow.codes": 5,
    "Order.items": ITEMS_MAX,
    "OrderQuote.items": ITEMS_MAX,
    "Partner.contacts": CONTACTS_MAX,
    "Partner.licenseStock": 50,
    "PartnerPolicy.apiTokenNetworks": NETWORKS_MAX,
    "Partner.priceTables": TABLES_MAX,
    "PriceTable.items": 50,
    "PriceTable.versions": VERSIONS_MAX,
    "PriceTableVersion.items": 50,
    "Preview.erased": len(ErasedKind),
    "Preview.events": 10,
    "Preview.licenseStock": ITEMS_MAX,
    "*.results": BULK_MAX,
    **{f"{name}Payload.userErrors": BULK_MAX for name in ("ActivateLicenses", "CancelActivations", "MoveActivations")},
    "ActivateLicensesPayload.licenseStock": ITEMS_MAX,
    "CancelActivationsPayload.licenseStock": ITEMS_MAX,
    "ActivationCancellationResult.userErrors": 1,
    "ActivationMoveResult.userErrors": 5,
    "LicenseActivationResult.userErrors": 5,
    "Query.apiTokens": API_TOKENS_MAX,
    "Query.priceTableDiff": 100,
    "PublishPriceTablePayload.undone": 100,
    "*.warnings": 10,
    "PriceTableItem.tiers": 5,
    "Query.licenseStock": 50,
    "Query.products": 50,
    "ConfirmTotpPayload.recoveryCodes": RECOVERY_CODES,
    "RenewRecoveryCodesPayload.recoveryCodes": RECOVERY_CODES,
    "SecondFactorChallenge.kinds": len(SecondFactorKind),
    "TrustedDocument.errors": 5,
    "TrustedDocument.operations": 2,
    "UpdateLicenseStockThresholdPayload.licenseStock": 50,
    "Viewer.apiTokens": API_TOKENS_MAX,
    "WebhookFilter.types": len(EventType),
    "Viewer.permissions": len(Permission),
    # Introspection fields, with average sizes; only `types` and `directives` have their full size.
    "__Schema.types": 150,
    "__Schema.directives": 10,
    "__Directive.args": 2,
    "__Directive.locations": 6,
    "__Field.args": 1,
    "__Type.enumValues": 2,
    "__Type.fields": 6,
    "__Type.inputFields": 2,
    "__Type.interfaces": 1,
    "__Type.possibleTypes": 1,
}
"""Sizes of lists without `first`, by `Type.field`, or by `*.field` for all types.

A size is the business's maximum if there is one, and otherwise more than partners have.
"""

ARGUMENT_SIZES: Mapping[str, str] = {"Query.nodes": "ids"}
"""Lists with an entry for each entry of an argument."""

_ONE = constant(1)
_PAGE_FIELDS = frozenset({"edges", "nodes", "pageInfo"})


def is_connection(of_type: GraphQLNamedType) -> bool:
    """Return whether the type is a connection, whose size the arguments of its field give."""
    return isinstance(of_type, GraphQLObjectType) and of_type.fields.keys() >= _PAGE_FIELDS


def stated(parent: str, name: str) -> int | None:
    """Return the size of a list in the table; None if it has none."""
    return LIST_SIZES.get(f"{parent}.{name}", LIST_SIZES.get(f"*.{name}"))


def of_field(parent: GraphQLObjectType, node: FieldNode, field_type: GraphQLOutputType, page: Term | None) -> Term:
    """Return the number of objects or values below one object; `page` is the size of the parent's page."""
    inner: Any = get_nullable_type(field_type)
    if not is_list_type(inner):
        return _ONE
    if page is not None and is_connection(parent):
        size = page
    elif (argument := ARGUMENT_SIZES.get(f"{parent.name}.{node.name.value}")) is not None:
        size = _of_entries(_arguments(node).get(argument))
    else:
        size = constant(stated(parent.name, node.name.value) or SIZE_MAX)
    return product(size, of_field(parent, node, inner.of_type, None))


def of_page(node: FieldNode) -> Term:
    """Return the page size of the field's `first` or `last`; execution refuses one out of range."""
    given = _arguments(node)
    first, last = given.get("first"), given.get("last")
    if not isinstance(first, VariableNode) and not isinstance(last, VariableNode):
        return constant(_page_size(_integer(first, {}), _integer(last, {})))
    return varying(0, SIZE_MAX, lambda variables: _page_size(_integer(first, variables), _integer(last, variables)))


def _page_size(first: int | None, last: int | None) -> int:
    size = first if last is None else last
    return SIZE_DEFAULT if size is None else max(0, min(SIZE_MAX, size))


def _integer(node: ValueNode | None, variables: Variables) -> int | None:
    if isinstance(node, VariableNode):
        value = variables.get(node.name.value)
        return value if isinstance(value, int) else None
    # A literal may be as long as a document.
    return int(node.value[:20]) if isinstance(node, IntValueNode) else None


def _of_entries(node: ValueNode | None) -> Term:
    """Return the number of entries of an argument's list; one that is too long is refused before use."""
    if isinstance(node, VariableNode):
        name = node.name.value
        return varying(0, NODES_MAX, lambda variables: _entries(variables.get(name)))
    if node is None or isinstance(node, NullValueNode):
        return constant(0)
    return constant(min(NODES_MAX, len(node.values)) if isinstance(node, ListValueNode) else 1)


def _entries(value: object) -> int:
    return len(value) if isinstance(value, list) else int(value is not None)


def _arguments(node: FieldNode) -> dict[str, ValueNode]:
    return {argument.name.value: argument.value for argument in node.arguments or ()}
