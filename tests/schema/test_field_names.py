"""Fields of inputs in messages: each has a noun, so that no message shows the name of one."""

from collections.abc import Iterator

from graphql import GraphQLInputObjectType, GraphQLInputType, GraphQLList, GraphQLNonNull, get_named_type

from domain.fields import ENTRIES, FIELDS
from tests.schema.introspection import GRAPHQL

# What is wrong with a list's filter or order is an error of the request, which a program made.
OF_LISTS = ("Filter", "Sort", "Range")


def fields(of: GraphQLInputType) -> Iterator[tuple[str, GraphQLInputType]]:
    kind = get_named_type(of)
    if isinstance(kind, GraphQLInputObjectType) and not kind.name.endswith(OF_LISTS):
        for name, field in kind.fields.items():
            yield name, field.type
            yield from fields(field.type)


def refused() -> Iterator[tuple[str, GraphQLInputType]]:
    """Fields that a refusal's path can name."""
    assert GRAPHQL.mutation_type is not None
    assert GRAPHQL.query_type is not None
    for root in [*GRAPHQL.mutation_type.fields.values(), GRAPHQL.query_type.fields["quoteOrder"]]:
        for argument in root.args.values():
            yield from fields(argument.type)


def test_each_field_of_an_input_has_a_noun() -> None:
    assert {name for name, _ in refused()} <= set(FIELDS)


def test_each_list_of_an_input_has_words_for_its_entries() -> None:
    bare = {name: kind.of_type if isinstance(kind, GraphQLNonNull) else kind for name, kind in refused()}

    assert {name for name, kind in bare.items() if isinstance(kind, GraphQLList)} == set(ENTRIES)
