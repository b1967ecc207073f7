"""Strawberry as its documentation shows it: types with resolvers, DataLoaders, sessions of SQLAlchemy's async ORM."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

import strawberry
import texts
from models import (
    ActivationRow,
    ClientRow,
    OrderItemRow,
    OrderRow,
    ProductRow,
    reading,
    writing,
)
from orm_loaders import Loaders
from orm_orders import write_order
from sqlalchemy import select, tuple_
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from texts import PARTNER

Info = strawberry.Info[dict[str, Any], None]


@strawberry.enum
class ActivationStatus(Enum):
    """Whether an activation holds its license."""

    ACTIVE = "ACTIVE"
    CANCELLED = "CANCELLED"


@strawberry.enum
class ClientStatus(Enum):
    """Whether a client is served."""

    ACTIVE = "ACTIVE"
    CANCELLED = "CANCELLED"


@strawberry.enum
class OrderStatus(Enum):
    """Status of an order."""

    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


@strawberry.enum
class OrderType(Enum):
    """What is ordered."""

    PURCHASE = "PURCHASE"
    ADDITIONAL_SEATS = "ADDITIONAL_SEATS"


@strawberry.type
class PageInfo:
    """Position of a page in its list."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Product:
    """A product."""

    id: strawberry.ID
    name: str

    @classmethod
    def from_row(cls, row: ProductRow) -> "Product":
        """Make one of a row."""
        return cls(id=strawberry.ID(texts.global_id("Product", row.id)), name=row.name)


@strawberry.type
class User:
    """A user."""

    id: strawberry.ID
    name: str


@strawberry.type
class Client:
    """A client."""

    row: strawberry.Private[ClientRow]
    id: strawberry.ID
    name: str
    cnpj: str | None
    city: str | None
    state: str | None
    status: ClientStatus

    @classmethod
    def from_row(cls, row: ClientRow) -> "Client":
        """Make one of a row."""
        return cls(
            row=row,
            id=strawberry.ID(texts.global_id("Client", row.id)),
            name=row.name or texts.REMOVED,
            cnpj=row.cnpj,
            city=row.city,
            state=row.state,
            status=ClientStatus(row.status),
        )

    @strawberry.field
    async def activations(self, info: Info, first: int) -> "ActivationConnection":
        """The client's activations, newest first."""
        rows = await info.context["loaders"].activations_of_client(first).load(self.row.id)
        return ActivationConnection.from_rows(rows, first)


@strawberry.type
class Activation:
    """An activation."""

    row: strawberry.Private[ActivationRow]
    id: strawberry.ID
    activation_key: str
    authorization_code: str
    status: ActivationStatus
    activated_at: str
    note: str | None
    seats: int

    @classmethod
    def from_row(cls, row: ActivationRow) -> "Activation":
        """Make one of a row."""
        return cls(
            row=row,
            id=strawberry.ID(texts.global_id("Activation", row.id)),
            activation_key=row.activation_key,
            authorization_code=row.authorization_code,
            status=ActivationStatus(row.status),
            activated_at=texts.shown_moment(row.activated_at),
            note=row.note,
            seats=row.seats,
        )

    @strawberry.field
    async def product(self, info: Info) -> Product:
        """The product."""
        return Product.from_row(await info.context["loaders"].product.load(self.row.product_id))

    @strawberry.field
    async def client(self, info: Info) -> Client:
        """The client."""
        return Client.from_row(await info.context["loaders"].client.load(self.row.client_id))

    @strawberry.field
    async def activated_by(self, info: Info) -> User:
        """Who activated it."""
        row = await info.context["loaders"].user.load(self.row.activated_by_id)
        return User(id=strawberry.ID(texts.global_id("User", row.id)), name=row.name)


@strawberry.type
class ActivationConnection:
    """A page of activations."""

    nodes: list[Activation]
    page_info: PageInfo

    @classmethod
    def from_rows(cls, rows: Sequence[ActivationRow], first: int) -> "ActivationConnection":
        """Make a page of its rows and one more."""
        shown = rows[:first]
        end = texts.activation_cursor(shown[-1].activated_at, shown[-1].id) if shown else None
        info = PageInfo(has_next_page=len(rows) > first, end_cursor=end)
        return cls(nodes=[Activation.from_row(row) for row in shown], page_info=info)


@strawberry.type
class ClientConnection:
    """A page of clients."""

    nodes: list[Client]
    page_info: PageInfo


@strawberry.type
class OrderItem:
    """A line of an order."""

    row: strawberry.Private[OrderItemRow]
    quantity: int
    bonus_quantity: int
    total_with_setup_fee: str

    @classmethod
    def from_row(cls, row: OrderItemRow) -> "OrderItem":
        """Make one of a row."""
        total = row.quantity * (row.unit_monthly_price + row.unit_setup_fee)
        return cls(
            row=row,
            quantity=row.quantity,
            bonus_quantity=row.bonus_quantity,
            total_with_setup_fee=texts.reais(total),
        )

    @strawberry.field
    async def product(self, info: Info) -> Product:
        """The product."""
        return Product.from_row(await info.context["loaders"].product.load(self.row.product_id))


@strawberry.type
class Order:
    """An order."""

    row: strawberry.Private[OrderRow]
    id: strawberry.ID
    number: int
    status: OrderStatus
    total_with_setup_fee: str

    @classmethod
    def from_row(cls, row: OrderRow) -> "Order":
        """Make one of a row."""
        return cls(
            row=row,
            id=strawberry.ID(texts.global_id("Order", row.id)),
            number=row.number,
            status=OrderStatus(row.status),
            total_with_setup_fee=texts.reais(row.monthly_total + row.setup_fee_total),
        )

    @strawberry.field
    async def items(self, info: Info) -> list[OrderItem]:
        """The lines."""
        return [OrderItem.from_row(row) for row in await info.context["loaders"].items_of_order.load(self.row.id)]


@strawberry.type
class UserError:
    """A refusal."""

    code: str
    message: str


@strawberry.type
class CreateOrderPayload:
    """The new order, or why there is none."""

    order: Order | None
    user_errors: list[UserError]


@strawberry.input
class ActivationFilter:
    """Which activations."""

    client_name: str | None = None


@strawberry.input
class OrderItemInput:
    """A product to order."""

    product_id: strawberry.ID
    quantity: int


@strawberry.input
class CreateOrderInput:
    """An order to create."""

    type: OrderType
    items: list[OrderItemInput]


@strawberry.type
class Query:
    """What can be read."""

    @strawberry.field
    async def client(self, info: Info, id: strawberry.ID) -> Client | None:  # noqa: A002 — the schema's name.
        """Find the client with this id."""
        row = await info.context["loaders"].client.load(texts.number_of("Client", id))
        return None if row is None else Client.from_row(row)

    @strawberry.field
    async def clients(self, first: int, after: str | None = None) -> ClientConnection:
        """Active clients by name."""
        statement = select(ClientRow).where(ClientRow.partner_id == PARTNER, ClientRow.status == "ACTIVE")
        if after is not None:
            statement = statement.where(
                tuple_(ClientRow.name_folded, ClientRow.id) > texts.position(texts.CLIENTS, after)
            )
        async with reading() as session:
            ordered = statement.order_by(ClientRow.name_folded, ClientRow.id).limit(first + 1)
            rows = (await session.scalars(ordered)).all()
        shown = rows[:first]
        end = texts.cursor(texts.CLIENTS, shown[-1].name_folded, shown[-1].id) if shown else None
        info = PageInfo(has_next_page=len(rows) > first, end_cursor=end)
        return ClientConnection(nodes=[Client.from_row(row) for row in shown], page_info=info)

    @strawberry.field
    async def activations(
        self,
        first: int,
        after: str | None = None,
        filter: ActivationFilter | None = None,  # noqa: A002 — the schema's name.
    ) -> ActivationConnection:
        """Activations, newest first."""
        statement = select(ActivationRow).where(ActivationRow.partner_id == PARTNER)
        if filter is not None and filter.client_name is not None:
            pattern = texts.anywhere(filter.client_name)
            named = ClientRow.names_folded.like(pattern, escape="/")
            clients = select(ClientRow.id).where(ClientRow.partner_id == PARTNER, named)
            statement = statement.where(ActivationRow.client_id.in_(clients))
        if after is not None:
            position = texts.activation_position(after)
            statement = statement.where(tuple_(ActivationRow.activated_at, ActivationRow.id) < position)
        async with reading() as session:
            ordered = statement.order_by(ActivationRow.activated_at.desc(), ActivationRow.id.desc()).limit(first + 1)
            rows = (await session.scalars(ordered)).all()
        return ActivationConnection.from_rows(rows, first)


@strawberry.type
class Mutation:
    """What can be changed."""

    @strawberry.mutation
    async def create_order(self, input: CreateOrderInput) -> CreateOrderPayload:  # noqa: A002 — the schema's name.
        """Create a pending order."""
        async with writing.begin() as session:
            quantities = {texts.number_of("Product", item.product_id): item.quantity for item in input.items}
            order = await write_order(session, input.type.value, quantities)
        return CreateOrderPayload(order=Order.from_row(order), user_errors=[])


class App(GraphQL[dict[str, Any], None]):
    """The ASGI application."""

    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:  # noqa: ANN401, ARG002 — Strawberry's.
        """Make the loaders of one request."""
        return {"loaders": Loaders()}


schema = strawberry.Schema(Query, Mutation, extensions=[ParserCache, ValidationCache])
app = App(schema, graphql_ide=None)
