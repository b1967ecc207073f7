"""Prepared operations of documents."""

from graphql import GraphQLSchema, OperationDefinitionNode, parse

from breadth import Prepared


def prepared_of(schema: GraphQLSchema, document: str) -> Prepared:
    """Return the operation of a document that has one."""
    parsed = parse(document)
    (operation,) = parsed.definitions
    assert isinstance(operation, OperationDefinitionNode)
    return Prepared(schema, parsed, operation)
