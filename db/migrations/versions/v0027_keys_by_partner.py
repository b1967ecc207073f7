"""Keys by partner: primary keys of the partner and the id, and foreign keys within one partner.

Revision ID: 0027
Revises: 0026
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from db.migrations.revisions import UnfitRowsError

revision = "0027"
down_revision = "0026"

KEYED = (
    *("clients", "activations", "orders", "order_items", "stock_movements", "events", "webhooks"),
    "webhook_deliveries",
)
"""Tables whose primary key is the partner and the id."""

FOUND_ON_SQLITE = ("clients", "activations", "orders")
"""Those to whose rows foreign keys refer; on SQLite the id stays the primary key, which is the rowid."""

LISTED = ("users", "webhooks", "webhook_deliveries")
"""Tables that have an index of both columns already."""

REFERENCES = (
    ("activations", "client_id", "clients"),
    ("activations", "moved_to_id", "activations"),
    ("order_items", "order_id", "orders"),
    ("stock_movements", "order_id", "orders"),
    ("stock_movements", "activation_id", "activations"),
    ("events", "client_id", "clients"),
    ("events", "activation_id", "activations"),
    ("events", "order_id", "orders"),
    ("events", "token_id", "tokens"),
    ("events", "user_id", "users"),
    ("tokens", "user_id", "users"),
    ("totp_secrets", "user_id", "users"),
    ("recovery_codes", "user_id", "users"),
    ("sign_in_challenges", "user_id", "users"),
    ("password_resets", "user_id", "users"),
    ("identities", "user_id", "users"),
)
WITHOUT_ID = ("totp_secrets", "recovery_codes", "sign_in_challenges", "password_resets", "identities")

SHOWN = 10
"""The most rows that a refusal names."""


def upgrade() -> None:
    """Refuse references to other partners' rows, and give each key the partner."""
    across = list(_across_partners())
    if across:
        raise UnfitRowsError(" ".join(across[:SHOWN]))
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite()
    else:
        _on_postgresql()


def _across_partners() -> Iterator[str]:
    for table, column, target in REFERENCES:
        row = column if table in WITHOUT_ID else "id"
        found = op.get_bind().execute(
            sa.text(
                f"SELECT t.partner_id, t.{row}, t.{column}, o.partner_id FROM {table} t "  # noqa: S608 — of constants.
                f"JOIN {target} o ON o.id = t.{column} WHERE o.partner_id <> t.partner_id LIMIT {SHOWN}"
            )
        )
        for partner_id, row_id, referred_id, other_id in found:
            yield (
                f"{table}: the row with {row} {row_id} of partner {partner_id} refers to {column} {referred_id}, "
                f"which is partner {other_id}'s."
            )


def _on_sqlite() -> None:
    for table in LISTED:
        op.drop_index(f"ix_{table}_partner_id_id", table)
    for table in (*LISTED, *FOUND_ON_SQLITE, "tokens"):
        op.create_index(f"ix_{table}_partner_id_id", table, ["partner_id", "id"], unique=True)
    for table in dict.fromkeys(table for table, _, _ in REFERENCES):
        _replace(table)


def _replace(table: str) -> None:
    """Put a table with the new foreign keys in the place of one, which SQLite can't alter."""
    connection = op.get_bind()
    made = "SELECT sql FROM sqlite_master WHERE type = :type AND tbl_name = :name AND sql IS NOT NULL"
    (text,) = connection.scalars(sa.text(made), {"type": "table", "name": table}).all()
    indexes = connection.scalars(sa.text(made), {"type": "index", "name": table}).all()
    for of, column, target in REFERENCES:
        if of == table:
            former = f"CONSTRAINT fk_{table}_{column} FOREIGN KEY({column}) REFERENCES {target} (id)"
            if text.count(former) != 1:
                message = f"{table} has no foreign key {former}."
                raise LookupError(message)
            key = f"FOREIGN KEY(partner_id, {column}) REFERENCES {target} (partner_id, id)"
            text = text.replace(former, f"CONSTRAINT fk_{table}_partner_id_{column} {key}")
    _, parenthesis, columns = text.partition("(")
    connection.exec_driver_sql(f'CREATE TABLE "_new_{table}" {parenthesis}{columns}')
    connection.exec_driver_sql(f'INSERT INTO "_new_{table}" SELECT * FROM "{table}"')  # noqa: S608 — of constants.
    connection.exec_driver_sql(f'DROP TABLE "{table}"')
    connection.exec_driver_sql(f'ALTER TABLE "_new_{table}" RENAME TO "{table}"')
    for index in indexes:
        connection.exec_driver_sql(index)


def _on_postgresql() -> None:
    for table, column, _ in REFERENCES:
        op.drop_constraint(f"fk_{table}_{column}", table, type_="foreignkey")
    for table in LISTED:
        op.drop_index(f"ix_{table}_partner_id_id", table)
    for table in ("users", "tokens"):
        op.create_index(f"ix_{table}_partner_id_id", table, ["partner_id", "id"], unique=True)
    for table in KEYED:
        op.create_index(f"pk_{table}_new", table, ["partner_id", "id"], unique=True)
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT pk_{table}, "
            f"ADD CONSTRAINT pk_{table} PRIMARY KEY USING INDEX pk_{table}_new"
        )
        op.create_index(f"ix_{table}_id", table, ["id"])
    for table, column, target in REFERENCES:
        name = f"fk_{table}_partner_id_{column}"
        op.create_foreign_key(name, table, target, ["partner_id", column], ["partner_id", "id"])
