"""CHECKs that compare with one name after the other: for IN, SQLite makes an index of all of them at each INSERT.

Revision ID: 0021
Revises: 0020
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

OF_NAMES = re.compile(r"\(?\(?(\w+)\)?(?:::text)?\)? (?:IN|= ANY) \(.*\)", re.DOTALL)


def upgrade() -> None:
    """Write each CHECK of names anew, with the names that it allows already."""
    connection = op.get_bind()
    inspector = sa.inspect(connection)
    for table in inspector.get_table_names():
        conditions = {
            str(check["name"]): _compared(found[1], check["sqltext"])
            for check in inspector.get_check_constraints(table)
            if (found := OF_NAMES.fullmatch(check["sqltext"]))
        }
        if not conditions:
            continue
        numbered = {"sqlite_autoincrement": True} if _is_numbered(connection, table) else {}
        # SQLite changes no CHECK of a table: it gets a new table in the place of this one, where a CHECK takes the
        # place of the one with its name.
        with op.batch_alter_table(table, table_kwargs=numbered) as batch:
            for name, condition in conditions.items():
                if connection.dialect.name != "sqlite":
                    batch.drop_constraint(op.f(name), type_="check")
                batch.create_check_constraint(op.f(name), condition)


def _compared(column: str, check: str) -> str:
    return " OR ".join(f"{column} = '{name}'" for name in re.findall(r"'([A-Z_]+)'", check))


def _is_numbered(connection: sa.Connection, table: str) -> bool:
    if connection.dialect.name != "sqlite":
        return False
    made = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table})
    return "AUTOINCREMENT" in str(made)
