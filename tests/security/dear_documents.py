"""Documents of climbs that took many times what their points said, until these were mended."""

from collections.abc import Mapping

SWITCHES = tuple(f"s{number}" for number in range(7))
"""Variables of @skip and @include, of which a plan is kept for few combinations of values."""

_SWITCHED = " ".join(f"b{each}: city @skip(if: ${each})" for each in SWITCHES)
_TYPE = "type { kind name description ofType { kind name description ofType { kind name description } } }"
_VALUES = " ".join(f"a{number}: name" for number in range(90))

DEAR: Mapping[str, str] = {
    "a request of which hardly anything is selected": "{ viewer { role } }",
    "objects by their ids": (
        '{ nodes(ids: ["T3JkZXI6MQ", "Q2xpZW50OjM", "UHJvZHVjdDoz", "QWN0aXZhdGlvbjox"]) { a: id b: id c: id d: id } }'
    ),
    "totals of each product's ledger": (
        "{ licenseStock { low ownWarningBelow movements(first: 100) { a: totalCount b: totalCount } } }"
    ),
    "ledgers of all products of many partners": (
        "{ partners(first: 10) { nodes { statusLabel contacts { a: name b: name } licenseStock { available "
        "movements(first: 10) { edges { a: cursor b: cursor } } b: movements(first: 10) { totalCount } } } } }"
    ),
    "a long page of a partner's clients, of which little is selected": (
        "{ viewer { partner { clients(first: 100) { pageInfo { a: startCursor b: endCursor } edges { cursor } } } } }"
    ),
    "a page of a partner's orders": "{ viewer { partner { orders(first: 100) { nodes { id } } } } }",
    "a text without an index": '{ activations(first: 1, filter: { note: "qzx" }) { nodes { id } } }',
    "a key that nothing has": '{ activations(first: 5, filter: { activationKey: "qzx" }) { nodes { id } } }',
    "a time in an order whose index has none": (
        '{ activations(first: 1, sort: { by: CLIENT_NAME }, filter: { activatedAt: { from: "2099-01-01T00:00:00Z" } }) '
        "{ nodes { id } } }"
    ),
    "all changes in another order": (
        '{ activations(first: 1, filter: { updatedSince: "2000-01-01T00:00:00Z" }) { totalCount nodes { id } } }'
    ),
    "objects that each take a statement": (
        '{ activation(id: "QWN0aXZhdGlvbjo5MA") { status client { partner { status clients(first: 100) { pageInfo { '
        "startCursor endCursor } edges { cursor } } } tradeName } a: cancelledBy { role } b: cancelledBy { role } } "
        'c: partner(id: "T3JkZXI6MjQ") { suspensionReason } d: partner(id: "T3JkZXI6MjQ") { suspensionReason } '
        "apiTokens { user { identityLinkedAt } lastUsedAt user { id disabledAt hasSecondFactor } } }"
    ),
    "a page of each ledger": "{ licenseStock { movements(first: 100) { nodes { id } } } }",
    "fields that are planned and not read": (
        f"query ({' '.join(f'${each}: Boolean = false' for each in SWITCHES)}) {{ "
        + " ".join(f'c{number}: client(id: "x") {{ ...F }}' for number in range(19))
        + f" }} fragment F on Client {{ {_VALUES} {_SWITCHED} }}"
    ),
    "fields of all types of an interface": (
        '{ __type(name: "Node") { possibleTypes { name fields { name description '
        f"{_TYPE} args {{ name description {_TYPE} }} }} }} }} }}"
    ),
    "inputs of all mutations": (
        '{ __type(name: "Mutation") { fields { args { type { ofType { inputFields { name description '
        f"{_TYPE} }} }} }} }} }} }} }}"
    ),
}
