"""The events of a partner."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, UniqueConstraint

from db.engine.column_types import Id, Instant
from db.tables.columns import (
    hash_of,
    id_within_partner,
    of_some,
    one_of,
    person,
    reference,
    reference_within_partner,
    table,
)
from domain.events import EventType
from domain.exports import ExportList

events = table(
    "events",
    *id_within_partner(found_on_sqlite=False),
    Column("number", sa.BigInteger, nullable=False),
    *one_of("type", EventType),
    Column("occurred_at", Instant, nullable=False),
    person("actor_id", nullable=True),
    *reference_within_partner("client_id", "clients", nullable=True),
    *reference_within_partner("activation_id", "activations", nullable=True),
    *reference_within_partner("order_id", "orders", nullable=True),
    *reference_within_partner("token_id", "tokens", nullable=True),
    reference("product_id", "products", nullable=True),
    *reference_within_partner("user_id", "users", nullable=True),
    reference("price_table_id", "price_tables", nullable=True),
    # No foreign key: an event outlives a deleted webhook.
    Column("webhook_id", Id),
    Column("erased", sa.Text),
    *one_of("exported_list", ExportList, nullable=True),
    hash_of("hash"),
    UniqueConstraint("partner_id", "number"),
    Index(None, "partner_id", "actor_id", "number"),
    *(
        of_some(f"{thing}_id", "number")
        for thing in ("client", "order", "product", "activation", "user", "token", "price_table", "webhook")
    ),
)
