"""Values of each filter of the lists that grow with a partner's business: those that find nothing, all, and some."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from graphql import GraphQLEnumType, GraphQLInputObjectType, parse_value
from graphql.utilities import value_from_ast_untyped

from resolvers import ids
from tests.schema.introspection import GRAPHQL

EARLY, LATE = '"2000-01-01T00:00:00Z"', '"2099-01-01T00:00:00Z"'
NOTHING = 400_000_000
"""Number of no object."""

_RANGES = (f"{{from: {LATE}}}", f"{{from: {EARLY}}}", f"{{to: {EARLY}}}", f"{{from: {EARLY}, to: {LATE}}}")
_SINCE = (LATE, EARLY)


def _ids(of_type: str, *numbers: int) -> Sequence[str]:
    return [f'"{ids.encode(of_type, number)}"' for number in (*numbers, NOTHING)]


def _beside(value: str, range_: str) -> Sequence[str]:
    """Return a value with each range of times beside it that has all rows."""
    return f"{value}, {range_}: {{from: {EARLY}, to: {LATE}}}", f"{value}, updatedSince: {EARLY}"


def _by_two(of_type: str, *numbers: int) -> Sequence[str]:
    """Return who created orders, each with a user who approved none."""
    *users, without_approvals = _ids(of_type, *numbers)
    return [f"{each}, approvedById: {without_approvals}" for each in users]


VALUES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "activations": {
        "activatedAt": _RANGES,
        "activatedById": _ids("User", 1, 2, 3),
        "activationKey": ('"QZX"', '"A"', *_beside('"QZX"', "activatedAt")),
        "authorizationCode": ('"QZX"',),
        "cancellationReason": ("[CLIENT_CANCELLED]", "[]"),
        "cancelledAt": _RANGES,
        "cancelledById": _ids("User", 1, 2, 3),
        "clientId": _ids("Client", 1),
        "clientName": (
            *('"qzx"', '"a"', '"padaria"', *_beside('"a"', "activatedAt")),
            *('"e", search: "e"', '"e", search: "qzx"', '"qzx", search: "e"'),
        ),
        "cnpj": ('"99999999999999"', '"1"', *_beside('"99999999999999"', "activatedAt")),
        "ecfSerialNumber": ('"QZX"',),
        "note": ('"qzx"', '"a"'),
        "productId": _ids("Product", 1),
        "search": ('"qzx"', '"a"', '"padaria"', *_beside('"a"', "activatedAt")),
        "status": ("[]", "[ACTIVE]", "[CANCELLED]"),
        "updatedSince": _SINCE,
    },
    "clients": {
        "city": ('"qzx"', '"a"'),
        "cnpj": ('"99999999999999"', '"1"', *_beside('"99999999999999"', "registeredAt")),
        "ecfSerialNumber": ('"QZX"', *_beside('"QZX"', "registeredAt")),
        "hasActiveActivations": ("false", "true", "false, status: null", "true, status: null"),
        "name": ('"qzx"', '"a"'),
        "registeredAt": _RANGES,
        "search": ('"qzx"', '"a"', '"123"'),
        "state": ('"XX"', '"SP"'),
        "status": ("[]", "[CANCELLED]", "null"),
        "updatedSince": _SINCE,
    },
    "orders": {
        "approvedById": _ids("User", 1, 2, 3),
        "completedAt": _RANGES,
        "createdAt": _RANGES,
        "createdById": (*_ids("User", 1, 2, 3), *_by_two("User", 1, 2, 3)),
        "number": (f"{NOTHING}",),
        "productId": _ids("Product", 1),
        "status": ("[]", "[CANCELLED]", "[COMPLETED]"),
        "totalWithSetupFee": ('{minimum: "99999999.00"}', '{minimum: "0.00"}'),
        "type": ("PURCHASE", "ADDITIONAL_SEATS"),
    },
    "events": {
        "activationId": _ids("Activation", 1),
        "actorId": _ids("User", 1, 2, 3),
        "apiTokenId": _ids("ApiToken", 1),
        "clientId": _ids("Client", 1),
        "occurredAt": _RANGES,
        "orderId": _ids("Order", 1),
        "priceTableId": _ids("PriceTable", 1),
        "productId": _ids("Product", 1),
        "types": ("[]", "[USER_INVITED]", "[LICENSE_ACTIVATED]"),
        "userId": _ids("User", 1),
        "webhookId": _ids("Webhook", 1),
    },
}
"""By list and filter. A new filter needs a line here. Where an index serves one of two filters, some have both."""

STATUSES: Mapping[str, Sequence[str]] = {
    "activations": ("ACTIVE", "CANCELLED"),
    "clients": ("ACTIVE", "CANCELLED"),
    "orders": ("PENDING", "COMPLETED", "CANCELLED"),
}
"""Values of the argument `status` of a partner's lists."""

TYPES = {"activations": "Activation", "clients": "Client", "orders": "Order", "events": "Event"}


class Read(NamedTuple):
    """Document that reads a list, with values of its variables: by a filter, and in an order."""

    list: str
    text: str
    variables: Mapping[str, Any]


def reads() -> Iterator[Read]:
    """Yield documents for each list, filter and order: of its first object, and of the last one with the total.

    Those of a list differ only by their variables, so that few are parsed and validated.
    """
    for name, filters in VALUES.items():
        type_name = TYPES[name]
        taken, passed = f"$filter: {type_name}Filter", "filter: $filter"
        if orders := _orders(name):
            taken, passed = f"{taken}, $sort: {type_name}Sort", f"{passed}, sort: $sort"
        filtered = [{}, *(_filter(field, value) for field, values in filters.items() for value in values)]
        for order, chosen in product(orders or [{}], filtered):
            given = {**order, **chosen}
            yield Read(name, f"query ({taken}) {{ {name}(first: 1, {passed}) {{ nodes {{ id }} }} }}", given)
            yield Read(name, f"query ({taken}) {{ {name}(last: 1, {passed}) {{ totalCount nodes {{ id }} }} }}", given)
    for name, statuses in STATUSES.items():
        for status, page in product(statuses, ("first: 1", "first: 100", "last: 1")):
            page_of = f"{{ viewer {{ partner {{ {name}({page}, status: {status}) {{ %s nodes {{ id }} }} }} }} }}"
            yield from (Read(name, page_of % total, {}) for total in ("", "totalCount"))


def pages_of_all_partners() -> Iterator[Read]:
    """Yield those of the documents that read a first page, and that a user of the vendor may send for all partners."""
    return (
        each for each in reads() if each.list in STATUSES and "(first: 1, " in each.text and "viewer" not in each.text
    )


def _filter(field: str, value: str) -> Mapping[str, Any]:
    return {"filter": value_from_ast_untyped(parse_value(f"{{{field}: {value}}}"))}


def _orders(name: str) -> Sequence[Mapping[str, Any]]:
    keys = GRAPHQL.type_map.get(f"{TYPES[name]}SortKey")
    return [{"sort": {"by": key}} for key in keys.values] if isinstance(keys, GraphQLEnumType) else []


def filters_of(name: str) -> set[str]:
    """Return the filters of a list that choose among the rows of one partner."""
    found = GRAPHQL.type_map[f"{TYPES[name]}Filter"]
    assert isinstance(found, GraphQLInputObjectType)
    return set(found.fields) - {"partnerId"}
