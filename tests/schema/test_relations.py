"""Declared fields: a wrong declaration fails when its type is made."""

from typing import Any, NamedTuple

import pytest
from graphql import GraphQLObjectType

from breadth.strawberry import DeclaredField
from schema import references
from schema.nodes import OfRow
from schema.relations import attribute, computed, to_many, to_one, to_page
from schema.root import GRAPHQL_SCHEMA


class Row(NamedTuple):
    """Row of the made-up types."""

    id: int
    client_id: int


def test_a_relation_by_a_column_that_its_rows_lack_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^Wrong\.client reads “client_di”, which Row does not have\.$"):

        class Wrong(OfRow, row=Row):
            client: references.ClientType = to_one("client_di", loader="client", description="The client.")


def test_a_relation_by_an_unknown_loader_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^Wrong\.client names the loader “clinet”, which Loaders does not have\.$"):

        class Wrong(OfRow, row=Row):
            client: references.ClientType = to_one("client_id", loader="clinet", description="The client.")


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (
            to_one("id", loader="stock_of_partner", description="Rows."),
            "loads lists of rows, not one row by an id",
        ),
        (
            to_one("id", loader="stock", description="Its stock."),
            "loads one row by a key that is no id, not one row by an id",
        ),
        (to_one("id", loader="identity_linked_at", description="It."), "loads a value, not one row by an id"),
        (to_one("id", loader="orders_of_partner", description="Rows."), "loads pages, not one row by an id"),
        (to_many("id", loader="client", description="Its client."), "loads one row, not lists of rows by an id"),
        (
            to_many("id", loader="orders_of_partner", description="Rows."),
            "loads pages, not lists of rows by an id",
        ),
        (to_page("id", pages="client", description="Its client."), "loads one row, not pages by an id"),
        (to_page("id", pages="stock_of_partner", description="Its stock."), "loads lists of rows, not pages by an id"),
    ],
)
def test_a_relation_by_a_loader_of_another_kind_is_refused(
    field: Any,  # noqa: ANN401 — as Strawberry's.
    message: str,
) -> None:
    with pytest.raises(TypeError, match=rf"^Wrong\.name names the loader “\w+”, which {message}\.$"):
        type("Wrong", (OfRow,), {"name": field, "__annotations__": {"name": str}}, row=Row)


@pytest.mark.parametrize(
    "field",
    [
        attribute("Its name."),
        computed(lambda _, row: row.name, reads=("name",), description="Its name."),
        to_page("name", pages="activations_of_client", description="Its activations."),
    ],
    ids=["attribute", "computed", "page"],
)
def test_a_field_that_reads_what_its_rows_lack_is_refused(field: Any) -> None:  # noqa: ANN401 — as Strawberry's.
    with pytest.raises(TypeError, match="does not have"):
        type("Wrong", (OfRow,), {"name": field, "__annotations__": {"name": str}}, row=Row)


def test_a_parents_declaration_is_checked_against_the_childs_rows() -> None:
    class Parent(OfRow):
        client: references.ClientType = to_one("product_id", loader="client", description="The client.")

    with pytest.raises(TypeError, match=r"^Child\.client reads “product_id”"):

        class Child(Parent, row=Row):
            pass


def test_every_type_with_a_relation_says_what_its_rows_are() -> None:
    unchecked = [
        f"{name}.{field.python_name}"
        for name, graphql_type in GRAPHQL_SCHEMA.type_map.items()
        if isinstance(graphql_type, GraphQLObjectType)
        for field in _declared(graphql_type)
        if hasattr(field.batch, "loader_name")
        and not hasattr(graphql_type.extensions["strawberry-definition"].origin, "row")
    ]

    assert unchecked == []


def _declared(graphql_type: GraphQLObjectType) -> list[DeclaredField]:
    found = [field.extensions.get("strawberry-definition") for field in graphql_type.fields.values()]
    return [each for each in found if isinstance(each, DeclaredField)]
