"""The portal's tables as the ORM's classes, with the columns that the workloads need, and the engines on them."""

import json
import os
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What every table has in common: nothing."""


class ClientRow(Base):
    """A client."""

    __tablename__ = "clients"
    id: Mapped[int] = mapped_column(primary_key=True)
    partner_id: Mapped[int]
    name: Mapped[str | None]
    name_folded: Mapped[str]
    names_folded: Mapped[str]
    cnpj: Mapped[str | None]
    city: Mapped[str | None]
    state: Mapped[str | None]
    status: Mapped[str]


class ActivationRow(Base):
    """An activation."""

    __tablename__ = "activations"
    id: Mapped[int] = mapped_column(primary_key=True)
    partner_id: Mapped[int]
    client_id: Mapped[int]
    product_id: Mapped[int]
    activation_key: Mapped[str]
    authorization_code: Mapped[str]
    status: Mapped[str]
    activated_at: Mapped[str]
    activated_by_id: Mapped[int]
    note: Mapped[str | None]
    seats: Mapped[int]


class ProductRow(Base):
    """A product."""

    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    included_seats: Mapped[int]


class UserRow(Base):
    """A user."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    partner_id: Mapped[int]
    name: Mapped[str]


class CountersRow(Base):
    """The numbers that were given out."""

    __tablename__ = "partner_counters"
    partner_id: Mapped[int] = mapped_column(primary_key=True)
    order_number: Mapped[int]
    event_number: Mapped[int]


class AssignmentRow(Base):
    """A price table that a partner buys by."""

    __tablename__ = "partner_price_tables"
    partner_id: Mapped[int] = mapped_column(primary_key=True)
    price_table_id: Mapped[int] = mapped_column(primary_key=True)
    preselected: Mapped[bool]


class VersionRow(Base):
    """A version of a price table."""

    __tablename__ = "price_table_versions"
    id: Mapped[int] = mapped_column(primary_key=True)
    price_table_id: Mapped[int]
    number: Mapped[int]
    begins_at: Mapped[str]


class PriceTierRow(Base):
    """A price that holds from a quantity on."""

    __tablename__ = "price_tiers"
    version_id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(primary_key=True)
    order_type: Mapped[str] = mapped_column(primary_key=True)
    minimum_quantity: Mapped[int] = mapped_column(primary_key=True)
    unit_monthly_price: Mapped[int]
    unit_setup_fee: Mapped[int]
    bonus_quantity: Mapped[int]


class OrderRow(Base):
    """An order."""

    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    partner_id: Mapped[int]
    number: Mapped[int]
    type: Mapped[str]
    status: Mapped[str]
    price_table_id: Mapped[int]
    price_table_version_id: Mapped[int]
    monthly_total: Mapped[int]
    setup_fee_total: Mapped[int]
    created_at: Mapped[str]
    created_by_id: Mapped[int]


class OrderItemRow(Base):
    """A line of an order."""

    __tablename__ = "order_items"
    id: Mapped[int] = mapped_column(primary_key=True)
    partner_id: Mapped[int]
    order_id: Mapped[int]
    product_id: Mapped[int]
    quantity: Mapped[int]
    bonus_quantity: Mapped[int]
    seats: Mapped[int]
    unit_monthly_price: Mapped[int]
    unit_setup_fee: Mapped[int]


class EventRow(Base):
    """What happened."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    partner_id: Mapped[int]
    number: Mapped[int]
    type: Mapped[str]
    occurred_at: Mapped[str]
    actor_id: Mapped[int]
    order_id: Mapped[int]


def _engine(begin: str, **options: int) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['DATABASE']}", **options)

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 — the driver's connection has no public type.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in json.loads(os.environ["PRAGMAS"]):
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_as_meant(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


reading = async_sessionmaker(_engine("BEGIN"), expire_on_commit=False)
# One connection, since one transaction at a time can write.
writing = async_sessionmaker(_engine("BEGIN IMMEDIATE", pool_size=1, max_overflow=0), expire_on_commit=False)
