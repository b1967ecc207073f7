"""Dataloaders of one scope, which is part of each of their statements."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from db import (
    access,
    activations,
    clients,
    events,
    holdings,
    identities,
    invitations,
    licenses,
    orders,
    partners,
    price_tables,
    price_versions,
    prices,
    users,
    webhook_deliveries,
    webhooks,
)
from db.access import TokenRow, UserRow
from db.activations import ActivationRow
from db.clients import ClientRow
from db.engine import Connection, Database
from db.engine.listings import Listing
from db.engine.statement import Columns
from db.events import EventRow
from db.holdings import Released
from db.invitations import InvitationRow
from db.licenses import MovementRow, StockKey, StockRow
from db.orders import OrderItemRow, OrderRow
from db.partners import PartnerRow
from db.price_tables import PriceTableRow
from db.price_versions import VersionRow
from db.prices import ProductRow
from db.webhook_deliveries import DeliveryRow
from db.webhooks import WebhookRow
from domain.price_tables import Tiers
from domain.tenancy import Scope
from resolvers.dataloader import Loader
from resolvers.page_loaders import Pages

Value = TypeVar("Value")
Row = TypeVar("Row", bound=tuple[Any, ...])
Key = TypeVar("Key", bound=Hashable)
Load = Callable[[Connection, list[Key], Columns], Awaitable[Mapping[Key, Value]]]
ByIds = Callable[[Connection, Scope, Sequence[Key]], Awaitable[Mapping[Key, Value]]]


class made_once(Generic[Value]):  # noqa: N801 — it is used as a function is.
    """Attribute that is computed at its first use.

    `functools.cached_property` takes a lock each time before Python 3.12, which costs more than a loader does.
    """

    def __init__(self, make: Callable[[Any], Value]) -> None:
        """Take the function that computes it."""
        self.make, self._name = make, make.__name__
        self.__doc__ = make.__doc__

    def __get__(self, instance: Any, _owner: type[Any]) -> Value:  # noqa: ANN401 — of any class.
        """Compute it, and store it on the object, where the next access finds it."""
        made = instance.__dict__[self._name] = self.make(instance)
        return made


class Loaders:
    """Loaders of one scope for one request, named by the objects of their keys."""

    def __init__(self, database: Database, scope: Scope, now: Callable[[], datetime]) -> None:
        """Start empty."""
        self._database, self._scope, self._now = database, scope, now

    @made_once
    def client(self) -> Loader[int, ClientRow]:
        """Clients."""
        return self._wide(clients.by_ids)

    @made_once
    def activation(self) -> Loader[int, ActivationRow]:
        """Activations."""
        return self._wide(activations.by_ids)

    @made_once
    def order(self) -> Loader[int, OrderRow]:
        """Orders."""
        return self._by_id(orders.by_ids)

    @made_once
    def order_item(self) -> Loader[int, OrderItemRow]:
        """Lines of orders."""
        return self._by_id(orders.items_by_ids)

    @made_once
    def price_table(self) -> Loader[int, PriceTableRow]:
        """Price tables."""
        return self._by_id(price_tables.by_ids)

    @made_once
    def user(self) -> Loader[int, UserRow]:
        """Users of the scope, and those of the vendor, who act on behalf of partners."""
        return self._by_id(access.users_by_ids)

    @made_once
    def identity_linked_at(self) -> Loader[int, datetime]:
        """Since when users have an identity of the provider."""
        return self._by_id(identities.linked_at)

    @made_once
    def api_token(self) -> Loader[int, TokenRow]:
        """API tokens."""
        return self._by_id(access.api_tokens_by_ids)

    @made_once
    def invitation(self) -> Loader[int, InvitationRow]:
        """Pending invitations."""
        return self._by_id(invitations.by_ids)

    @made_once
    def webhook(self) -> Loader[int, WebhookRow]:
        """Webhooks."""
        return self._by_id(webhooks.by_ids)

    @made_once
    def webhook_delivery(self) -> Loader[int, DeliveryRow]:
        """Deliveries of webhooks."""
        return self._by_id(webhook_deliveries.by_ids)

    @made_once
    def deliveries_of_webhook(self) -> Pages[DeliveryRow]:
        """Pages of a webhook's deliveries."""
        return Pages(self._database, _without_choice(webhook_deliveries.of_webhooks))

    @made_once
    def event(self) -> Loader[int, EventRow]:
        """Events."""
        return self._by_id(events.by_ids)

    @made_once
    def movement(self) -> Loader[int, MovementRow]:
        """Lines of the ledger."""
        return self._by_id(licenses.movements_by_ids)

    @made_once
    def stock(self) -> Loader[StockKey, StockRow]:
        """The stock of a product, by partner and product."""
        return Loader(self._database, self._of_scope(licenses.by_keys))

    @made_once
    def stock_of_partner(self) -> Loader[int, list[StockRow]]:
        """The stock of every product that a partner has bought."""
        return self._by_id(licenses.of_partners)

    @made_once
    def items_of_order(self) -> Loader[int, list[OrderItemRow]]:
        """The lines of an order."""
        return self._by_id(orders.items_of)

    @made_once
    def held_by_client(self) -> Loader[int, list[Released]]:
        """What a client's active activations hold of each product."""
        return self._by_id(_held)

    @made_once
    def released_by_client(self) -> Loader[int, list[Released]]:
        """What the cancellation of a client gave back of each product."""
        return self._by_id(_released)

    @made_once
    def tiers_of_price_table(self) -> Loader[int, Tiers]:
        """The tiers of a price table that are in force."""
        return self._by_id(self._in_force(prices.tiers_of_tables))

    @made_once
    def tiers_of_version(self) -> Loader[int, Tiers]:
        """The tiers of a version of a price table."""
        return self._by_id(prices.tiers_of_versions)

    @made_once
    def price_table_version(self) -> Loader[int, VersionRow]:
        """Versions of price tables."""
        return self._by_id(price_versions.by_ids)

    @made_once
    def versions_of_price_table(self) -> Loader[int, list[VersionRow]]:
        """The versions of a price table, newest first."""
        return self._by_id(price_versions.of_tables)

    @made_once
    def version_in_force(self) -> Loader[int, VersionRow]:
        """The version of a price table that is in force."""
        return self._by_id(self._in_force(price_versions.in_force_of_tables))

    @made_once
    def product(self) -> Loader[int, ProductRow]:
        """Products, which are the vendor's."""
        return self._shared(prices.products_by_ids)

    @made_once
    def partner(self) -> Loader[int, PartnerRow]:
        """Partners."""
        return self._by_id(partners.by_ids)

    @made_once
    def price_table_of_partner(self) -> Loader[int, PriceTableRow]:
        """The preselected price table of a partner."""
        return self._by_id(price_tables.preselected_of_partners)

    @made_once
    def price_tables_of_partner(self) -> Loader[int, list[PriceTableRow]]:
        """The price tables that a partner buys by, the preselected one first."""
        return self._by_id(price_tables.of_partners)

    @made_once
    def activations_of_client(self) -> Pages[ActivationRow]:
        """Pages of a client's activations."""
        return Pages(self._database, activations.of_clients)

    @made_once
    def movements_of_stock(self) -> Pages[MovementRow]:
        """Pages of the ledger of a stock, by its number."""
        return Pages(self._database, _without_choice(licenses.movements_of))

    @made_once
    def clients_of_partner(self) -> Pages[ClientRow]:
        """Pages of a partner's clients."""
        return Pages(self._database, clients.of_partners, of_partners=True)

    @made_once
    def activations_of_partner(self) -> Pages[ActivationRow]:
        """Pages of a partner's activations."""
        return Pages(self._database, activations.of_partners, of_partners=True)

    @made_once
    def orders_of_partner(self) -> Pages[OrderRow]:
        """Pages of a partner's orders."""
        return Pages(self._database, orders.of_partners, of_partners=True)

    @made_once
    def events_of_partner(self) -> Pages[EventRow]:
        """Pages of a partner's events."""
        return Pages(self._database, _without_choice(events.of_partners), of_partners=True)

    @made_once
    def users_of_partner(self) -> Pages[UserRow]:
        """Pages of a partner's users."""
        return Pages(self._database, _without_choice(users.of_partners), of_partners=True)

    def _wide(
        self, read: Callable[[Connection, Scope, Sequence[int], Columns], Awaitable[Mapping[int, Value]]]
    ) -> Loader[int, Value]:
        """Return a loader of rows with many columns, which can read some of them."""
        scope = self._scope

        async def load(connection: Connection, ids: list[int], columns: Columns) -> Mapping[int, Value]:
            return await read(connection, scope, ids, columns)

        return Loader(self._database, load, wide=True)

    def _by_id(self, read: ByIds[int, Value]) -> Loader[int, Value]:
        return Loader(self._database, self._of_scope(read))

    def _of_scope(self, read: ByIds[Key, Value]) -> Load[Key, Value]:
        scope = self._scope

        async def load(connection: Connection, keys: list[Key], _columns: Columns) -> Mapping[Key, Value]:
            return await read(connection, scope, keys)

        return load

    def _in_force(self, read: Callable[..., Awaitable[Mapping[int, Value]]]) -> ByIds[int, Value]:
        """Return a read of what is in force now."""
        now = self._now

        async def of_now(connection: Connection, scope: Scope, ids: Sequence[int]) -> Mapping[int, Value]:
            return await read(connection, scope, ids, at=now())

        return of_now

    def _shared(
        self, read: Callable[[Connection, Sequence[int]], Awaitable[Mapping[int, Value]]]
    ) -> Loader[int, Value]:
        async def load(connection: Connection, ids: list[int], _columns: Columns) -> Mapping[int, Value]:
            return await read(connection, ids)

        return Loader(self._database, load)


async def _held(connection: Connection, scope: Scope, client_ids: Sequence[int]) -> Mapping[int, list[Released]]:
    return _by_client(await holdings.held(connection, scope, client_ids))


async def _released(connection: Connection, scope: Scope, client_ids: Sequence[int]) -> Mapping[int, list[Released]]:
    return _by_client(await holdings.released(connection, scope, client_ids))


def _by_client(rows: Sequence[Released]) -> Mapping[int, list[Released]]:
    by_client: dict[int, list[Released]] = {}
    for row in rows:
        by_client.setdefault(row.client_id, []).append(row)
    return by_client


def _without_choice(
    listing: Callable[[Scope, Sequence[int]], Listing[Row]],
) -> Callable[[Scope, Sequence[int], object], Listing[Row]]:
    return lambda scope, parent_ids, _chosen: listing(scope, parent_ids)
