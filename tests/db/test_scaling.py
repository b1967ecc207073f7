"""The page about scaling names the statements about several partners, and says how each table is kept."""

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.sql.visitors import iterate

from db.engine.statement import Statement
from tests.db.test_keys import COPIED, DISTRIBUTED
from tests.db.test_statements import DIALECTS, STATEMENTS

PAGE = Path("docs/operate/scaling.md").read_text(encoding="utf-8")

OF_ONE_PARTNER = {"partner_id", "of_partner"}
"""Names by which a statement binds its one partner."""


def _tables(statement: Statement[Any]) -> set[sa.Table]:
    """Return the tables of a statement, those under an alias too."""
    found = [getattr(each, "element", each) for each in iterate(statement.expression)]
    of_columns = [getattr(getattr(each, "table", None), "element", getattr(each, "table", None)) for each in found]
    return {each for each in (*found, *of_columns) if isinstance(each, sa.Table)}


def _is_of_many(statement: Statement[Any]) -> bool:
    # An INSERT names the partner of each row.
    if isinstance(statement.expression, sa.Insert) or not _tables(statement) & set(DISTRIBUTED):
        return False
    compiled: Any = statement.expression.compile(dialect=DIALECTS["postgresql"])
    return not OF_ONE_PARTNER & set(compiled.binds)


OF_MANY = {name: each for name, each in STATEMENTS.items() if not name.endswith(".of_all") and _is_of_many(each)}
"""Statements about several partners, without those that only the vendor's users read."""


def _section(title: str) -> str:
    """Return the text under a heading, up to the next one."""
    (found,) = (part for part in re.split(r"^##+ ", PAGE, flags=re.MULTILINE) if part.startswith(f"{title}\n"))
    return found


def test_the_page_lists_each_statement_of_several_partners() -> None:
    assert set(re.findall(r"`(db\.[\w.]+)`", _section("Statements of more than one partner"))) == OF_MANY.keys()


def test_the_page_lists_each_statement_that_locks_rows_of_several_partners() -> None:
    locking = {name for name, each in OF_MANY.items() if "FOR " in each.compiled(DIALECTS["postgresql"]).text}

    assert set(re.findall(r"`(db\.[\w.]+)`", _section("Citus"))) == locking


def test_the_page_lists_each_statement_that_needs_ids_in_order_of_time() -> None:
    texts = {name: each.compiled(DIALECTS["postgresql"]).text for name, each in STATEMENTS.items()}
    ordered = {name for name, text in texts.items() if re.search(r"ORDER BY (webhook_deliveries|newest)\.id", text)}

    assert set(re.findall(r"`(db\.[\w.]+)`", _section("Order of ids"))) == ordered


def test_the_page_lists_each_statement_that_finds_rows_by_their_places() -> None:
    by_place = {name for name, each in STATEMENTS.items() if "ctid" in each.compiled(DIALECTS["postgresql"]).text}

    assert set(re.findall(r"`(db\.[\w.]+)`", _section("YugabyteDB"))) == by_place


@pytest.mark.parametrize(("kept", "tables"), [("distributed", {each.name for each in DISTRIBUTED}), ("copied", COPIED)])
def test_the_page_says_of_each_table_how_it_is_kept(kept: str, tables: set[str]) -> None:
    rows = [line.split("|") for line in _section("What can be distributed").splitlines() if line.startswith("| `")]

    assert {
        name for _, names, how, _ in rows if how.strip().startswith(kept) for name in re.findall(r"\w+", names)
    } == tables
