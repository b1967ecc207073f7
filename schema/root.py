"""The schema: its root types, and everything that hangs on them."""

from typing import Annotated

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers import nodes
from resolvers.nodes import NodeRow
from schema import lengths
from schema.access import AccessQueries
from schema.access_mutations import AccessMutations
from schema.activation_mutations import ActivationMutations
from schema.activations import ActivationQueries
from schema.client_mutations import ClientMutations
from schema.clients import ClientQueries
from schema.errors import USER_ERRORS
from schema.events import EventQueries
from schema.licenses import LicenseQueries
from schema.nodes import Info, Node
from schema.order_mutations import OrderMutations
from schema.orders import OrderQueries
from schema.prices import PriceQueries
from schema.scalars import SCALARS


@strawberry.type
class NodeQueries:
    """The fields of Query that find any object by its id."""

    @strawberry.field(
        graphql_type=Node | None,
        description="The object with this id; null where the partner has none. It needs the permission of its type.",
    )
    @staticmethod
    async def node(
        info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The object's id.")]
    ) -> NodeRow | None:
        return await nodes.by_id(info.context, id)

    @strawberry.field(
        graphql_type=list[Node | None],
        description="The objects with these ids, in their order, null in the place of one that the partner has not.",
    )
    @staticmethod
    async def nodes(
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="The objects' ids.")],
    ) -> list[NodeRow | None]:
        return await nodes.by_ids(info.context, list(ids))


@strawberry.type(
    description="What can be read. All of it is the viewer's partner's; nothing of another partner exists."
)
class Query(
    AccessQueries,
    NodeQueries,
    ClientQueries,
    ActivationQueries,
    OrderQueries,
    PriceQueries,
    LicenseQueries,
    EventQueries,
):
    """The fields of every screen."""


@strawberry.type(
    description=(
        "What can be changed. Each mutation is all or nothing, and says in `userErrors` what the business refuses."
    )
)
class Mutation(AccessMutations, ClientMutations, ActivationMutations, OrderMutations):
    """The actions of every screen."""


schema = strawberry.Schema(
    query=Query, mutation=Mutation, types=USER_ERRORS, config=StrawberryConfig(scalar_map=SCALARS)
)
lengths.describe(schema._schema)  # noqa: SLF001 — Strawberry shows its graphql-core schema under no other name.
