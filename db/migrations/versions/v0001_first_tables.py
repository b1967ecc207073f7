"""The portal's first tables.

Revision ID: 0001
Revises: nothing, it is the first
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "partners",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cnpj", sa.String(length=14), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("cnpj", name=op.f("uq_partners_cnpj")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "products",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("code", BYTEWISE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("included_seats", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("included_seats >= 0", name=op.f("ck_products_included_seats")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("code", name=op.f("uq_products_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("email_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failure_at", INSTANT, nullable=False),
        sa.Column("blocked_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("email_digest", name=op.f("pk_sign_in_attempts")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("partner_id", ID, autoincrement=False, nullable=False),
        sa.Column("mutation", sa.String(length=64), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("input_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_idempotency_keys_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", "mutation", "key_digest", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_partner_id_created_at", "idempotency_keys", ["partner_id", "created_at"])
    op.create_table(
        "license_stock",
        sa.Column("partner_id", ID, autoincrement=False, nullable=False),
        sa.Column("product_id", ID, autoincrement=False, nullable=False),
        sa.Column("purchased", sa.Integer(), nullable=False),
        sa.Column("bonus", sa.Integer(), nullable=False),
        sa.Column("activated", sa.Integer(), nullable=False),
        sa.Column("additional_seats_total", sa.Integer(), nullable=False),
        sa.Column("additional_seats_allocated", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "activated >= 0 AND activated <= purchased + bonus", name=op.f("ck_license_stock_activated")
        ),
        sa.CheckConstraint(
            "additional_seats_allocated >= 0 AND additional_seats_allocated <= additional_seats_total",
            name=op.f("ck_license_stock_allocated"),
        ),
        sa.CheckConstraint("purchased >= 0 AND bonus >= 0", name=op.f("ck_license_stock_bought")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_license_stock_partner_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_license_stock_product_id")),
        sa.PrimaryKeyConstraint("partner_id", "product_id", name=op.f("pk_license_stock")),
    )
    op.create_table(
        "partner_counters",
        sa.Column("partner_id", ID, autoincrement=False, nullable=False),
        sa.Column("order_number", sa.Integer(), nullable=False),
        sa.Column("event_number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_partner_counters_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_partner_counters")),
    )
    op.create_table(
        "price_tables",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_price_tables_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_tables")),
        sa.UniqueConstraint("partner_id", name=op.f("uq_price_tables_partner_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("email", BYTEWISE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_users_partner_id")),
        sa.CheckConstraint("role IN ('VIEWER', 'OPERATOR', 'MANAGER')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_users_partner_id_id", "users", ["partner_id", "id"])
    op.create_table(
        "clients",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("cnpj", BYTEWISE, nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("name_folded", BYTEWISE, nullable=False),
        sa.Column("trade_name", sa.Text(), nullable=True),
        sa.Column("trade_name_folded", BYTEWISE, nullable=False),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("city_folded", BYTEWISE, nullable=False),
        sa.Column("state", sa.String(length=2), nullable=True),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("cancelled_at", INSTANT, nullable=True),
        sa.Column("cancelled_by_id", ID, nullable=True),
        sa.Column("cancellation_note", sa.Text(), nullable=True),
        sa.CheckConstraint("(status = 'CANCELLED') = (cnpj IS NULL)", name=op.f("ck_clients_cancelled_without_cnpj")),
        sa.CheckConstraint("(cnpj IS NULL) = (name IS NULL)", name=op.f("ck_clients_named_unless_cancelled")),
        sa.ForeignKeyConstraint(["cancelled_by_id"], ["users.id"], name=op.f("fk_clients_cancelled_by_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_clients_partner_id")),
        sa.CheckConstraint("status IN ('ACTIVE', 'CANCELLED')", name=op.f("ck_clients_client_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sa.UniqueConstraint("partner_id", "cnpj", name=op.f("uq_clients_partner_id_cnpj")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_clients_partner_id_name_folded_id", "clients", ["partner_id", "name_folded", "id"])
    op.create_index("ix_clients_partner_id_registered_at_id", "clients", ["partner_id", "registered_at", "id"])
    op.create_table(
        "orders",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("price_table_id", ID, nullable=False),
        sa.Column("monthly_total", sa.BigInteger(), nullable=False),
        sa.Column("setup_fee_total", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by_id", ID, nullable=False),
        sa.Column("approved_at", INSTANT, nullable=True),
        sa.Column("approved_by_id", ID, nullable=True),
        sa.Column("cancelled_at", INSTANT, nullable=True),
        sa.Column("cancelled_by_id", ID, nullable=True),
        sa.Column("cancellation_note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'CANCELLED') = (cancelled_at IS NOT NULL)", name=op.f("ck_orders_cancelled_with_time")
        ),
        sa.CheckConstraint(
            "(status = 'COMPLETED') = (approved_at IS NOT NULL)", name=op.f("ck_orders_completed_when_approved")
        ),
        sa.ForeignKeyConstraint(["approved_by_id"], ["users.id"], name=op.f("fk_orders_approved_by_id")),
        sa.ForeignKeyConstraint(["cancelled_by_id"], ["users.id"], name=op.f("fk_orders_cancelled_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_orders_created_by_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_orders_partner_id")),
        sa.ForeignKeyConstraint(["price_table_id"], ["price_tables.id"], name=op.f("fk_orders_price_table_id")),
        sa.CheckConstraint("type IN ('PURCHASE', 'ADDITIONAL_SEATS')", name=op.f("ck_orders_order_type")),
        sa.CheckConstraint("status IN ('PENDING', 'COMPLETED', 'CANCELLED')", name=op.f("ck_orders_order_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("partner_id", "number", name=op.f("uq_orders_partner_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_orders_partner_id_created_at_id", "orders", ["partner_id", "created_at", "id"])
    op.create_table(
        "price_tiers",
        sa.Column("partner_id", ID, autoincrement=False, nullable=False),
        sa.Column("price_table_id", ID, autoincrement=False, nullable=False),
        sa.Column("product_id", ID, autoincrement=False, nullable=False),
        sa.Column("order_type", sa.String(32), nullable=False),
        sa.Column("minimum_quantity", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit_monthly_price", sa.BigInteger(), nullable=False),
        sa.Column("unit_setup_fee", sa.BigInteger(), nullable=False),
        sa.Column("bonus_quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("bonus_quantity BETWEEN 0 AND 10000", name=op.f("ck_price_tiers_bonus_quantity")),
        sa.CheckConstraint("minimum_quantity BETWEEN 1 AND 10000", name=op.f("ck_price_tiers_minimum_quantity")),
        sa.CheckConstraint(
            "unit_monthly_price BETWEEN 0 AND 9999999999", name=op.f("ck_price_tiers_unit_monthly_price")
        ),
        sa.CheckConstraint("unit_setup_fee BETWEEN 0 AND 9999999999", name=op.f("ck_price_tiers_unit_setup_fee")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_price_tiers_partner_id")),
        sa.ForeignKeyConstraint(["price_table_id"], ["price_tables.id"], name=op.f("fk_price_tiers_price_table_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_price_tiers_product_id")),
        sa.CheckConstraint("order_type IN ('PURCHASE', 'ADDITIONAL_SEATS')", name=op.f("ck_price_tiers_order_type")),
        sa.PrimaryKeyConstraint(
            "partner_id", "price_table_id", "product_id", "order_type", "minimum_quantity", name=op.f("pk_price_tiers")
        ),
    )
    op.create_table(
        "tokens",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_tokens_partner_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tokens_user_id")),
        sa.CheckConstraint("kind IN ('SESSION', 'API')", name=op.f("ck_tokens_token_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tokens_partner_id_kind_id", "tokens", ["partner_id", "kind", "id"])
    op.create_table(
        "activations",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("client_id", ID, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("authorization_code", BYTEWISE, nullable=False),
        sa.Column("activation_key", BYTEWISE, nullable=False),
        sa.Column("ecf_serial_number", BYTEWISE, nullable=True),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("additional_seats", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("client_name_folded", BYTEWISE, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("activated_at", INSTANT, nullable=False),
        sa.Column("activated_by_id", ID, nullable=False),
        sa.Column("cancelled_at", INSTANT, nullable=True),
        sa.Column("cancelled_by_id", ID, nullable=True),
        sa.Column("cancellation_reason", sa.String(32), nullable=True),
        sa.Column("cancellation_note", sa.Text(), nullable=True),
        sa.Column("moved_to_id", ID, nullable=True),
        sa.CheckConstraint(
            "(status = 'CANCELLED') = (cancellation_reason IS NOT NULL)",
            name=op.f("ck_activations_cancelled_with_reason"),
        ),
        sa.CheckConstraint(
            "(status = 'CANCELLED') = (cancelled_at IS NOT NULL)", name=op.f("ck_activations_cancelled_with_time")
        ),
        sa.CheckConstraint("additional_seats >= 0 AND seats >= additional_seats", name=op.f("ck_activations_seats")),
        sa.ForeignKeyConstraint(["activated_by_id"], ["users.id"], name=op.f("fk_activations_activated_by_id")),
        sa.ForeignKeyConstraint(["cancelled_by_id"], ["users.id"], name=op.f("fk_activations_cancelled_by_id")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_activations_client_id")),
        sa.ForeignKeyConstraint(["moved_to_id"], ["activations.id"], name=op.f("fk_activations_moved_to_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_activations_partner_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_activations_product_id")),
        sa.CheckConstraint("status IN ('ACTIVE', 'CANCELLED')", name=op.f("ck_activations_activation_status")),
        sa.CheckConstraint(
            "cancellation_reason IN ('ACTIVATION_CANCELLED', 'CLIENT_CANCELLED', 'MOVED')",
            name=op.f("ck_activations_activation_cancellation_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activations")),
        sa.UniqueConstraint(
            "partner_id", "authorization_code", name=op.f("uq_activations_partner_id_authorization_code")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_activations_partner_id_activated_at_id", "activations", ["partner_id", "activated_at", "id"])
    op.create_index("ix_activations_partner_id_activation_key", "activations", ["partner_id", "activation_key"])
    op.create_index(
        "ix_activations_partner_id_client_id_activated_at_id",
        "activations",
        ["partner_id", "client_id", "activated_at", "id"],
    )
    op.create_index(
        "ix_activations_partner_id_client_name_folded_id", "activations", ["partner_id", "client_name_folded", "id"]
    )
    op.create_index("ix_activations_partner_id_ecf_serial_number", "activations", ["partner_id", "ecf_serial_number"])
    op.create_index(
        "uq_activations_active_key",
        "activations",
        ["partner_id", "client_id", "product_id", "activation_key"],
        unique=True,
        sqlite_where=sa.text("status = 'ACTIVE'"),
        postgresql_where=sa.text("status = 'ACTIVE'"),
    )
    op.create_table(
        "order_items",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("bonus_quantity", sa.Integer(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("unit_monthly_price", sa.BigInteger(), nullable=False),
        sa.Column("unit_setup_fee", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity BETWEEN 1 AND 10000", name=op.f("ck_order_items_quantity")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_items_order_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_order_items_partner_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_order_items_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_items")),
        sa.UniqueConstraint(
            "partner_id", "order_id", "product_id", name=op.f("uq_order_items_partner_id_order_id_product_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "events",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("client_id", ID, nullable=True),
        sa.Column("activation_id", ID, nullable=True),
        sa.Column("order_id", ID, nullable=True),
        sa.Column("token_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["activation_id"], ["activations.id"], name=op.f("fk_events_activation_id")),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_events_actor_id")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_events_client_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_events_order_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_events_partner_id")),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name=op.f("fk_events_token_id")),
        sa.CheckConstraint(
            "type IN ('CLIENT_REGISTERED', 'CLIENT_UPDATED', 'CLIENT_CANCELLED', 'LICENSE_ACTIVATED', "
            "'ACTIVATION_CANCELLED', 'ACTIVATION_MOVED', 'ORDER_CREATED', 'ORDER_APPROVED', 'ORDER_CANCELLED', "
            "'TOKEN_CREATED', 'TOKEN_REVOKED')",
            name=op.f("ck_events_event_type"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("partner_id", "number", name=op.f("uq_events_partner_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_partner_id_client_id_number", "events", ["partner_id", "client_id", "number"])
    op.create_index("ix_events_partner_id_order_id_number", "events", ["partner_id", "order_id", "number"])
    op.create_table(
        "stock_movements",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("order_id", ID, nullable=True),
        sa.Column("activation_id", ID, nullable=True),
        sa.Column("purchased", sa.Integer(), nullable=False),
        sa.Column("bonus", sa.Integer(), nullable=False),
        sa.Column("activated", sa.Integer(), nullable=False),
        sa.Column("additional_seats_total", sa.Integer(), nullable=False),
        sa.Column("additional_seats_allocated", sa.Integer(), nullable=False),
        sa.CheckConstraint("(order_id IS NULL) <> (activation_id IS NULL)", name=op.f("ck_stock_movements_one_cause")),
        sa.ForeignKeyConstraint(["activation_id"], ["activations.id"], name=op.f("fk_stock_movements_activation_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_stock_movements_order_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_stock_movements_partner_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_stock_movements_product_id")),
        sa.CheckConstraint(
            "type IN ('ORDER_APPROVED', 'ACTIVATED', 'RELEASED')", name=op.f("ck_stock_movements_stock_movement_type")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movements")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_stock_movements_partner_id_product_id_occurred_at_id",
        "stock_movements",
        ["partner_id", "product_id", "occurred_at", "id"],
    )
