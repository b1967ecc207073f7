"""The dataloaders of a request, on SQLAlchemy's async ORM."""

from dataclasses import dataclass, field
from functools import cached_property

from models import ActivationRow, ClientRow, OrderItemRow, ProductRow, UserRow, reading
from sqlalchemy import func, select
from strawberry.dataloader import DataLoader
from texts import PARTNER


@dataclass
class Loaders:
    """The loaders of one request."""

    activations: dict[int, "DataLoader[int, list[ActivationRow]]"] = field(default_factory=dict)

    @cached_property
    def client(self) -> "DataLoader[int, ClientRow | None]":
        """Clients by id."""
        return DataLoader(_clients_by_ids)

    @cached_property
    def product(self) -> "DataLoader[int, ProductRow | None]":
        """Products by id."""
        return DataLoader(_products_by_ids)

    @cached_property
    def user(self) -> "DataLoader[int, UserRow | None]":
        """Users by id."""
        return DataLoader(_users_by_ids)

    @cached_property
    def items_of_order(self) -> "DataLoader[int, list[OrderItemRow]]":
        """Items by order."""
        return DataLoader(_items_of_orders)

    def activations_of_client(self, first: int) -> "DataLoader[int, list[ActivationRow]]":
        """The newest activations by client, and one more."""
        if first not in self.activations:

            async def load(ids: list[int]) -> list[list[ActivationRow]]:
                return await _activations_of_clients(ids, first)

            self.activations[first] = DataLoader(load)
        return self.activations[first]


async def _clients_by_ids(ids: list[int]) -> list[ClientRow | None]:
    async with reading() as session:
        rows = await session.scalars(select(ClientRow).where(ClientRow.partner_id == PARTNER, ClientRow.id.in_(ids)))
    found = {row.id: row for row in rows}
    return [found.get(key) for key in ids]


async def _products_by_ids(ids: list[int]) -> list[ProductRow | None]:
    async with reading() as session:
        rows = await session.scalars(select(ProductRow).where(ProductRow.id.in_(ids)))
    found = {row.id: row for row in rows}
    return [found.get(key) for key in ids]


async def _users_by_ids(ids: list[int]) -> list[UserRow | None]:
    async with reading() as session:
        rows = await session.scalars(select(UserRow).where(UserRow.partner_id == PARTNER, UserRow.id.in_(ids)))
    found = {row.id: row for row in rows}
    return [found.get(key) for key in ids]


async def _items_of_orders(ids: list[int]) -> list[list[OrderItemRow]]:
    mine = OrderItemRow.partner_id == PARTNER, OrderItemRow.order_id.in_(ids)
    async with reading() as session:
        rows = await session.scalars(select(OrderItemRow).where(*mine).order_by(OrderItemRow.id))
    found: dict[int, list[OrderItemRow]] = {}
    for row in rows:
        found.setdefault(row.order_id, []).append(row)
    return [found.get(key, []) for key in ids]


async def _activations_of_clients(ids: list[int], first: int) -> list[list[ActivationRow]]:
    order = ActivationRow.activated_at.desc(), ActivationRow.id.desc()
    place = func.row_number().over(partition_by=ActivationRow.client_id, order_by=order).label("place")
    mine = ActivationRow.partner_id == PARTNER, ActivationRow.client_id.in_(ids)
    ranked = select(ActivationRow.id, place).where(*mine).subquery()
    statement = (
        select(ActivationRow)
        .join(ranked, ranked.c.id == ActivationRow.id)
        .where(ranked.c.place <= first + 1)
        .order_by(ActivationRow.client_id, ranked.c.place)
    )
    async with reading() as session:
        rows = await session.scalars(statement)
    found: dict[int, list[ActivationRow]] = {}
    for row in rows:
        found.setdefault(row.client_id, []).append(row)
    return [found.get(key, []) for key in ids]
