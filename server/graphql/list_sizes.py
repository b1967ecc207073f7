"""Sizes of lists, as the cost counts them before an operation runs."""

from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLObjectType,
    GraphQLOutputType,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_list_type,
)

from resolvers.nodes import NODES_MAX
from resolvers.pages import SIZE_DEFAULT, SIZE_MAX
from schema.list_sizes import ARGUMENT_SIZES, stated, typical
from schema.weights import is_connection
from server.graphql.cost_terms import Term, Variables, constant, product, varying


class Size(NamedTuple):
    """Number of entries of a list: the largest, which memory depends on, and the one that points are counted by."""

    largest: Term
    typical: Term


ONE = Size(constant(1), constant(1))


def of_field(parent: GraphQLObjectType, node: FieldNode, field_type: GraphQLOutputType, page: Term | None) -> Size:
    """Return the number of objects or values below one object; `page` is the size of the parent's page."""
    inner: Any = get_nullable_type(field_type)
    if not is_list_type(inner):
        return ONE
    name = node.name.value
    if page is not None and is_connection(parent):
        size = Size(page, page)
    elif (argument := ARGUMENT_SIZES.get(f"{parent.name}.{name}")) is not None:
        entries = _of_entries(_arguments(node).get(argument))
        size = Size(entries, entries)
    else:
        largest, counted = stated(parent.name, name), typical(parent.name, name)
        size = Size(constant(largest or SIZE_MAX), constant(counted or SIZE_MAX))
    below = of_field(parent, node, inner.of_type, None)
    return size if below is ONE else Size(product(size.largest, below.largest), product(size.typical, below.typical))


def of_page(node: FieldNode) -> Term:
    """Return the page size of the field's `first` or `last`; execution refuses one out of range."""
    given = _arguments(node)
    first, last = given.get("first"), given.get("last")
    if not isinstance(first, VariableNode) and not isinstance(last, VariableNode):
        return constant(_page_size(_integer(first, {}), _integer(last, {})))
    return varying(0, SIZE_MAX, lambda variables: _page_size(_integer(first, variables), _integer(last, variables)))


def _page_size(first: int | None, last: int | None) -> int:
    sizes = [size for size in (first, last) if size is not None]
    return max(0, min(SIZE_MAX, max(sizes))) if sizes else SIZE_DEFAULT


def _integer(node: ValueNode | None, variables: Variables) -> int | None:
    if isinstance(node, VariableNode):
        value = variables.get(node.name.value)
        return value if isinstance(value, int) else None
    # A literal may be as long as a document.
    return int(node.value[:20]) if isinstance(node, IntValueNode) else None


def _of_entries(node: ValueNode | None) -> Term:
    """Return the number of entries of an argument's list; one that is too long is refused before use."""
    if isinstance(node, VariableNode):
        name = node.name.value
        return varying(0, NODES_MAX, lambda variables: _entries(variables.get(name)))
    if node is None or isinstance(node, NullValueNode):
        return constant(0)
    return constant(min(NODES_MAX, len(node.values)) if isinstance(node, ListValueNode) else 1)


def _entries(value: object) -> int:
    return len(value) if isinstance(value, list) else int(value is not None)


def _arguments(node: FieldNode) -> dict[str, ValueNode]:
    return {argument.name.value: argument.value for argument in node.arguments or ()}
