"""Schema: the root types, and all types that they refer to."""

from typing import Annotated

import strawberry
from graphql import GraphQLInputObjectType, GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from resolvers import nodes
from resolvers.nodes import NodeRow
from schema import directives, lengths
from schema.access import AccessQueries
from schema.access_mutations import AccessMutations
from schema.activation_batch_mutations import ActivationBatchMutations
from schema.activation_changes import ActivationChanges
from schema.activation_mutations import ActivationMutations
from schema.activations import ActivationQueries
from schema.audit import AuditQueries
from schema.client_mutations import ClientMutations
from schema.clients import ClientQueries
from schema.documents import DocumentMutations, DocumentQueries
from schema.errors import USER_ERRORS
from schema.events import EventQueries, Subscription
from schema.exports import ExportMutations
from schema.imports import ImportMutations
from schema.invitation_mutations import InvitationMutations
from schema.licenses import LicenseQueries
from schema.nodes import Info, Node
from schema.order_mutations import OrderMutations
from schema.orders import OrderQueries
from schema.partner_mutations import PartnerMutations
from schema.partners import PartnerQueries
from schema.password_mutations import PasswordMutations
from schema.price_imports import PriceImportMutations
from schema.price_table_mutations import PriceTableMutations
from schema.price_tables import PriceTableQueries
from schema.prices import PriceQueries
from schema.product_imports import ProductImportMutations
from schema.product_mutations import ProductMutations
from schema.scalars import SCALARS
from schema.second_factor_mutations import SecondFactorMutations
from schema.stock_warnings import StockWarningMutations
from schema.user_mutations import UserMutations
from schema.users import UserQueries
from schema.webhook_mutations import WebhookMutations
from schema.webhooks import WebhookQueries


@strawberry.type
class NodeQueries:
    @strawberry.field(
        graphql_type=Node | None,
        description=(
            "The object with this ID. Returns null if the viewer can't see such an object. Requires the permission for "
            "its type."
        ),
    )
    @staticmethod
    async def node(
        info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The ID of the object.")]
    ) -> NodeRow | None:
        return await nodes.by_id(info.context, id)

    @strawberry.field(
        graphql_type=list[Node | None],
        description="The objects with these IDs, in the same order. Null for an ID that the viewer can't see.",
    )
    @staticmethod
    async def nodes(
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="The IDs of the objects.")],
    ) -> list[NodeRow | None]:
        return await nodes.by_ids(info.context, list(ids))


@strawberry.type(
    description=(
        "The root of all reads. Everything belongs to one partner. A partner's users see what is their partner's, and "
        "can't find objects of other partners; the vendor's users see those of all partners."
    )
)
class Query(
    AccessQueries,
    NodeQueries,
    PartnerQueries,
    ClientQueries,
    ActivationQueries,
    OrderQueries,
    PriceQueries,
    PriceTableQueries,
    LicenseQueries,
    EventQueries,
    AuditQueries,
    UserQueries,
    DocumentQueries,
    WebhookQueries,
):
    """Query fields of all screens."""


@strawberry.type(
    description=(
        "The root of all changes. Each mutation either succeeds completely or changes nothing and explains in "
        "`userErrors` why. The vendor's users name the partner that they act for."
    )
)
class Mutation(
    AccessMutations,
    UserMutations,
    InvitationMutations,
    PasswordMutations,
    SecondFactorMutations,
    ClientMutations,
    ImportMutations,
    ExportMutations,
    ActivationMutations,
    ActivationChanges,
    StockWarningMutations,
    ActivationBatchMutations,
    OrderMutations,
    PartnerMutations,
    ProductMutations,
    ProductImportMutations,
    PriceTableMutations,
    WebhookMutations,
    PriceImportMutations,
    DocumentMutations,
):
    """Mutation fields of all screens."""


def _mark_one_of(schema: GraphQLSchema) -> None:
    """Let the engine check inputs of which exactly one field is given.

    Strawberry does it only when the arguments are read, whose errors are not those of a value.
    """
    for each in schema.type_map.values():
        if isinstance(each, GraphQLInputObjectType):
            each.is_one_of = each.extensions["strawberry-definition"].is_one_of


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=USER_ERRORS,
    config=StrawberryConfig(scalar_map=SCALARS),
)
GRAPHQL_SCHEMA = schema._schema  # noqa: SLF001 — Strawberry shows its graphql-core schema under no other name.
_mark_one_of(GRAPHQL_SCHEMA)
lengths.describe(GRAPHQL_SCHEMA)
directives.attach(schema)
