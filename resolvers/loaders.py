"""Dataloaders: what all the fields of a level ask for is read in one statement. Every key begins with the partner."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from strawberry.dataloader import DataLoader

from db import access, activations, clients, events, licenses, listings, orders, prices
from db.access import PartnerRow, TokenRow, UserRow
from db.activations import ActivationRow, Released
from db.clients import ClientRow
from db.engine import Connection, Database
from db.events import EventRow
from db.keyset import Window
from db.licenses import MovementRow, StockRow
from db.listings import Listing, Slice
from db.orders import OrderItemRow, OrderRow
from db.prices import PriceKey, PriceTableRow, ProductRow
from domain.prices import Tier

Value = TypeVar("Value")
Row = TypeVar("Row", bound=tuple[Any, ...])
Key = tuple[int, int]
"""A partner's id, and the id of something that is the partner's."""

ByIds = Callable[[Connection, int, Sequence[int]], Awaitable[Mapping[int, Value]]]


class PageKey(NamedTuple):
    """A page of the list of one parent; what else chooses the rows stands in `chosen`."""

    partner_id: int
    parent_id: int
    window: Window
    chosen: Hashable = None

    @property
    def kind(self) -> "PageKey":
        """What it shares with the keys that are read in the same statement."""
        return self._replace(parent_id=0)


class Pages(Generic[Row]):
    """Pages of a list that hangs on many parents, one statement for all that are asked for with equal arguments."""

    def __init__(
        self,
        database: Database,
        listing: Callable[[int, Sequence[int], Any], Listing[Row]],
    ) -> None:
        """Load by a listing, which is made of a partner, parents, and what else chooses the rows."""
        self._database = database
        self.listing = listing
        self.page: DataLoader[PageKey, Slice[Row]] = DataLoader(self._grouped(self._pages))
        self.count: DataLoader[PageKey, int] = DataLoader(self._grouped(self._counts))
        self.beyond: DataLoader[PageKey, bool] = DataLoader(self._grouped(self._beyond))

    def _grouped(
        self, read: Callable[[Connection, Sequence[PageKey]], Awaitable[Sequence[Value]]]
    ) -> Callable[[list[PageKey]], Awaitable[Sequence[Value]]]:
        async def load(keys: list[PageKey]) -> Sequence[Value]:
            alike: dict[PageKey, list[PageKey]] = {}
            for key in keys:
                alike.setdefault(key.kind, []).append(key)
            found: dict[PageKey, Value] = {}
            for group in alike.values():
                async with self._database.read() as connection:
                    found.update(zip(group, await read(connection, group), strict=True))
            return [found[key] for key in keys]

        return load

    def _of(self, keys: Sequence[PageKey]) -> Listing[Row]:
        return self.listing(keys[0].partner_id, [key.parent_id for key in keys], keys[0].chosen)

    async def _pages(self, connection: Connection, keys: Sequence[PageKey]) -> Sequence[Slice[Row]]:
        found = await listings.pages(connection, self._of(keys), keys[0].window)
        return [found.get(key.parent_id, Slice([], more=False)) for key in keys]

    async def _counts(self, connection: Connection, keys: Sequence[PageKey]) -> Sequence[int]:
        found = await listings.counts(connection, self._of(keys))
        return [found.get(key.parent_id, 0) for key in keys]

    async def _beyond(self, connection: Connection, keys: Sequence[PageKey]) -> Sequence[bool]:
        found = await listings.parents_beyond(connection, self._of(keys), keys[0].window)
        return [key.parent_id in found for key in keys]


class Loaders:
    """The loaders of one request, named by what a key of theirs leads to."""

    def __init__(self, database: Database) -> None:
        """Begin with nothing loaded."""
        self._database = database
        self.client: DataLoader[Key, ClientRow | None] = self._by_id(clients.by_ids)
        self.activation: DataLoader[Key, ActivationRow | None] = self._by_id(activations.by_ids)
        self.order: DataLoader[Key, OrderRow | None] = self._by_id(orders.by_ids)
        self.order_item: DataLoader[Key, OrderItemRow | None] = self._by_id(orders.items_by_ids)
        self.price_table: DataLoader[Key, PriceTableRow | None] = self._by_id(prices.tables_by_ids)
        self.user: DataLoader[Key, UserRow | None] = self._by_id(access.users_by_ids)
        self.api_token: DataLoader[Key, TokenRow | None] = self._by_id(access.api_tokens_by_ids)
        self.event: DataLoader[Key, EventRow | None] = self._by_id(events.by_ids)
        self.movement: DataLoader[Key, MovementRow | None] = self._by_id(licenses.movements_by_ids)
        self.stock_of_product: DataLoader[Key, StockRow | None] = self._by_id(licenses.by_products)
        self.items_of_order: DataLoader[Key, list[OrderItemRow] | None] = self._by_id(orders.items_of)
        self.held_by_client: DataLoader[Key, list[Released] | None] = self._by_id(_held)
        self.tiers_of_price_table: DataLoader[Key, Mapping[PriceKey, Sequence[Tier]] | None] = self._by_id(_tiers)
        self.product: DataLoader[int, ProductRow | None] = DataLoader(self._products)
        self.partner: DataLoader[int, PartnerRow | None] = DataLoader(self._partners)
        self.price_table_of_partner: DataLoader[int, PriceTableRow | None] = DataLoader(self._price_tables)
        self.activations_of_client = Pages(database, activations.of_clients)
        self.movements_of_product = Pages(
            database, lambda partner, products, _: licenses.movements_of(partner, products)
        )

    def _by_id(self, read: ByIds[Value]) -> DataLoader[Key, Value | None]:
        async def load(keys: list[Key]) -> Sequence[Value | None]:
            ids_of: dict[int, list[int]] = {}
            for partner_id, wanted in keys:
                ids_of.setdefault(partner_id, []).append(wanted)
            found: dict[Key, Value] = {}
            for partner_id, ids in ids_of.items():
                async with self._database.read() as connection:
                    values = await read(connection, partner_id, ids)
                found.update({(partner_id, wanted): value for wanted, value in values.items()})
            return [found.get(key) for key in keys]

        return DataLoader(load)

    async def _products(self, ids: list[int]) -> Sequence[ProductRow | None]:
        async with self._database.read() as connection:
            found = await prices.products_by_ids(connection, ids)
        return [found.get(wanted) for wanted in ids]

    async def _partners(self, ids: list[int]) -> Sequence[PartnerRow | None]:
        async with self._database.read() as connection:
            found = await access.partners_by_ids(connection, ids)
        return [found.get(wanted) for wanted in ids]

    async def _price_tables(self, partner_ids: list[int]) -> Sequence[PriceTableRow | None]:
        async with self._database.read() as connection:
            found = await prices.tables_of(connection, partner_ids)
        return [found.get(wanted) for wanted in partner_ids]


async def _held(connection: Connection, partner_id: int, client_ids: Sequence[int]) -> Mapping[int, list[Released]]:
    by_client: dict[int, list[Released]] = {}
    for row in await activations.held(connection, partner_id, client_ids):
        by_client.setdefault(row.client_id, []).append(row)
    return by_client


async def _tiers(
    connection: Connection, partner_id: int, price_table_ids: Sequence[int]
) -> Mapping[int, Mapping[PriceKey, Sequence[Tier]]]:
    # A partner has one price table, so this is one statement.
    return {table_id: await prices.tiers(connection, partner_id, table_id) for table_id in price_table_ids}
