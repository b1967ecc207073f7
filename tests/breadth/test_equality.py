"""Random documents are answered as by stock execution."""

import gc
from collections.abc import Iterator

import pytest
from graphql import GraphQLSchema, IntValueNode, OperationType, StringValueNode, parse, validate
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries

from tests.breadth.answers import SCHEMA, Asked
from tests.breadth.documents import Request, requests, size
from tests.breadth.features import features

FEWER = features(["Text", "Count", "Rows", "Kinded", "Points"])
"""hypothesis-graphql can't count the ways to ask for more fields than these."""

# Stock execution cancels the siblings of an error before they began. The warning of that is an error of its own where
# the garbage is found while a named tuple is made, as the code that makes it has no builtins to import with.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <coroutine:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("_collected"),
]

SEEDS = st.integers(0, 2**16)
SIZE_MAX = 2_000
WORLDS_EACH = 3
"""Each document is executed in a world without faults, one with a few, and one with many."""

EXAMPLES = settings.default.max_examples if settings.default else 0
"""Number of examples of the profile, 100 unless it is chosen by `--hypothesis-profile`."""

AMOUNTS = st.one_of(
    st.integers(0, 9).map(lambda number: IntValueNode(value=str(number))),
    st.text("ab", max_size=3).map(lambda text: StringValueNode(value=text)),
)


@pytest.fixture(scope="module")
def _collected() -> Iterator[None]:
    """Let nothing be left that other tests would be warned of."""
    yield
    gc.collect()


async def check(request: Request, seed: int, schema: GraphQLSchema = SCHEMA) -> None:
    """Both answers are equal, for these variables and with all booleans the other way."""
    asked = Asked(parse(request.document), schema)
    turned = {name: not value if isinstance(value, bool) else value for name, value in request.variables.items()}
    for world in range(seed, seed + WORLDS_EACH):
        for variables in (request.variables, *([turned] if turned != request.variables else [])):
            different = await asked.differences(variables, world)
            if different:
                note(f"In world {world}, with {variables}:\n{request.document}")
            assert not different


@settings(max_examples=3 * EXAMPLES // 2)
@given(requests(SCHEMA), SEEDS)
async def test_a_query_of_any_shape_is_answered_equally(request_: Request, seed: int) -> None:
    await check(request_, seed)


@settings(max_examples=3 * EXAMPLES // 4)
@given(requests(SCHEMA, ways=("batch", "own", "method")), SEEDS)
async def test_objects_that_have_several_paths_are_answered_equally(request_: Request, seed: int) -> None:
    await check(request_, seed)


@settings(max_examples=EXAMPLES // 2)
@given(requests(SCHEMA, OperationType.MUTATION), SEEDS)
async def test_mutations_are_answered_equally(request_: Request, seed: int) -> None:
    await check(request_, seed)


@settings(max_examples=3 * EXAMPLES // 5)
@given(queries(FEWER, custom_scalars={"Amount": AMOUNTS}), SEEDS)
async def test_a_query_with_any_arguments_is_answered_equally(document: str, seed: int) -> None:
    # The generator has no limit of depth, and ten lists in each other would take minutes.
    assume(size(parse(document), FEWER) <= SIZE_MAX)
    await check(Request(document, {}), seed, FEWER)


@settings(max_examples=EXAMPLES // 4)
@given(st.sampled_from([OperationType.QUERY, OperationType.MUTATION]).flatmap(lambda kind: requests(SCHEMA, kind)))
def test_the_random_documents_are_valid(request_: Request) -> None:
    assert not validate(SCHEMA, parse(request_.document))
