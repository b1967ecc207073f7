"""Schema for batches of events, by which subscriptions are executed."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    VariableNode,
    get_nullable_type,
)

from db.events import EventRow
from resolvers.context import Context


@cache
def batched(schema: GraphQLSchema) -> GraphQLSchema:
    """Return the schema in which the field of a subscription is the list of a batch's events."""
    single = schema.subscription_type
    if single is None:
        return schema
    fields = {
        name: GraphQLField(
            GraphQLList(get_nullable_type(field.type)), args=field.args, resolve=_batch, subscribe=field.subscribe
        )
        for name, field in single.fields.items()
    }
    parts = schema.to_kwargs()
    parts["subscription"] = GraphQLObjectType(single.name, fields)
    parts["types"] = tuple(each for each in parts["types"] or () if each is not single)
    parts["assume_valid"] = True
    return GraphQLSchema(**parts)


def _batch(rows: Sequence[EventRow], _info: GraphQLResolveInfo[Context], **_arguments: object) -> Sequence[EventRow]:
    return rows


def event_variables(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> frozenset[str]:
    """Return the names of the variables on which the result for one event may depend.

    Arguments of the root field choose the events. What they are does not show in the result of one.
    """
    waiting: list[Node] = [*fragments.values(), *(operation.directives or ())]
    for selection in operation.selection_set.selections:
        is_field = isinstance(selection, FieldNode)
        waiting += _nodes(selection, without=("arguments",) if is_field else ())
    names = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, VariableNode):
            names.add(node.name.value)
        waiting += _nodes(node)
    return frozenset(names)


def _nodes(node: Node, without: Iterable[str] = ()) -> Iterable[Node]:
    for key in node.keys:
        below = None if key in without else getattr(node, key, None)
        if isinstance(below, Node):
            yield below
        elif isinstance(below, list | tuple):
            yield from (each for each in below if isinstance(each, Node))
