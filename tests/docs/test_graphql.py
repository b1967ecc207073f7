"""The operations of the documentation are valid, and answer what it shows."""

import json
import tomllib

import pytest
from graphql import (
    GraphQLSchema,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    parse,
    validate,
)

from tests.docs.conftest import Demo
from tests.docs.pages import ROOT, Block, blocks

VENDOR_PAGE = "docs/guides/vendor.md"
SCHEMA: GraphQLSchema = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"), assume_valid_sdl=True)


def _located(block: Block) -> str:
    return f"{block.page}:{block.line}"


def _parts(block: Block) -> dict[str, object]:
    """Return the JSON that follows an operation, by its labels."""
    ours = [each for each in blocks(page=block.page) if each.line >= block.line]
    parts: dict[str, object] = {}
    for each in ours[1:]:
        if each.language != "json" or each.label not in {"Variables", "Answer"}:
            break
        parts[each.label] = json.loads(each.text)
    return parts


def _runs_as_it_is(block: Block) -> bool:
    """Whether every operation of the block is a query whose variables can be left out."""
    operations = [node for node in parse(block.text).definitions if isinstance(node, OperationDefinitionNode)]
    return len(operations) == 1 and all(
        operation.operation is OperationType.QUERY
        and not any(
            isinstance(each.type, NonNullTypeNode) and each.default_value is None
            for each in operation.variable_definitions or ()
        )
        for operation in operations
    )


OPERATIONS = blocks("graphql")
RUN = [block for block in OPERATIONS if _parts(block) or _runs_as_it_is(block)]


@pytest.mark.parametrize("block", OPERATIONS, ids=_located)
def test_an_operation_is_valid(block: Block) -> None:
    assert validate(SCHEMA, parse(block.text)) == []


@pytest.mark.parametrize("block", RUN, ids=_located)
def test_an_operation_answers_what_is_shown(block: Block, demo: Demo) -> None:
    parts = _parts(block)

    answer = demo.ask(block.text, parts.get("Variables"), as_vendor=block.page == VENDOR_PAGE)

    assert "errors" not in answer
    assert answer["data"] == parts.get("Answer", answer["data"])


def test_the_settings_of_code_generators_can_be_read() -> None:
    found = [*map(json.loads, (block.text for block in blocks("json") if block.label is not None))]
    found += [tomllib.loads(block.text) for block in blocks("toml")]

    assert all(found)
