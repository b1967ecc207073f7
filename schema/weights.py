"""Weights: what a field or an argument costs, in points. The SDL's `@cost` and `@listSize` are made from these tables.

A point is about 0.1 ms of processor time; `python -m benchmarks.costs` compares both. A field costs its weight, and for
each of its objects what is selected below them. Weights are decimal texts, as the GraphQL cost directives specification
has them.
"""

from collections.abc import Mapping
from decimal import Decimal

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from domain.field_permissions import LARGE_MUTATIONS

PARTS = 1_000
"""Number of parts of a point: weights are counted in whole parts."""

REQUEST = "2"
"""Each query, for the request itself. It is the weight of the type `Query`."""

PLANNED = "0.1"
"""Each field beyond `PLANNED_FREE` of an operation that variables of @skip or @include change.

Such an operation is planned anew for other values, which takes as long for a field that is selected of one object as
for one that is selected of a thousand.
"""
PLANNED_FREE = 100

SCALAR = "0.003"
"""Each value of a scalar or an enum."""

LABEL = "0.01"
"""Each label of an enum's value, in the caller's language."""

ONE = "1"
"""An object that a query names: one statement. The specification's default for objects."""

MANY = "1.5"
"""A list that a query begins with: one statement, which sorts and filters."""

ONE_BELOW = "0.03"
"""An object of another object, such as an activation's client: all of them are read together."""

MANY_BELOW = "0.1"
"""A list of another object, such as a client's activations: all of them are read together."""

MUTATION = "15"
PASSWORD = "1000"  # noqa: S105 — a weight.
"""A mutation that hashes or checks a password with argon2."""

BULK = "20"
"""A mutation that does the work of many, without that of its items, which have weights in `INPUT_WEIGHTS`."""

FILE = "2000"
"""A mutation that reads a file: a sheet of up to 5,000 rows or up to 1,000 documents, which are not counted before."""

INTROSPECTED = "0.02"
"""A value, object or list of the schema's description: graphql-core looks each up by itself. No SDL describes them."""

INTROSPECTED_TEXT = "0.03"
"""A description of it, which is long."""

INTROSPECTED_OBJECT = "0.03"
"""Each object of it, besides the field that has it: lists have as many as the schema has."""

_OF_TOTALS = ("totalCount", "totalCountIsExact")

WEIGHTS: Mapping[str, str] = {
    **{f"*.{name}": "12" for name in _OF_TOTALS},
    **{f"ActivationConnection.{name}": "120" for name in _OF_TOTALS},
    # Few of a partner, or of the vendor.
    **{f"{of}Connection.{name}": "4" for of in ("Invitation", "PriceTable", "User", "Webhook") for name in _OF_TOTALS},
    # The number of a partner's events is kept; `FILTERED_TOTALS` has what that of some takes.
    **{f"EventConnection.{name}": "0.5" for name in _OF_TOTALS},
    "Client.activeActivationCount": "0.1",
    "Event.cursor": "0.06",
    "Event.hash": "0.02",
    "Event.message": "0.06",
    # All tiers of a version are read with its items, some fifty of them.
    "PriceTable.items": "1.4",
    "PriceTableVersion.items": "1.4",
    "PriceTableItem.tiers": "0.25",
    # The tiers of two versions are read to be compared, and those of the versions that follow.
    "Query.priceTableDiff": "4",
    # Up to 20,000 events are hashed.
    "Query.auditChain": "1600",
    "Query.clients": "4",
    "Query.events": "2",
    # A list without pages is read in a thread, and each type of the nodes by a statement.
    "Query.apiTokens": "2",
    "Query.nodes": "2",
    "Query.products": "2",
    "Query.ordersTotal": "50",
    # Products, prices and licenses in stock are read; each item has a weight too.
    "Query.quoteOrder": "3",
    "Mutation.acceptInvitation": PASSWORD,
    "Mutation.changePassword": PASSWORD,
    "Mutation.disableTotp": PASSWORD,
    "Mutation.enrollTotp": PASSWORD,
    "Mutation.renewRecoveryCodes": PASSWORD,
    "Mutation.resetPassword": PASSWORD,
    "Mutation.signIn": PASSWORD,
    **{f"Mutation.{name}": FILE for name in LARGE_MUTATIONS},
    "Mutation.activateLicense": "20",
    "Mutation.activateLicenses": BULK,
    "Mutation.cancelActivations": BULK,
    "Mutation.cancelClient": "40",
    "Mutation.moveActivation": "20",
    "Mutation.moveActivations": BULK,
}
"""Weights by `Type.field`, or by `*.field` for all types; other fields have that of their kind."""

TOTALS: Mapping[str, str] = {
    "Client.activations": "0.2",
    "Webhook.deliveries": "0.2",
}
"""Weights of `totalCount` by the connection's field, where it counts the objects of one object, not of a partner."""

FILTERED_TOTALS: Mapping[str, str] = {
    "Query.events": "40",
}
"""Weights that a filter adds to a list's total, by the connection's field, where that of the whole list is kept."""

FILTER, SORT, SORT_KEY = "filter", "sort", "by"
"""Arguments of a list, and the field of the second one that has the key of its order."""

READ_WITH: Mapping[str, str] = {"totalCountIsExact": "totalCount"}
"""Fields of connections that cost as any scalar if another field is selected too, with which they are read."""

ARGUMENT_WEIGHTS: Mapping[str, str] = {
    "Partner.activations.status": "50",
    "Partner.clients.status": "5",
    "Partner.orders.status": "10",
}
"""Weights by `Type.field.argument`, which count where it is given, for each object that the field is selected of."""

INPUT_WEIGHTS: Mapping[str, str] = {
    "ActivateLicensesInput.items": "2",
    "CancelActivationsInput.activationIds": "1",
    "CancelActivationsInput.filter": "200",
    "DraftPriceTableInput.prices": "1",
    "MoveActivationsInput.items": "2",
    "PriceInput.tiers": "0.2",
    "QuoteOrderInput.items": "0.2",
    "ActivationFilter.activationKey": "50",
    "ActivationFilter.authorizationCode": "10",
    "ActivationFilter.cancellationReason": "150",
    "ActivationFilter.cancelledAt": "100",
    "ActivationFilter.cancelledById": "100",
    "ActivationFilter.clientName": "90",
    "ActivationFilter.cnpj": "40",
    "ActivationFilter.ecfSerialNumber": "10",
    "ActivationFilter.note": "150",
    "ActivationFilter.productId": "200",
    "ActivationFilter.search": "120",
    "ActivationFilter.status": "5",
    "ClientFilter.city": "20",
    "ClientFilter.hasActiveActivations": "30",
    "ClientFilter.name": "30",
    "ClientFilter.search": "60",
    "ClientFilter.state": "30",
    "ClientFilter.status": "30",
    "EventFilter.actorId": "10",
    "EventFilter.occurredAt": "160",
    "EventFilter.types": "280",
    "OrderFilter.approvedById": "8",
    "OrderFilter.completedAt": "40",
    "OrderFilter.productId": "80",
    "OrderFilter.status": "40",
    "OrderFilter.totalWithSetupFee": "40",
    "OrderFilter.type": "40",
}
"""Weights by `Input.field`, which count where it is given; a list that is not of an enum counts by its entries and
their own fields.

They are those of items, and of filters for which no index finds the rows: where none matches, all rows are read; and of
one by whose index many rows are counted. Those of a list's filter count twice if its `totalCount` is selected. A
subscription reads new events only, whatever its filter.
"""

_BUT_BY_TIME = dict.fromkeys(("NAME", "CITY", "CNPJ", "LAST_ACTIVATED_AT"), "40")

ORDER_WEIGHTS: Mapping[str, Mapping[str, str]] = {
    "ActivationFilter.activatedAt": {"CLIENT_NAME": "500", "UPDATED_AT": "380"},
    "ActivationFilter.activatedById": {"CLIENT_NAME": "500", "UPDATED_AT": "300"},
    "ActivationFilter.clientId": {"CLIENT_NAME": "20", "UPDATED_AT": "20"},
    "ActivationFilter.clientName": {"CLIENT_NAME": "400"},
    "ActivationFilter.productId": {"CLIENT_NAME": "200"},
    "ActivationFilter.search": {"CLIENT_NAME": "480"},
    "ActivationFilter.status": {"CLIENT_NAME": "200"},
    "ActivationFilter.updatedSince": {"ACTIVATED_AT": "380", "CLIENT_NAME": "500"},
    "ClientFilter.hasActiveActivations": dict.fromkeys(
        ("CITY", "CNPJ", "LAST_ACTIVATED_AT", "REGISTERED_AT", "UPDATED_AT"), "10"
    ),
    "ClientFilter.registeredAt": _BUT_BY_TIME | {"UPDATED_AT": "40"},
    "ClientFilter.updatedSince": _BUT_BY_TIME | {"REGISTERED_AT": "40"},
    "OrderFilter.approvedById": {"CREATED_AT": "30"},
    "OrderFilter.createdAt": {"NUMBER": "45"},
    "OrderFilter.createdById": {"CREATED_AT": "30"},
}
"""Weights by `Input.field` of filters that an index serves in other orders than these, which they add there.

In these orders all rows are read in turn where few match, or all that match are read and sorted.
"""

VALUE_WEIGHTS: Mapping[str, str] = {
    "ActivationStatus.CANCELLED": "115",
    "ClientSortKey.CNPJ": "30",
}
"""Weights by `Enum.VALUE`, which count where an input's field has it: rows or orders for which there is no index."""

_CONNECTION = frozenset({"edges", "nodes", "pageInfo"})
_FREE = "0"
"""Part of a connection, which is read with it."""

_OF_ROOTS = {"Query": (ONE, MANY), "Mutation": (MUTATION, MUTATION), "Subscription": (ONE, MANY)}


def is_connection(of_type: GraphQLNamedType | None) -> bool:
    """Return whether the type is a connection, whose size the arguments of its field give."""
    return isinstance(of_type, GraphQLObjectType) and of_type.fields.keys() >= _CONNECTION


def of_field(parent: GraphQLObjectType | GraphQLInterfaceType, name: str, field: GraphQLField) -> str:
    """Return the weight of a field: of each of its values if it has no objects."""
    found = WEIGHTS.get(f"{parent.name}.{name}", WEIGHTS.get(f"*.{name}"))
    if found is not None:
        return found
    named = get_named_type(field.type)
    if not is_composite_type(named):
        if parent.name.startswith("__"):
            return INTROSPECTED_TEXT if name == "description" else INTROSPECTED
        return LABEL if name.endswith("Label") else SCALAR
    if (is_connection(parent) and name in _CONNECTION) or (parent.name.endswith("Edge") and name == "node"):
        return _FREE
    if parent.name.startswith("__") or name.startswith("__"):
        return INTROSPECTED
    many = is_connection(named) or is_list_type(get_nullable_type(field.type))
    one_or_many = _OF_ROOTS.get(parent.name, (ONE_BELOW, MANY_BELOW))
    return one_or_many[many]


def of_type(name: str) -> str | None:
    """Return the weight of an operation's root type; None if it has none."""
    return REQUEST if name == "Query" else None


def counts_total(name: str) -> bool:
    """Return whether a connection's field counts the whole list."""
    return name in _OF_TOTALS


def total_parts_of(parent: GraphQLObjectType, name: str) -> int | None:
    """Return the parts of a connection's `totalCount` or `totalCountIsExact`; None if it has the weight of its type."""
    found = TOTALS.get(f"{parent.name}.{name}")
    return None if found is None else parts(found)


def filtered_total_parts_of(parent: GraphQLObjectType, name: str) -> int:
    """Return the parts that a filter adds to the total of a connection's field."""
    return parts(FILTERED_TOTALS.get(f"{parent.name}.{name}", "0"))


def parts(weight: str) -> int:
    """Return the number of parts of a weight."""
    return int(Decimal(weight) * PARTS)


def parts_of(parent: GraphQLObjectType, name: str, field: GraphQLField) -> int:
    """Return the parts of a field's weight."""
    key = (parent.name, name)
    found = _parts.get(key)
    if found is None:
        found = _parts[key] = parts(of_field(parent, name, field))
    return found


_parts: dict[tuple[str, str], int] = {}
