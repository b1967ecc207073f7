"""Values of a field's arguments, prepared before a request as far as possible."""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputType,
    GraphQLScalarType,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_argument_values,
    get_named_type,
    is_input_object_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues

from breadth.batch_resolvers import is_pure
from breadth.built_in import is_built_in
from breadth.values import Value

UNCHANGEABLE = (str, int, float, bool, type(None), Enum)
"""Classes of values that no resolver can change, so that several get the same ones."""


class Arguments:
    """Arguments of one field of a document."""

    __slots__ = ("_asked", "_constant", "_definition", "_node", "_variables")

    def __init__(self, definition: GraphQLField, node: FieldNode) -> None:
        """Name the field and its node; more is found out when the values are needed again."""
        self._definition, self._node = definition, node
        self._constant: dict[str, Value] | None = None
        self._variables: tuple[tuple[str, str, bool], ...] = ()
        # None before they were first needed, and False before it is known whether they can be kept.
        self._asked: bool | None = None

    @property
    def known(self) -> dict[str, Value] | None:
        """Values, if they are valid and depend on no request."""
        return None if self._variables else self._constant

    def values(self, variables: VariableValues, *, hide_suggestions: bool) -> dict[str, Value]:
        """Return the values for a request. Raises GraphQLError if one does not fit."""
        if not self._asked:
            if self._asked is None:
                self._asked = False
                return self._values(variables, hide_suggestions=hide_suggestions)
            self.prepare()
        if self._constant is not None:
            if not self._variables:
                return self._constant
            values = dict(self._constant)
            for name, variable, may_be_left_out in self._variables:
                value = variables.coerced.get(variable, Undefined)
                if value is not Undefined and (value is not None or may_be_left_out):
                    values[name] = value
                elif may_be_left_out:
                    del values[name]
                else:
                    break
            else:
                return values
        return self._values(variables, hide_suggestions=hide_suggestions)

    def _values(self, variables: VariableValues, *, hide_suggestions: bool) -> dict[str, Value]:
        return get_argument_values(self._definition, self._node, variables, None, hide_suggestions=hide_suggestions)

    def prepare(self) -> None:
        """Keep what can be given again: nothing that a resolver could change for the next request."""
        if self._asked:
            return
        found = self._found()
        if found is not None:
            # Other threads may read in between: without its variables, a constant would be taken for all of the values.
            self._variables = found.variables
            self._constant = found.constant
        self._asked = True

    def _found(self) -> "_Found | None":
        """Return what can be kept; None if that is nothing."""
        whole = {node.name.value: node.value for node in self._node.arguments or ()}
        variables = {name: value.name.value for name, value in whole.items() if isinstance(value, VariableNode)}
        if any(_has_variable(value) for name, value in whole.items() if name not in variables):
            return None
        fixed = FieldNode(
            name=self._node.name,
            arguments=tuple(node for node in self._node.arguments or () if node.name.value not in variables),
        )
        rest = GraphQLField(
            self._definition.type,
            args={name: definition for name, definition in self._definition.args.items() if name not in variables},
        )
        if not all(
            _is_pure(definition.type)
            for name, definition in rest.args.items()
            if name in whole or definition.default is not None
        ):
            return None
        try:
            constant = get_argument_values(rest, fixed)
        except Exception:
            # It is an error of each request.
            return None
        if not all(isinstance(value, UNCHANGEABLE) for value in constant.values()):
            return None
        # In the order of the definition, with a place for each variable.
        names = {name: definition.out_name or name for name, definition in self._definition.args.items()}
        places = [out_name for name, out_name in names.items() if name in variables or out_name in constant]
        return _Found(
            {out_name: constant.get(out_name) for out_name in places},
            tuple(
                (argument.out_name or name, variable, _may_be_left_out(argument))
                for name, variable in variables.items()
                if (argument := self._definition.args.get(name)) is not None
            ),
        )


class _Found(NamedTuple):
    """Values that can be kept, and the variables that give the others: the value's name, the variable's, and a flag."""

    constant: dict[str, Value]
    variables: tuple[tuple[str, str, bool], ...]


class _NoArguments(Arguments):
    """Arguments of a field that takes none."""

    __slots__ = ()

    def __init__(self) -> None:
        """Keep the values, which are none."""
        self._constant, self._variables, self._asked = {}, (), True


NO_ARGUMENTS: Arguments = _NoArguments()


def _may_be_left_out(argument: GraphQLArgument) -> bool:
    """Return whether null may be given, and omitting the argument means the same."""
    return not is_non_null_type(argument.type) and argument.default is None and argument.default_value is Undefined


def _is_pure(of_type: GraphQLInputType) -> bool:
    """Return whether a literal of the type has the same value each time; input objects are never kept."""
    named = get_named_type(of_type)
    if isinstance(named, GraphQLScalarType):
        parse = _parse_of_literals(named)
        return is_built_in(named, parse) or is_pure(parse)
    return not is_input_object_type(named)


def _parse_of_literals(scalar: GraphQLScalarType) -> Callable[..., Value]:
    """Return the function of the scalar that graphql-core gives its literals, or their values."""
    if scalar.coerce_input_literal is not None:
        return scalar.coerce_input_literal
    by_value = getattr(scalar.parse_literal, "__func__", None) is GraphQLScalarType.parse_literal
    return scalar.coerce_input_value if by_value else scalar.parse_literal


def _has_variable(value: ValueNode) -> bool:
    return any(isinstance(part, VariableNode) for part in _parts(value))


def _parts(value: ValueNode) -> Iterator[ValueNode]:
    yield value
    if isinstance(value, ListValueNode):
        for item in value.values:
            yield from _parts(item)
    elif isinstance(value, ObjectValueNode):
        for field in value.fields:
            yield from _parts(field.value)
