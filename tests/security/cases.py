"""Cases of schemathesis, whose import takes as long as some of them: only the test of them imports this module."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeAlias

import schemathesis
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationDefinitionNode,
    get_named_type,
    introspection_from_schema,
    is_leaf_type,
    is_required_argument,
    parse,
    print_ast,
)
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes, scalar

from tests.schema.introspection import GRAPHQL

Case: TypeAlias = schemathesis.Case[Any]

_CNPJ = re.compile(r"[0-9A-Z./-]{14,18}")
_CNPJS = ["16.727.230/0001-97", "1", "A1.B2C.3D4/0001-00", "ç"]
scalar(
    "DateTime", (st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.text(max_size=9)).map(nodes.String)
)
scalar("Money", (st.decimals(allow_nan=True).map(str) | st.text(max_size=9)).map(nodes.String))
# Pages of lists are mostly ones that are not refused.
scalar("Int", (st.sampled_from([1, 2, 50]) | st.integers(-(2**31), 2**31 - 1)).map(nodes.Int))

_OPERATIONS = [
    found.ok()
    for found in schemathesis.graphql.from_dict(dict(introspection_from_schema(GRAPHQL))).get_all_operations()
    if isinstance(found, Ok)
]

FIELDS = [operation.label for operation in _OPERATIONS]
"""Fields of the roots that get cases."""


def documents(number: int, *, chosen: int, ids: Sequence[str], keys: Sequence[str]) -> Iterator[str]:
    """Yield the documents of so many cases, which ask for known ids and keys: each as it is, and with all fields.

    They are the same for the same choice.
    """
    scalar("ID", (st.sampled_from(ids) | st.text(max_size=9)).map(nodes.String))
    scalar("CNPJ", st.sampled_from([*_CNPJS, *filter(_CNPJ.fullmatch, keys)]).map(nodes.String))
    found: list[str] = []

    @seed(chosen)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.sampled_from(_OPERATIONS).flatmap(lambda operation: operation.as_strategy()))
    def generate(case: Case) -> None:
        found.append(str(case.body))

    generate()
    for each in found:
        yield each
        yield _whole(each)


def _whole(text: str) -> str:
    """Return a document whose field has the same arguments, and all that can be selected nearby."""
    operation = parse(text).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    root = GRAPHQL.get_root_type(operation.operation)
    assert root is not None
    field = operation.selection_set.selections[0]
    assert isinstance(field, FieldNode)
    given = ", ".join(map(print_ast, field.arguments or ()))
    called = f"{field.name.value}({given})" if given else field.name.value
    return f"{operation.operation.value} {{ {called} {_all_of(root.fields[field.name.value].type, 2)} }}"


@cache
def _all_of(of: GraphQLOutputType, depth: int) -> str:
    """Return a selection of all values of a type, and of the objects that it refers to, to a depth."""
    named = get_named_type(of)
    if is_leaf_type(named):
        return ""
    if isinstance(named, GraphQLInterfaceType):
        kinds = GRAPHQL.get_possible_types(named) if named.name == "Node" else ()
        return f"{{ __typename {_values_of(named)} {' '.join(map(_fragment, kinds))} }}"
    assert isinstance(named, GraphQLObjectType)
    if "nodes" in named.fields:
        return f"{{ totalCount nodes {_all_of(named.fields['nodes'].type, depth - 1)} }}"
    below = [
        f"{name} {_all_of(field.type, depth - 1)}"
        for name, field in named.fields.items()
        if depth > 0 and not _is_value(field) and not any(map(is_required_argument, field.args.values()))
    ]
    return f"{{ __typename {_values_of(named)} {' '.join(below)} }}"


def _values_of(of: GraphQLObjectType | GraphQLInterfaceType, *, alias: str = "") -> str:
    """Return a selection of the values of a type, by names of their own if asked."""
    return " ".join(f"{alias and alias + name + ': '}{name}" for name, field in of.fields.items() if _is_value(field))


def _fragment(of: GraphQLObjectType) -> str:
    # Fields of two types with the same name may be of different types.
    return f"... on {of.name} {{ {_values_of(of, alias=of.name)} }}"


def _is_value(field: GraphQLField) -> bool:
    return is_leaf_type(get_named_type(field.type)) and not any(map(is_required_argument, field.args.values()))
