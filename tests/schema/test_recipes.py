"""Nothing of the schema is left out of the tests that try each mutation, each list and each type."""

from collections.abc import Iterable

from graphql import get_named_type

from tests.api import Api
from tests.schema.introspection import connections, inputs_of, lists, mutations, node_types, payload_of
from tests.schema.lists import CONNECTIONS, LISTS, one_of_each
from tests.schema.recipes import EXPORTS, MUTATIONS, OF_PRICES, OF_PRODUCTS, OF_VENDOR, SESSIONS

_RECIPES, _LISTS = "tests/schema/recipes.py", "tests/schema/lists.py"


def assert_described(found: Iterable[str], described: Iterable[str], advice: str, *, place: str = _RECIPES) -> None:
    """Assert that what the schema has is described, and nothing else is."""
    found, described = set(found), set(described)
    assert not found - described, f"{', '.join(sorted(found - described))}: {advice} of {place}."
    assert not described - found, f"{', '.join(sorted(described - found))}: the schema does not have it; see {place}."


def test_every_mutation_has_a_recipe() -> None:
    described = {*MUTATIONS, *OF_VENDOR, *SESSIONS, *EXPORTS}

    assert_described(mutations(), described, "add how to make its input to MUTATIONS")


def test_every_mutation_with_a_key_says_what_a_different_input_is() -> None:
    keyed = {name for name in mutations() if "idempotencyKey" in inputs_of(name)}
    other = {name for name, recipe in MUTATIONS.items() if recipe.other is not None}

    # The keys of the mutations of products, price tables and exports are tried with those mutations.
    assert_described(
        keyed,
        {*other, *OF_PRODUCTS, *OF_PRICES, *EXPORTS} - {"assignPriceTables"},
        "add `other`, a different request, to its recipe in MUTATIONS",
    )


def test_every_mutation_with_lists_says_how_they_grow() -> None:
    # Warnings are read all at once.
    grown = [path for path in lists() if not path.endswith(".warnings")]
    # Those of the vendor are tried with its products and price tables.
    ours = set(mutations()) - OF_VENDOR
    growing = {name for name in ours if any(path.startswith(f"{payload_of(name).name}.") for path in grown)}
    sized = {name for name, recipe in MUTATIONS.items() if recipe.sized is not None}

    assert_described(growing, sized, "add `sized`, an input of many products, to its recipe in MUTATIONS")


def test_every_connection_has_a_query() -> None:
    assert_described(connections(), CONNECTIONS, "add its query to CONNECTIONS, and its rows to `fill`,", place=_LISTS)


def test_every_list_has_a_query() -> None:
    of_mutations = [payload_of(name) for name in mutations()]
    results = [
        get_named_type(payload.fields["results"].type) for payload in of_mutations if "results" in payload.fields
    ]
    payloads = {"Preview", *(each.name for each in (*of_mutations, *results))}
    queried = {path for path in lists() if path.split(".")[0] not in payloads}

    assert_described(queried, LISTS, "add its query to LISTS, and its rows to `fill`,", place=_LISTS)


async def test_every_type_with_an_id_has_an_object(api: Api) -> None:
    assert_described(node_types(), await one_of_each(api), "create an object of it in `one_of_each`", place=_LISTS)
