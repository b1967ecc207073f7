"""GraphiQL's ready-made tabs select all fields of a payload; `tests/browser` runs them."""

import re
from pathlib import Path

import pytest
from graphql import FieldNode, GraphQLObjectType, OperationDefinitionNode, get_named_type, parse, validate

from tests.schema.introspection import GRAPHQL

SCREENS = Path(__file__).parents[2] / "server" / "graphiql" / "src" / "screens.ts"
QUERIES = re.findall(r"query: `([^`]+)`", SCREENS.read_text(encoding="utf-8"))


def test_every_tab_is_found() -> None:
    assert len(QUERIES) == SCREENS.read_text(encoding="utf-8").count("permission: ") - 1


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.split("(")[0])
def test_a_tab_is_valid_and_selects_each_field_of_its_payload(query: str) -> None:
    document = parse(query)
    assert validate(GRAPHQL, document) == []

    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    root = GRAPHQL.get_root_type(operation.operation)
    assert root is not None
    for field in operation.selection_set.selections:
        assert isinstance(field, FieldNode)
        payload = get_named_type(root.fields[field.name.value].type)
        if not payload.name.endswith("Payload"):
            continue
        assert isinstance(payload, GraphQLObjectType)
        assert field.selection_set is not None
        selected = {each.name.value for each in field.selection_set.selections if isinstance(each, FieldNode)}
        assert selected == set(payload.fields), field.name.value
