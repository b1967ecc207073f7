"""Tables. Each table of a partner's objects has partner_id in its keys and at the front of its indexes.

The vendor is a row of `partners` too, so that its users, tokens and idempotency keys are stored as a partner's.
"""

from db.tables.access import (
    identities,
    invitations,
    password_resets,
    recovery_codes,
    sign_in_attempts,
    sign_in_challenges,
    tokens,
    totp_secrets,
    unlinked_identities,
    users,
)
from db.tables.activations import activations, clients
from db.tables.columns import metadata
from db.tables.events import events
from db.tables.orders import license_stock, order_items, orders, stock_movements
from db.tables.partners import idempotency_keys, partner_counters, partners, trusted_documents
from db.tables.prices import partner_price_tables, price_table_versions, price_tables, price_tiers, products
from db.tables.rates import rate_buckets
from db.tables.webhooks import webhook_deliveries, webhooks

__all__ = [
    "activations",
    "clients",
    "events",
    "idempotency_keys",
    "identities",
    "invitations",
    "license_stock",
    "metadata",
    "order_items",
    "orders",
    "partner_counters",
    "partner_price_tables",
    "partners",
    "password_resets",
    "price_table_versions",
    "price_tables",
    "price_tiers",
    "products",
    "rate_buckets",
    "recovery_codes",
    "sign_in_attempts",
    "sign_in_challenges",
    "stock_movements",
    "tokens",
    "totp_secrets",
    "trusted_documents",
    "unlinked_identities",
    "users",
    "webhook_deliveries",
    "webhooks",
]
