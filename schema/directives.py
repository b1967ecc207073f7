"""Directives of the SDL that say what fields cost, as the GraphQL cost directives specification has them.

https://ibm.github.io/graphql-specs/cost-spec.html
"""

from collections.abc import Iterator
from copy import copy
from typing import Any

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_introspection_type,
    is_list_type,
)
from strawberry.schema_directive import Location, schema_directive
from strawberry.types.unset import UNSET

from resolvers.pages import SIZE_DEFAULT
from schema import list_sizes, weights

_DEFINITION = "strawberry-definition"


@schema_directive(
    locations=[
        Location.ARGUMENT_DEFINITION,
        Location.ENUM,
        Location.FIELD_DEFINITION,
        Location.INPUT_FIELD_DEFINITION,
        Location.OBJECT,
        Location.SCALAR,
    ],
    description=(
        "Points that a field costs by itself, once for each object that it is selected of; that an argument or an "
        "input field adds to a query or mutation if it has another value than null, an empty list and its default, a "
        "list that is not of an enum for each entry; or that each operation costs whose root type has it. A field "
        "without it costs 1 if it has objects, and otherwise what `@scalarCost` says."
    ),
)
class Cost:
    weight: str


@schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description=(
        "Number of entries that a list has in points: the largest of the `slicingArguments` that are given, of which a "
        "list counts by its entries, and otherwise `assumedSize`. A connection has that many in each of its "
        "`sizedFields`. The limits of objects and values count as many, or what `@largestSize` says."
    ),
)
class ListSize:
    assumed_size: int | None = UNSET
    slicing_arguments: list[str] | None = UNSET
    sized_fields: list[str] | None = UNSET
    require_one_slicing_argument: bool | None = True


@schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="largestSize",
    description=(
        "Number of entries by which the limits of objects and values count this list, in place of the smaller one that "
        "`@listSize` has for points."
    ),
)
class LargestSize:
    entries: int


@schema_directive(
    locations=[Location.SCHEMA],
    name="scalarCost",
    description="Points of each value of a field without objects, which `@cost` cannot say of GraphQL's own scalars.",
)
class ScalarCost:
    weight: str


@schema_directive(
    locations=[Location.SCHEMA],
    name="switchedCost",
    description=(
        "Points of each field of an operation with variables in @skip or @include, which is planned anew for other "
        "values. The first `free` fields cost nothing. A field counts once, however many objects it is read of."
    ),
)
class SwitchedCost:
    weight: str
    free: int


@schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="totalCost",
    description="Points of a count of this connection, `totalCount`, in place of those that its type says.",
)
class TotalCost:
    weight: str


@schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="readWith",
    description=(
        "Name of a field of the same object, with which this one is read. If both are selected, this one costs only "
        "what `@scalarCost` says."
    ),
)
class ReadWith:
    field: str


@schema_directive(
    locations=[Location.ENUM_VALUE],
    name="valueCost",
    description="Points that a field of an input object adds with this value, which `@cost` can't be put on.",
)
class ValueCost:
    weight: str


@schema_directive(
    locations=[Location.INPUT_FIELD_DEFINITION],
    name="orderCost",
    repeatable=True,
    description=(
        "Points that this filter adds, if it has another value than null and an empty list, to a list in the order of "
        "this key, in which no index has the rows that match."
    ),
)
class OrderCost:
    by: str
    weight: str


@schema_directive(
    locations=[Location.ARGUMENT_DEFINITION],
    name="readAgain",
    description=(
        "What this filter adds counts twice if one of these fields is selected of the list, since its rows are looked "
        "through again for it. If it is not null, it adds the `weight` then, where the number of all rows is kept."
    ),
)
class ReadAgain:
    fields: list[str]
    weight: str | None = UNSET


def attach(schema: strawberry.Schema) -> None:
    """Add the directives to the definitions that the SDL is printed from."""
    schema.schema_directives = [
        ScalarCost(weight=weights.SCALAR),
        SwitchedCost(weight=weights.PLANNED, free=weights.PLANNED_FREE),
    ]
    for each in schema._schema.type_map.values():  # noqa: SLF001 — Strawberry shows it under no other name.
        if isinstance(each, GraphQLObjectType) and not is_introspection_type(each):
            weight = weights.of_type(each.name)
            _add(each, [] if weight is None else [Cost(weight=weight)])
            for name, field in each.fields.items():
                _add(field, [*_cost(each, name, field), *_size(each, name, field), *_total(each, name)])
                _add(field, [*_with(each, name)])
                for argument, value in field.args.items():
                    weight = weights.ARGUMENT_WEIGHTS.get(f"{each.name}.{name}.{argument}")
                    _add(value, [] if weight is None else [Cost(weight=weight)])
                    _add(value, [*_again(each, name, field, argument)])
        elif isinstance(each, GraphQLInputObjectType):
            for name, given in each.fields.items():
                weight = weights.INPUT_WEIGHTS.get(f"{each.name}.{name}")
                _add(given, [] if weight is None else [Cost(weight=weight)])
                in_order = weights.ORDER_WEIGHTS.get(f"{each.name}.{name}", {})
                _add(given, [OrderCost(by=key, weight=weight) for key, weight in in_order.items()])
        elif isinstance(each, GraphQLEnumType):
            for name, value in each.values.items():
                weight = weights.VALUE_WEIGHTS.get(f"{each.name}.{name}")
                _add(value, [] if weight is None else [ValueCost(weight=weight)])


def _add(
    field: GraphQLArgument | GraphQLField | GraphQLInputField | GraphQLObjectType | GraphQLEnumValue,
    directives: list[object],
) -> None:
    """Add the directives to this one only: types share the definitions of fields that they inherit."""
    definition: Any = field.extensions.get(_DEFINITION)
    if directives and definition is not None:
        own = copy(definition)
        own.directives = [*definition.directives, *directives]
        field.extensions = {**field.extensions, _DEFINITION: own}


def _cost(parent: GraphQLObjectType, name: str, field: GraphQLField) -> Iterator[object]:
    weight = weights.of_field(parent, name, field)
    if weight != (weights.ONE if is_composite_type(get_named_type(field.type)) else weights.SCALAR):
        yield Cost(weight=weight)


def _total(parent: GraphQLObjectType, name: str) -> Iterator[object]:
    weight = weights.TOTALS.get(f"{parent.name}.{name}")
    if weight is not None:
        yield TotalCost(weight=weight)


def _with(parent: GraphQLObjectType, name: str) -> Iterator[object]:
    if weights.is_connection(parent) and name in weights.READ_WITH:
        yield ReadWith(field=weights.READ_WITH[name])


def _again(parent: GraphQLObjectType, name: str, field: GraphQLField, argument: str) -> Iterator[object]:
    connection = get_named_type(field.type)
    if argument == weights.FILTER and isinstance(connection, GraphQLObjectType) and weights.is_connection(connection):
        totals = [each for each in connection.fields if weights.counts_total(each)]
        if totals:
            yield ReadAgain(fields=totals, weight=weights.FILTERED_TOTALS.get(f"{parent.name}.{name}", UNSET))


def _size(parent: GraphQLObjectType, name: str, field: GraphQLField) -> Iterator[object]:
    if weights.is_connection(get_named_type(field.type)):
        sliced = [argument for argument in ("first", "last") if argument in field.args]
        yield ListSize(
            assumed_size=SIZE_DEFAULT,
            slicing_arguments=[*sliced],
            sized_fields=["edges", "nodes"],
            require_one_slicing_argument=False,
        )
    elif is_list_type(get_nullable_type(field.type)) and not weights.is_connection(parent):
        argument = list_sizes.ARGUMENT_SIZES.get(f"{parent.name}.{name}")
        if argument is not None:
            yield ListSize(slicing_arguments=[argument], require_one_slicing_argument=UNSET)
        else:
            largest, typical = list_sizes.stated(parent.name, name), list_sizes.typical(parent.name, name)
            yield ListSize(assumed_size=typical, require_one_slicing_argument=UNSET)
            if largest is not None and largest != typical:
                yield LargestSize(entries=largest)
