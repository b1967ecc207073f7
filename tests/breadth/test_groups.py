"""An executor with a pause has many fields of one object in groups, as stock execution has all of them at once."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLObjectType, GraphQLSchema, build_schema, execute, parse
from graphql.execution.values import VariableValues

from breadth.parts import FIELDS_AT_ONCE
from tests.breadth.comparison import differences
from tests.breadth.prepared import prepared_of

NO_VARIABLES = VariableValues({}, {})

WIDE = 2 * FIELDS_AT_ONCE + 1
SDL = """
  type Owner { id: Int!, name: String, must: Int! }
  type Query { owner(id: Int!): Owner, must(id: Int!): Owner!, name: String, home: Query }
"""


@dataclass
class Wide:
    """Schema whose root object has an owner for each number, which is awaited, and how many were at once."""

    schema: GraphQLSchema
    running: int = 0
    most: int = 0

    async def owner(self, _source: object, _info: object, *, id: int) -> dict[str, Any]:  # noqa: A002 — the argument's name.
        """Return an owner; each seventh has errors, in places of both kinds."""
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        if id % 7 == 6:
            message = f"no owner {id}"
            raise ValueError(message)
        return {"id": id, "name": f"Owner {id}", "must": None if id % 7 == 5 else id}


@pytest.fixture
def wide() -> Wide:
    schema = build_schema(SDL)
    wide = Wide(schema)
    query = schema.type_map["Query"]
    assert isinstance(query, GraphQLObjectType)
    for name in ("owner", "must"):
        query.fields[name].resolve = wide.owner
    query.fields["home"].resolve = lambda *_: {"name": "Home"}
    return wide


def _many(field: str, numbers: Iterable[int], selected: str = "id name") -> str:
    return " ".join(f"{field}{number}: {field}(id: {number}) {{ {selected} }}" for number in numbers)


DOCUMENTS = [
    f"{{ first: name {_many('owner', range(WIDE))} last: name }}",
    f"{{ home {{ name {_many('owner', range(WIDE), 'must')} }} name }}",
    f"{{ {_many('must', range(5))} {_many('owner', range(WIDE))} }}",
]


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_many_fields_of_one_object_are_had_in_groups(wide: Wide, document: str) -> None:
    pauses = 0

    async def pause() -> None:
        nonlocal pauses
        pauses += 1
        await asyncio.sleep(0)

    expected = execute(wide.schema, parse(document), {"name": "Root"})
    stock = expected if isinstance(expected, ExecutionResult) else await expected
    prepared = prepared_of(wide.schema, document)
    for _ in range(2):
        wide.most = pauses = 0
        found = prepared.execute_with(NO_VARIABLES, root_value={"name": "Root"}, pause=pause)

        assert not isinstance(found, ExecutionResult)
        answer = await found
        assert differences(stock, answer) == []
        assert list(answer.data or {}) == list(stock.data or {})
        assert wide.most == FIELDS_AT_ONCE
        assert pauses >= WIDE // FIELDS_AT_ONCE


async def test_a_group_that_is_null_keeps_no_error_of_another_back(wide: Wide) -> None:
    async def pause() -> None:
        await asyncio.sleep(0)

    document = f"{{ {_many('must', [6, *range(5)])} {_many('owner', range(WIDE))} }}"
    expected = execute(wide.schema, parse(document), {})
    stock = expected if isinstance(expected, ExecutionResult) else await expected
    found = prepared_of(wide.schema, document).execute_with(NO_VARIABLES, root_value={}, pause=pause)

    assert not isinstance(found, ExecutionResult)
    answer = await found
    assert answer.data is None
    assert differences(stock, answer) == []
    assert ("no owner 6", ["must6"]) in [(str(each.message), each.path) for each in answer.errors or ()]
    assert wide.running == 0


async def test_a_group_without_awaitables_is_heard_after_one_that_is_null() -> None:
    names = [f"f{number}" for number in range(FIELDS_AT_ONCE + 1)]
    schema = build_schema(f"type Query {{ {' '.join(f'{name}: T!' for name in names)} }} type T {{ a: Int }}")

    async def later(*_: object) -> object:
        raise ValueError(names[0])

    def now(*_: object) -> object:
        raise ValueError(names[-1])

    async def pause() -> None:
        await asyncio.sleep(0)

    query = schema.type_map["Query"]
    assert isinstance(query, GraphQLObjectType)
    for name in names:
        query.fields[name].resolve = lambda *_: {}
    query.fields[names[0]].resolve, query.fields[names[-1]].resolve = later, now
    document = f"{{ {' '.join(f'{name} {{ a }}' for name in names)} }}"

    found = prepared_of(schema, document).execute_with(NO_VARIABLES, root_value={}, pause=pause)

    assert not isinstance(found, ExecutionResult)
    messages = [str(each.message) for each in (await found).errors or ()]
    assert messages == [names[0], names[-1]]


async def test_an_error_of_the_last_group_nulls_the_whole_object(wide: Wide) -> None:
    async def pause() -> None:
        await asyncio.sleep(0)

    document = f"{{ home {{ {_many('owner', range(6))} {_many('must', [*range(5), 6])} }} }}"
    found = prepared_of(wide.schema, document).execute_with(NO_VARIABLES, root_value={}, pause=pause)

    assert not isinstance(found, ExecutionResult)
    answer = await found
    assert answer.data == {"home": None}
    assert ["home", "must6"] in [each.path for each in answer.errors or ()]
