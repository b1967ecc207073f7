"""Values of an operation's variables, which are mostly plain values of plain types."""

from collections.abc import Collection

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInputType,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    VariableDefinitionNode,
    get_nullable_type,
    get_variable_values,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

from breadth.built_in import is_built_in
from breadth.values import Value

_ERRORS_MAX = 50
_PLAIN: dict[object, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool, GraphQLInt: int}
"""Types whose values come as they are taken, of integers all that fit."""
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1


class Variables:
    """Variables of an operation."""

    def __init__(self, schema: GraphQLSchema, definitions: Collection[VariableDefinitionNode]) -> None:
        """Find out whether all of them are of plain types."""
        self._schema, self._definitions = schema, definitions
        signatures = [get_variable_signature(schema, definition) for definition in definitions]
        plain = [
            (signature, _PLAIN[get_nullable_type(signature.type)], _may_be_left_out(signature))
            for signature in signatures
            if isinstance(signature, GraphQLVariableSignature) and _is_plain(signature.type)
        ]
        self._plain = plain if len(plain) == len(signatures) else None

    def values(self, given: dict[str, Value], *, hide_suggestions: bool = False) -> VariableValues | list[GraphQLError]:
        """Return the values for a request, or the errors in them."""
        found = None if self._plain is None else self._as_given(given)
        return found or get_variable_values(self._schema, self._definitions, given, _ERRORS_MAX, hide_suggestions)

    def _as_given(self, given: dict[str, Value]) -> VariableValues | None:
        """Return the values if each is of its variable's type or omitted; None if they need coercion."""
        values = VariableValues({}, {})
        for signature, kind, may_be_left_out in self._plain or ():
            name = signature.name
            value = given.get(name, Undefined)
            if type(value) is kind:
                if isinstance(value, int) and not _INT_MIN <= value <= _INT_MAX:
                    return None
                values.coerced[name] = value
            elif value is None and may_be_left_out:
                values.coerced[name] = None
            elif value is not Undefined or not may_be_left_out:
                return None
            values.sources[name] = VariableValueSource(signature, value)
        return values


def _is_plain(of_type: GraphQLInputType) -> bool:
    nullable = get_nullable_type(of_type)
    if not isinstance(nullable, GraphQLScalarType) or nullable not in _PLAIN:
        return False
    return is_built_in(nullable, nullable.coerce_input_value)


def _may_be_left_out(signature: GraphQLVariableSignature) -> bool:
    return signature.default is None and not is_non_null_type(signature.type)
