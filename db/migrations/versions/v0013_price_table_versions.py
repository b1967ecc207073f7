"""Price tables of the vendor with versions, their assignment to partners, and the event of new prices.

Revision ID: 0013
Revises: 0012
"""

import re
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from domain.text import fold

revision = "0013"
down_revision = "0012"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")

TABLES = sa.table("price_tables", sa.column("id", ID), sa.column("name", sa.Text), sa.column("name_folded", BYTEWISE))


def upgrade() -> None:
    """Make the price table of each partner one of the vendor, with one published version and one assignment.

    The version began with the first order by it, so that it covers all of them.
    """
    _assignments()
    _names()
    _versions()
    _tiers()
    _rebuilt("orders", "price_table_version_id", "price_table_versions", nullable=False)
    _rebuilt("events", "price_table_id", "price_tables", nullable=True)


def _assignments() -> None:
    op.create_table(
        "partner_price_tables",
        sa.Column("partner_id", ID, autoincrement=False, nullable=False),
        sa.Column("price_table_id", ID, autoincrement=False, nullable=False),
        sa.Column("preselected", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("active OR NOT preselected", name=op.f("ck_partner_price_tables_preselected_is_active")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_partner_price_tables_partner_id")),
        sa.ForeignKeyConstraint(
            ["price_table_id"], ["price_tables.id"], name=op.f("fk_partner_price_tables_price_table_id")
        ),
        sa.PrimaryKeyConstraint("partner_id", "price_table_id", name=op.f("pk_partner_price_tables")),
    )
    op.create_index("ix_partner_price_tables_price_table_id", "partner_price_tables", ["price_table_id"])
    preselected = sa.text("preselected")
    op.create_index(
        "uq_partner_price_tables_one_preselected",
        "partner_price_tables",
        ["partner_id"],
        unique=True,
        sqlite_where=preselected,
        postgresql_where=preselected,
    )
    op.execute(
        "INSERT INTO partner_price_tables (partner_id, price_table_id, preselected, active) "
        "SELECT partner_id, id, TRUE, TRUE FROM price_tables"
    )


def _names() -> None:
    """Add the partner's name, and the CNPJ if need be, to a name that several tables have."""
    connection = op.get_bind()
    found = connection.execute(
        sa.text(
            "SELECT t.id, t.name, p.name, p.cnpj FROM price_tables t "
            "JOIN partners p ON p.id = t.partner_id ORDER BY t.id"
        )
    ).all()
    alone = {fold(name) for name in (row[1] for row in found)}
    several = {name for name in alone if sum(fold(row[1]) == name for row in found) > 1}
    taken = alone - several
    with op.batch_alter_table("price_tables", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint("uq_price_tables_partner_id", type_="unique")
        batch.drop_constraint("fk_price_tables_partner_id", type_="foreignkey")
        batch.drop_column("partner_id")
        batch.add_column(sa.Column("name_folded", BYTEWISE, nullable=True))
    for table_id, old, partner, cnpj in found:
        name = old
        if fold(old) in several:
            name = f"{old} – {partner}"
            if fold(name) in taken:
                name = f"{old} – {partner} ({cnpj})"
            taken.add(fold(name))
        of_table = sa.update(TABLES).where(TABLES.c.id == table_id)
        connection.execute(of_table.values(name=name, name_folded=fold(name)))
    with op.batch_alter_table("price_tables", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column("name_folded", existing_type=BYTEWISE, nullable=False)
        batch.create_unique_constraint("uq_price_tables_name_folded", ["name_folded"])


def _versions() -> None:
    def published(name: str, column: str) -> sa.CheckConstraint:
        condition = f"(state = 'PUBLISHED') = ({column} IS NOT NULL)"
        return sa.CheckConstraint(condition, name=op.f(f"ck_price_table_versions_{name}"))

    op.create_table(
        "price_table_versions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("price_table_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("begins_at", INSTANT, nullable=True),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("published_by_id", ID, nullable=True),
        sa.Column("tier_count", sa.BigInteger(), nullable=True),
        sa.Column("tier_sum", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('DRAFT', 'PUBLISHED')", name=op.f("ck_price_table_versions_version_state")),
        published("published_with_begin", "begins_at"),
        published("published_with_time", "published_at"),
        published("published_with_count", "tier_count"),
        published("published_with_sum", "tier_sum"),
        sa.ForeignKeyConstraint(
            ["price_table_id"], ["price_tables.id"], name=op.f("fk_price_table_versions_price_table_id")
        ),
        sa.ForeignKeyConstraint(
            ["published_by_id"], ["users.id"], name=op.f("fk_price_table_versions_published_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_table_versions")),
        sa.UniqueConstraint("price_table_id", "number", name=op.f("uq_price_table_versions_price_table_id_number")),
        sqlite_autoincrement=True,
    )
    draft = sa.text("state = 'DRAFT'")
    op.create_index(
        "uq_price_table_versions_one_draft",
        "price_table_versions",
        ["price_table_id"],
        unique=True,
        sqlite_where=draft,
        postgresql_where=draft,
    )
    connection = op.get_bind()
    now: object = datetime.now(UTC)
    if connection.dialect.name == "sqlite":
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    versions = sa.text(
        "INSERT INTO price_table_versions "
        "(price_table_id, number, state, begins_at, published_at, tier_count, tier_sum) "
        "SELECT t.id, 1, 'PUBLISHED', "
        "COALESCE((SELECT min(o.created_at) FROM orders o WHERE o.price_table_id = t.id), :now), :now, "
        "(SELECT count(*) FROM price_tiers p WHERE p.price_table_id = t.id), "
        "(SELECT COALESCE(sum(p.minimum_quantity + p.unit_monthly_price + p.unit_setup_fee + p.bonus_quantity), 0) "
        "FROM price_tiers p WHERE p.price_table_id = t.id) "
        "FROM price_tables t ORDER BY t.id"
    )
    connection.execute(versions.bindparams(sa.bindparam("now", now, INSTANT)))


def _tiers() -> None:
    op.execute("CREATE TABLE price_tiers_before AS SELECT * FROM price_tiers")
    op.drop_table("price_tiers")
    op.create_table(
        "price_tiers",
        sa.Column("version_id", ID, autoincrement=False, nullable=False),
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
        sa.CheckConstraint("order_type IN ('PURCHASE', 'ADDITIONAL_SEATS')", name=op.f("ck_price_tiers_order_type")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_price_tiers_product_id")),
        sa.ForeignKeyConstraint(["version_id"], ["price_table_versions.id"], name=op.f("fk_price_tiers_version_id")),
        sa.PrimaryKeyConstraint(
            "version_id", "product_id", "order_type", "minimum_quantity", name=op.f("pk_price_tiers")
        ),
    )
    columns = "product_id, order_type, minimum_quantity, unit_monthly_price, unit_setup_fee, bonus_quantity"
    op.execute(
        f"INSERT INTO price_tiers (version_id, {columns}) SELECT v.id, {columns} "  # noqa: S608 — our own names.
        "FROM price_tiers_before b JOIN price_table_versions v ON v.price_table_id = b.price_table_id"
    )
    op.drop_table("price_tiers_before")


def _rebuilt(table: str, column: str, target: str, *, nullable: bool) -> None:
    """Add a reference to a table; that of an order is to the only version of its price table."""
    connection = op.get_bind()
    checks = {str(each["name"]): each["sqltext"] for each in sa.inspect(connection).get_check_constraints(table)}
    of_type = "ck_events_event_type"
    types = re.findall(r"'([A-Z_]+)'", checks.get(of_type, ""))
    if types:
        checks[of_type] = f"type IN ({', '.join(map(repr, (*types, 'PRICES_CHANGED')))})"
    op.add_column(table, sa.Column(column, ID, nullable=True))
    if not nullable:
        op.execute(
            "UPDATE orders SET price_table_version_id = "
            "(SELECT v.id FROM price_table_versions v WHERE v.price_table_id = orders.price_table_id)"
        )
    # SQLite gets a new table in the place of this one, which leaves its CHECKs behind.
    on_sqlite = connection.dialect.name == "sqlite"
    with op.batch_alter_table(table, table_kwargs={"sqlite_autoincrement": True}) as batch:
        if not nullable:
            batch.alter_column(column, existing_type=ID, nullable=False)
        batch.create_foreign_key(f"fk_{table}_{column}", target, [column], ["id"])
        if not on_sqlite and types:
            batch.drop_constraint(of_type, type_="check")
        for name in checks if on_sqlite else [of_type] if types else []:
            batch.create_check_constraint(name, checks[name])
