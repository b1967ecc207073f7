"""Dataloaders of one scope, which is part of each of their statements."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

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
from db.engine import Connection, Database
from db.holdings import Released
from domain.tenancy import Scope
from resolvers.loading import (
    pages,
    row_by_id,
    row_by_key,
    row_in_force,
    rows_by_id,
    rows_in_force,
    shared,
    unfiltered,
    value_by_id,
    wide_row_by_id,
)


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
    user = row_by_id(access.users_by_ids)
    """Users of the scope, and those of the vendor, who act on behalf of partners."""
    identity_linked_at = value_by_id(identities.linked_at)
    """Since when users have an identity of the provider."""
    api_token = row_by_id(access.api_tokens_by_ids)
    invitation = row_by_id(invitations.by_ids)
    """Pending invitations."""
    webhook = row_by_id(webhooks.by_ids)
    webhook_delivery = row_by_id(webhook_deliveries.by_ids)
    event = row_by_id(events.by_ids)
    movement = row_by_id(licenses.movements_by_ids)
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
    tiers_of_price_table = rows_in_force(prices.tiers_of_tables)
    """The tiers of a price table that are in force."""
    tiers_of_version = rows_by_id(prices.tiers_of_versions)
    price_table_version = row_by_id(price_versions.by_ids)
    versions_of_price_table = rows_by_id(price_versions.of_tables)
    """The versions of a price table, newest first."""
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
    movements_of_stock = pages(unfiltered(licenses.movements_of))
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
