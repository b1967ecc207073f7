"""What executions of other threads see of a plan that is being made."""

from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLArgument,
    GraphQLField,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    parse,
)

from breadth import Prepared


def test_an_execution_between_the_steps_of_another_has_its_variables() -> None:
    data: list[Any] = []
    executing: list[bool] = []

    def ask() -> None:
        result = operation.execute(variable_values={"a": 3})
        assert isinstance(result, ExecutionResult)
        data.append(result.data)

    class Watched(GraphQLArgument):
        """Argument that is executed with whenever something of it is read, as another thread might."""

        def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 — of any type.
            if executing == [True]:
                executing.append(True)
                ask()
                executing.pop()
            return super().__getattribute__(name)

    field = GraphQLField(
        GraphQLString, args={"x": Watched(GraphQLInt)}, resolve=lambda _source, _info, **given: str(given)
    )
    schema = GraphQLSchema(GraphQLObjectType("Query", {"given": field}))
    document = parse("query ($a: Int) { given(x: $a) }")
    (node,) = document.definitions
    assert isinstance(node, OperationDefinitionNode)
    operation = Prepared(schema, document, node)

    ask()
    for _ in range(2):
        executing.append(True)
        ask()
        executing.pop()

    assert len(data) > 3
    assert all(each == {"given": "{'x': 3}"} for each in data)
