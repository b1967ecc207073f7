"""Checks of the data against its own rules, each of them one statement that returns what is wrong."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from db import price_versions
from db.doctor import balances, contents, differences
from db.doctor.findings import Check, Finding
from db.engine import Connection, Database
from db.engine.expressions import starts_with
from db.engine.filters import values_of
from db.engine.statement import Statement
from db.tables import (
    activations,
    clients,
    events,
    metadata,
    order_items,
    orders,
    partner_counters,
    partner_price_tables,
    partners,
    price_table_versions,
    totp_secrets,
    users,
)
from domain.access import VENDOR_ROLES
from domain.activations import ActivationStatus
from domain.clients import ClientStatus
from domain.erasure import ERASED_KEY
from domain.orders import OrderStatus
from domain.partners import PartnerStatus
from domain.price_tables import VersionState


async def examine(database: Database, began: Callable[[str], object] = lambda _: None) -> list[Finding]:
    """Run every check on the data as it is at one moment; `began` is called with the name of each."""

    async def work(connection: Connection) -> list[Finding]:
        found: list[Finding] = []
        if connection.dialect.name == "sqlite":
            began("file")
            found += await examine_file(connection)
        began("tables")
        found += await differences.examine(connection)
        return found + await examine_rows(connection, began)

    return await database.read(work)


async def examine_rows(connection: Connection, began: Callable[[str], object] = lambda _: None) -> list[Finding]:
    """Run every check of what the tables hold."""
    found: list[Finding] = []
    for check, statement in _statements():
        began(check.name)
        wrong = await connection.fetch(statement)
        found += (Finding(check.name, partner_id, check.sentence.format(*facts)) for partner_id, *facts in wrong)
    return found + await contents.examine(connection, began)


@cache
def _statements() -> list[tuple[Check, Statement[tuple[Any, ...]]]]:
    return [(check, check.statement) for check in _checks()]


def _checks() -> Iterator[Check]:
    """Every check that both engines know."""
    yield from balances.checks()
    yield from _clients()
    yield from _times()
    yield from _numbers()
    yield from _partners()
    yield from _price_tables()
    yield from _users()
    yield from _references()


def _clients() -> Iterator[Check]:
    of_client = activations.c.partner_id == clients.c.partner_id, activations.c.client_id == clients.c.id
    cancelled = clients.c.status == ClientStatus.CANCELLED
    active = sa.exists().where(*of_client, activations.c.status == ActivationStatus.ACTIVE)
    yield Check(
        "cancelled clients",
        sa.select(clients.c.partner_id, clients.c.id).where(cancelled, active),
        "client {0} is cancelled, but has an active activation.",
    )
    kept = sa.or_(
        *(clients.c[name].is_not(None) for name in ("cnpj", "name", "trade_name", "city", "state")),
        *(clients.c[name] != "" for name in ("name_folded", "trade_name_folded", "names_folded", "city_folded")),
        sa.exists().where(
            *of_client,
            sa.or_(
                activations.c.client_name_folded != "",
                activations.c.note.is_not(None),
                activations.c.cancellation_note.is_not(None),
                ~starts_with(activations.c.activation_key, ERASED_KEY),
                ~starts_with(activations.c.ecf_serial_number, ERASED_KEY),
            ),
        ),
    )
    yield Check(
        "cancelled clients",
        sa.select(clients.c.partner_id, clients.c.id).where(cancelled, kept),
        "client {0} is cancelled, but not all that says who it was is erased.",
    )
    copied = sa.exists().where(*of_client, activations.c.client_name_folded != clients.c.name_folded)
    yield Check(
        "sort keys",
        sa.select(clients.c.partner_id, clients.c.id).where(copied),
        "client {0}: the name that its activations are sorted by is not its own.",
    )
    named, traded = clients.c.name_folded, clients.c.trade_name_folded
    both = sa.case((traded == "", named), else_=named + "\n" + traded)
    yield Check(
        "search keys",
        sa.select(clients.c.partner_id, clients.c.id).where(clients.c.names_folded != both),
        "client {0}: the names that it is found by are not its own.",
    )


def _times() -> Iterator[Check]:
    for table, began, ended, which, how in (
        (activations, "activated_at", "cancelled_at", "id", "activation {0} was cancelled before it was activated"),
        (clients, "registered_at", "cancelled_at", "id", "client {0} was cancelled before it was registered"),
        (orders, "created_at", "approved_at", "number", "order {0} was approved before it was created"),
        (orders, "created_at", "cancelled_at", "number", "order {0} was cancelled before it was created"),
    ):
        yield Check(
            "times",
            sa.select(table.c.partner_id, table.c[which]).where(table.c[ended] < table.c[began]),
            f"{how}.",
        )
    for table, began, what in ((clients, "registered_at", "client"), (activations, "activated_at", "activation")):
        wrong = sa.or_(table.c.updated_at < table.c[began], table.c.updated_at < table.c.cancelled_at)
        yield Check(
            "times",
            sa.select(table.c.partner_id, table.c.id).where(wrong),
            f"{what} {{0}} has its last change before its beginning or end, so that `updatedSince` misses it.",
        )
    has_items = sa.exists().where(
        order_items.c.partner_id == orders.c.partner_id, order_items.c.order_id == orders.c.id
    )
    yield Check(
        "order lines", sa.select(orders.c.partner_id, orders.c.number).where(~has_items), "order {0} has no items."
    )


def _numbers() -> Iterator[Check]:
    counters = partner_counters.c
    for table, counter, dropped in (
        (orders, counters.order_number, sa.literal(0)),
        (events, counters.event_number, counters.dropped_number),
    ):
        number = table.c.number
        # Numbers that run without a gap are as many as the highest less those dropped, and no two are the same.
        run = (
            sa.select(
                table.c.partner_id,
                sa.func.count().label("rows"),
                sa.func.count(number.distinct()).label("numbers"),
                sa.func.min(number).label("lowest"),
                sa.func.max(number).label("highest"),
            )
            .group_by(table.c.partner_id)
            .subquery("run")
        )
        rows, numbers = (sa.func.coalesce(run.c[name], 0) for name in ("rows", "numbers"))
        highest, lowest = sa.func.coalesce(run.c.highest, dropped), sa.func.coalesce(run.c.lowest, dropped + 1)
        yield Check(
            "numbers",
            sa.select(partner_counters.c.partner_id, rows, lowest, highest, counter, numbers, dropped + 1)
            .outerjoin_from(partner_counters, run, run.c.partner_id == partner_counters.c.partner_id)
            .where(sa.or_(lowest != dropped + 1, rows != numbers, rows != highest - dropped, highest != counter)),
            f"{table.name}: {{0}} rows have {{4}} numbers from {{1}} to {{2}}, and the counter is {{3}}; "
            "they have to run from {5} to the counter without a gap.",
        )
    has = sa.exists().where(partner_counters.c.partner_id == partners.c.id)
    yield Check("partners", sa.select(partners.c.id).where(~has), f"it has no row in {partner_counters.name}.")


def _price_tables() -> Iterator[Check]:
    of_partner = partner_price_tables.c.partner_id == partners.c.id
    has = sa.exists().where(of_partner, partner_price_tables.c.preselected)
    yield Check("price tables", sa.select(partners.c.id).where(~has), "it has no preselected price table.")
    count, total = price_versions.counted()
    version = price_table_versions.c
    yield Check(
        "price tables",
        sa.select(sa.null(), version.number, version.price_table_id, count, total, version.tier_count, version.tier_sum)
        .where(version.state == VersionState.PUBLISHED)
        .where(sa.or_(count != version.tier_count, total != version.tier_sum)),
        "version {0} of price table {1} was changed after it was published: it has {2} tiers whose numbers come to "
        "{3}, and was published with {4} and {5}.",
    )
    yield Check(
        "price tables",
        sa.select(orders.c.partner_id, orders.c.number)
        .join(price_table_versions, version.id == orders.c.price_table_version_id)
        .where(sa.or_(version.price_table_id != orders.c.price_table_id, version.state != VersionState.PUBLISHED)),
        "order {0}: its prices are not of a published version of its price table.",
    )


def _partners() -> Iterator[Check]:
    closed = partners.c.status == PartnerStatus.CLOSED
    for table, status, what in (
        (activations, ActivationStatus.ACTIVE, "an active activation"),
        (orders, OrderStatus.PENDING, "a pending order"),
    ):
        in_use = sa.exists().where(table.c.partner_id == partners.c.id, table.c.status == status)
        yield Check("partners", sa.select(partners.c.id).where(closed, in_use), f"it is closed, but has {what}.")


def _users() -> Iterator[Check]:
    yield Check(
        "users",
        sa.select(users.c.partner_id, users.c.id)
        .join(partners, partners.c.id == users.c.partner_id)
        .where(
            sa.or_(
                sa.and_(_role_of_vendor(users), ~partners.c.is_vendor),
                sa.and_(~_role_of_vendor(users), partners.c.is_vendor),
            )
        ),
        "user {0} has a role of another kind of organization; the user can't sign in.",
    )
    confirmed = sa.exists().where(
        totp_secrets.c.partner_id == users.c.partner_id,
        totp_secrets.c.user_id == users.c.id,
        totp_secrets.c.confirmed_at.is_not(None),
    )
    yield Check(
        "second factors",
        sa.select(users.c.partner_id, users.c.id).where(users.c.second_factor_since.is_(None) == confirmed),
        "user {0} has a second factor by one table, and none by another; reset it with portal reset-second-factor.",
    )


def _role_of_vendor(of: FromClause) -> ColumnElement[bool]:
    return sa.or_(*(of.c.role == role for role in VENDOR_ROLES))


def _references() -> Iterator[Check]:
    for table in metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            parent, target = key.columns.values()[-1], key.referred_table.alias()
            on = [each.parent == target.c[each.column.name] for each in key.elements]
            of = table.c.partner_id if "partner_id" in table.c else sa.null()
            row = table.c.id if "id" in table.c else parent
            lost: ColumnElement[bool] = target.c[key.elements[-1].column.name].is_(None)
            if key.referred_table is users and len(key.elements) == 1 and "partner_id" in table.c:
                # The vendor's users act on behalf of partners.
                of_another = sa.and_(target.c.partner_id != table.c.partner_id, ~_role_of_vendor(target))
                lost = sa.or_(lost, of_another)
            yield Check(
                "references",
                sa.select(of, row).select_from(table.outerjoin(target, sa.and_(*on))).where(parent.is_not(None), lost),
                f"{table.name} {{0}}: {parent.name} names no row of the same partner in {key.referred_table.name}.",
            )


async def examine_file(connection: Connection) -> list[Finding]:
    """Check the pages and references of a SQLite file."""
    found: list[Finding] = []
    for pragma, right in (("integrity_check", ("ok",)), ("foreign_key_check", None)):
        said = await connection.fetch(_PRAGMAS[pragma])
        wrong = (" ".join(map(str, row)) for row in said if row != right)
        found += [Finding("file", None, f"SQLite's {pragma} says: {row}.") for row in wrong]
    return found


_PRAGMAS = {
    "integrity_check": Statement(sa.text("PRAGMA integrity_check").columns(sa.column("said")), values_of),
    "foreign_key_check": Statement(
        sa.text("PRAGMA foreign_key_check").columns(*map(sa.column, ("table", "rowid", "parent", "fkid"))), values_of
    ),
}
