"""Schema for batches of events, by which subscriptions are executed."""

from collections.abc import Sequence
from functools import cache

from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
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
