"""Weights that filters have in some orders of a list only, where a request gives them."""

from collections.abc import Callable, Collection, Mapping
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from graphql import (
    EnumValueNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from schema import weights
from server.graphql import cost_terms
from server.graphql.cost_terms import Term, Variables


def of_field(node: FieldNode, field: GraphQLField, *, times: int) -> list[Term]:
    """Return the parts that a list's filter adds in its order, so many times."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    if weights.FILTER not in given or weights.SORT not in field.args:
        return []
    of_list = _of_list(*(get_named_type(field.args[name].type) for name in (weights.FILTER, weights.SORT)))
    names, key = _names(given[weights.FILTER], of_list.parts), _key(given.get(weights.SORT), of_list)
    if not names.possible:
        return []
    highest = times * max(of_list.added(names.possible, each) for each in key.possible)
    if not (names.varies or key.varies):
        return [cost_terms.constant(highest)]
    return [cost_terms.varying(0, highest, lambda given: times * of_list.added(names.of(given), key.of(given)))]


class _OfList(NamedTuple):
    """Parts by filter and sort key, and the key of a list without one."""

    parts: Mapping[str, Mapping[str, int]]
    keys: Collection[str]
    default: str

    def added(self, names: Collection[str], key: str) -> int:
        """Return the parts that filters add in the order of a key."""
        return sum(self.parts[name].get(key, 0) for name in names)


class _Names(NamedTuple):
    """Filters that a request can have, and those that its variables give."""

    possible: Collection[str]
    of: Callable[[Variables], Collection[str]]
    varies: bool


class _Key(NamedTuple):
    """Sort keys that a request can have, and the one that its variables give."""

    possible: Collection[str]
    of: Callable[[Variables], str]
    varies: bool


def _names(value: ValueNode, parts: Mapping[str, Mapping[str, int]]) -> _Names:
    if isinstance(value, VariableNode):
        whole = value.name.value
        return _Names(parts, lambda variables: _given(variables.get(whole), parts), varies=True)
    fields = value.fields if isinstance(value, ObjectValueNode) else ()
    weighed = {each.name.value: each.value for each in fields if each.name.value in parts}
    possible = [name for name, each in weighed.items() if not _is_free(each)]
    variable = {name: each.name.value for name, each in weighed.items() if isinstance(each, VariableNode)}
    return _Names(
        possible,
        lambda variables: [name for name in possible if name not in variable or _adds(variables.get(variable[name]))],
        varies=bool(variable),
    )


def _given(value: object, parts: Mapping[str, Mapping[str, int]]) -> Collection[str]:
    return [name for name in parts if _adds(value.get(name))] if isinstance(value, Mapping) else []


def _is_free(value: ValueNode) -> bool:
    return isinstance(value, NullValueNode) or (isinstance(value, ListValueNode) and not value.values)


def _adds(value: object) -> bool:
    """Return whether a filter with the value adds points: no row has one of no values, and none is read."""
    return value is not None and value != []


def _key(value: ValueNode | None, of_list: _OfList) -> _Key:
    if isinstance(value, VariableNode):
        whole = value.name.value
        return _varying_key(of_list, lambda variables: _by(variables.get(whole)))
    fields = value.fields if isinstance(value, ObjectValueNode) else ()
    by = next((each.value for each in fields if each.name.value == weights.SORT_KEY), None)
    if isinstance(by, VariableNode):
        name = by.name.value
        return _varying_key(of_list, lambda variables: variables.get(name))
    key = by.value if isinstance(by, EnumValueNode) else of_list.default
    return _Key([key], lambda _: key, varies=False)


def _varying_key(of_list: _OfList, found: Callable[[Variables], Any]) -> _Key:
    def key(variables: Variables) -> str:
        value = found(variables)
        return of_list.default if value is None else _name(value)

    return _Key(of_list.keys, key, varies=True)


def _by(value: object) -> object:
    return value.get(weights.SORT_KEY) if isinstance(value, Mapping) else None


def _name(value: object) -> str:
    return value.name if isinstance(value, Enum) else str(value)


@cache
def _of_list(filter_type: object, sort_type: object) -> _OfList:
    """Return what the filters of a list add in its orders."""
    if not isinstance(filter_type, GraphQLInputObjectType) or not isinstance(sort_type, GraphQLInputObjectType):
        return _OfList({}, (), "")
    of_type = sort_type.fields[weights.SORT_KEY]
    keys = get_named_type(of_type.type)
    parts = {}
    for name in filter_type.fields:
        found = weights.ORDER_WEIGHTS.get(f"{filter_type.name}.{name}")
        if found is not None:
            parts[name] = {key: weights.parts(weight) for key, weight in found.items()}
    return _OfList(parts, [*keys.values] if isinstance(keys, GraphQLEnumType) else [], _name(of_type.default_value))
