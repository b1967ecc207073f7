"""Dataloaders of one scope, which is part of each of their statements.

A declaration says what a loader reads by which keys; the loader is made at its first use in a request.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

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
    stock_movements,
    users,
    webhook_deliveries,
    webhooks,
)
from db.engine import Connection, Database
from db.engine.listings import Listing
from db.holdings import Released
from domain.tenancy import Scope
from resolvers.dataloader import Loader, Read, ReadColumns, WideLoader
from resolvers.page_loaders import Pages

Made = TypeVar("Made")
Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)
Row = TypeVar("Row", bound=tuple[Any, ...])
Key = TypeVar("Key", bound=Hashable)

ONE_ROW, LISTS, PAGES = "one row", "lists of rows", "pages"
"""What loaders of relations have, in the words of an error."""


class ReadAt(Protocol[Value_co]):
    """Read of what depends on the time."""

    def __call__(
        self, connection: Connection, scope: Scope, ids: Sequence[int], /, *, at: datetime
    ) -> Awaitable[Mapping[int, Value_co]]:
        """Return the values that the ids have."""


class Declared(Generic[Made]):
    """Attribute with a loader, which is made at its first use.

    `functools.cached_property` takes a lock each time before Python 3.12, which costs more than a loader does.
    """

    def __init__(self, loads: str, make: Callable[["Loaders"], Made]) -> None:
        """Take what the loader has, in the words of an error, and the function that makes it."""
        self.loads, self._make, self._name = loads, make, ""

    def __set_name__(self, _owner: type[Any], name: str) -> None:
        """Take the attribute's name."""
        self._name = name

    def __get__(self, instance: "Loaders", _owner: type[Any]) -> Made:
        """Make it, and store it on the object, where the next access finds it."""
        made = instance.__dict__[self._name] = self._make(instance)
        return made


def row_by_id(read: Read[int, Value]) -> Declared[Loader[int, Value]]:
    """Declare a loader of one row for each id."""
    return Declared(ONE_ROW, _by(read))


def wide_row_by_id(read: ReadColumns[Value]) -> Declared[Loader[int, Value]]:
    """Declare a loader of one row with many columns for each id, which reads those that a query selects."""
    return Declared(ONE_ROW, lambda of: WideLoader(of.database, of.scope, read))


def row_in_force(read: ReadAt[Value]) -> Declared[Loader[int, Value]]:
    """Declare a loader of the row that is in force of each id."""
    return Declared(ONE_ROW, _now_by(read))


def rows_by_id(read: Read[int, Value]) -> Declared[Loader[int, Value]]:
    """Declare a loader of the rows that each id has."""
    return Declared(LISTS, _by(read))


def rows_at_present(read: ReadAt[Value]) -> Declared[Loader[int, Value]]:
    """Declare a loader of the rows that each id has, which depend on the time."""
    return Declared(LISTS, _now_by(read))


def value_by_id(read: Read[int, Value]) -> Declared[Loader[int, Value]]:
    """Declare a loader of a value for each id, which is no row: no relation has it."""
    return Declared("a value", _by(read))


def row_by_key(read: Read[Key, Value]) -> Declared[Loader[Key, Value]]:
    """Declare a loader of one row for each key, which is no id: no relation has it."""
    return Declared("one row by a key that is no id", _by(read))


def pages(
    listing: Callable[[Scope, Sequence[int], Any], Listing[Row]], *, of_partners: bool = False
) -> Declared[Pages[Row]]:
    """Declare a loader of pages of the list that each parent has."""
    return Declared(PAGES, lambda of: Pages(of.database, listing, of_partners=of_partners))


def shared(read: Callable[[Connection, Sequence[int]], Awaitable[Mapping[int, Value]]]) -> Read[int, Value]:
    """Return a read of what belongs to no partner."""
    return lambda connection, _scope, ids: read(connection, ids)


def unfiltered(
    listing: Callable[[Scope, Sequence[int]], Listing[Row]],
) -> Callable[[Scope, Sequence[int], object], Listing[Row]]:
    """Return a listing that takes a filter and has none."""
    return lambda scope, parent_ids, _chosen: listing(scope, parent_ids)


def _by(read: Read[Key, Value]) -> Callable[["Loaders"], Loader[Key, Value]]:
    return lambda of: Loader(of.database, of.scope, read)


def _now_by(read: ReadAt[Value]) -> Callable[["Loaders"], Loader[int, Value]]:
    def make(of: "Loaders") -> Loader[int, Value]:
        now = of.now

        async def read_now(connection: Connection, scope: Scope, ids: Sequence[int]) -> Mapping[int, Value]:
            return await read(connection, scope, ids, at=now())

        return Loader(of.database, of.scope, read_now)

    return make


async def _held(connection: Connection, scope: Scope, client_ids: Sequence[int]) -> Mapping[int, list[Released]]:
    return _by_client(await holdings.held(connection, scope, client_ids))


async def _released(connection: Connection, scope: Scope, client_ids: Sequence[int]) -> Mapping[int, list[Released]]:
    return _by_client(await holdings.released(connection, scope, client_ids))


def _by_client(rows: Sequence[Released]) -> Mapping[int, list[Released]]:
    by_client: dict[int, list[Released]] = {}
    for row in rows:
        by_client.setdefault(row.client_id, []).append(row)
    return by_client


class Loaders:
    """Loaders of one scope for one request, named by the objects of their keys."""

    client = wide_row_by_id(clients.by_ids)
    activation = wide_row_by_id(activations.by_ids)
    order = row_by_id(orders.by_ids)
    order_item = row_by_id(orders.items_by_ids)
    """Lines of orders."""
    price_table = row_by_id(price_tables.by_ids)
    user = row_by_id(users.by_ids)
    """Users of the scope, and those of the vendor, who act on behalf of partners."""
    identity_linked_at = value_by_id(identities.linked_at)
    """Since when users have an identity of the provider."""
    api_token = row_by_id(access.api_tokens_by_ids)
    invitation = row_by_id(invitations.by_ids)
    """Pending invitations."""
    webhook = row_by_id(webhooks.by_ids)
    webhook_delivery = row_by_id(webhook_deliveries.by_ids)
    event = row_by_id(events.by_ids)
    movement = row_by_id(stock_movements.by_ids)
    """Lines of the ledger."""
    stock = row_by_key(licenses.by_keys)
    """The stock of a product, by partner and product."""
    stock_of_partner = rows_by_id(licenses.of_partners)
    """The stock of every product that a partner has bought."""
    items_of_order = rows_by_id(orders.items_of)
    held_by_client = rows_by_id(_held)
    """What a client's active activations hold of each product."""
    released_by_client = rows_by_id(_released)
    """What the cancellation of a client gave back of each product."""
    tiers_of_price_table = rows_at_present(prices.tiers_of_tables)
    """The tiers of a price table that are in force."""
    tiers_of_version = rows_by_id(prices.tiers_of_versions)
    price_table_version = row_by_id(price_versions.by_ids)
    versions_of_price_table = rows_at_present(price_versions.of_tables)
    """The versions of a price table to list, newest first."""
    version_in_force = row_in_force(price_versions.in_force_of_tables)
    """The version of a price table that is in force."""
    product = row_by_id(shared(prices.products_by_ids))
    """Products, which are the vendor's."""
    partner = row_by_id(partners.by_ids)
    price_table_of_partner = row_by_id(price_tables.preselected_of_partners)
    """The preselected price table of a partner."""
    price_tables_of_partner = rows_by_id(price_tables.of_partners)
    """The price tables that a partner buys by, the preselected one first."""
    activations_of_client = pages(activations.of_clients)
    movements_of_stock = pages(unfiltered(stock_movements.of_stocks))
    """Pages of the ledger of a stock, by its number."""
    clients_of_partner = pages(clients.of_partners, of_partners=True)
    activations_of_partner = pages(activations.of_partners, of_partners=True)
    orders_of_partner = pages(orders.of_partners, of_partners=True)
    events_of_partner = pages(unfiltered(events.of_partners), of_partners=True)
    deliveries_of_webhook = pages(unfiltered(webhook_deliveries.of_webhooks))
    users_of_partner = pages(unfiltered(users.of_partners), of_partners=True)

    def __init__(self, database: Database, scope: Scope, now: Callable[[], datetime]) -> None:
        """Start empty."""
        self.database, self.scope, self.now = database, scope, now
