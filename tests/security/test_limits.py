"""Nested lists and too long values are refused before they cost anything."""

import httpx
import pytest

from tests.security.harness import Attack, CountedTarget, Target

ALIASES = range(300)
LONG = f'node(id: "{"a" * 300}") {{ id }}'


def nested(levels: int) -> str:
    """Return a short query that selects a client's activations of their client, nested repeatedly."""
    below = "activations(first: 100) { nodes { client { "
    return f'{{ client(id: "Q2xpZW50OjE") {{ {below * levels} id name {"} } } " * levels} }} }}'


def aliased(field: str) -> str:
    """Return the field under as many names as a document may have."""
    return " ".join(f"a{number}: {field}" for number in ALIASES)


ATTACKS = [
    Attack("lists of five levels", nested(5)),
    Attack("lists of six levels", nested(6)),
    Attack(
        "lists by variables",
        "query ($n: Int) " + nested(5).replace("first: 100", "first: $n"),
        {"n": 100},
    ),
    Attack(
        "lists and edges in fragments",
        "{ clients(first: 100) { ...C } } fragment C on ClientConnection { nodes { ...A } edges { node { ...A } } } "
        "fragment A on Client { activations(first: 100) { nodes { client { id } movedTo { client { id } } } "
        "edges { node { client { id } } } } }",
    ),
    Attack(
        "values",
        "{ clients(first: 100) { nodes { activations(first: 100) { nodes { "
        + " ".join(f"a{number}: status" for number in range(1_000))
        + " } } } } }",
    ),
    Attack(
        "lists of a mutation",
        "mutation ($i: CancelOrderInput!) { " + aliased("cancelOrder(input: $i) { ...P }") + " } "
        "fragment P on CancelOrderPayload { order { priceTable { items { tiers { bonusQuantity } } } } }",
        {"i": {"orderId": "a"}},
    ),
    Attack(
        "a long list of ids",
        f"query ($i: [ID!]!) {{ {aliased('nodes(ids: $i) { id }')} }}",
        {"i": ["UHJvZHVjdDox"] * 45_000},
        "BAD_USER_INPUT",
    ),
    Attack(
        "a long id", f"query ($i: ID!) {{ {aliased('node(id: $i) { id }')} }}", {"i": "a" * 1_000_000}, "BAD_USER_INPUT"
    ),
    Attack("long literals", f"{{ {aliased(LONG)} }}", {}, "BAD_USER_INPUT"),
    Attack(
        "a long order",
        "query ($i: QuoteOrderInput!) { quoteOrder(input: $i) { userErrors { code message path } } }",
        {"i": {"type": "PURCHASE", "items": [{"productId": "UHJvZHVjdDox", "quantity": 0}] * 1_500}},
        "BAD_USER_INPUT",
    ),
    Attack(
        "a long text",
        "query ($n: String) { clients(filter: {search: $n}) { totalCount } }",
        {"n": "ß" * 300_000},
        "BAD_USER_INPUT",
    ),
    Attack(
        "an input of many fields",
        "query ($f: ClientFilter) { clients(filter: $f) { totalCount } }",
        {"f": {f"a{number}": "a" for number in range(50_000)}},
        "BAD_USER_INPUT",
    ),
    Attack("texts that never end", '{ a(b: "' + '\\"' * 45_000, {}, "BAD_USER_INPUT"),
    Attack(
        "1,800 unknown fields", "{ " + " ".join(f"aNUMBERa{each}" for each in range(1_800)) + " }", {}, "BAD_USER_INPUT"
    ),
    Attack(
        "1,800 unknown fields of an object",
        "{ viewer { " + " ".join(f"aNUMBERa{each}" for each in range(1_800)) + " } }",
        {},
        "BAD_USER_INPUT",
    ),
    Attack("a long document", "{ __typename }" + " " * 900_000, {}, "BAD_USER_INPUT"),
]
"""Requests of at most 1 MB that took seconds of processor time, or ended the process."""


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_what_asks_for_too_much_is_refused_for_next_to_nothing(
    counted: CountedTarget, http: httpx.Client, attack: Attack
) -> None:
    counted.refuses_for_little(http, attack)


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_others_are_answered_meanwhile(victim: Target, http: httpx.Client, attack: Attack) -> None:
    victim.answers_others_meanwhile(lambda: victim.attack(http, attack))
