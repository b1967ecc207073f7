"""Clients, and what is activated for them."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, UniqueConstraint

from db.engine.column_types import BytewiseText, Instant
from db.tables.columns import (
    NEVER,
    for_vendor,
    id_within_partner,
    of_some,
    one_of,
    partial,
    person,
    reference,
    reference_within_partner,
    table,
    updated_at,
)
from domain.activations import ActivationCancellationReason, ActivationStatus
from domain.clients import ClientStatus

_BY_NAME = "partner_id", "name_folded", "id"

clients = table(
    "clients",
    *id_within_partner(found_on_sqlite=True),
    Column("cnpj", BytewiseText),
    Column("name", sa.Text),
    Column("name_folded", BytewiseText, nullable=False),
    Column("trade_name", sa.Text),
    Column("trade_name_folded", BytewiseText, nullable=False),
    Column("names_folded", BytewiseText, nullable=False, server_default=""),  # SQLite adds no such column without one.
    Column("city", sa.Text),
    Column("city_folded", BytewiseText, nullable=False),
    Column("state", sa.String(2)),
    *one_of("status", ClientStatus),
    Column("registered_at", Instant, nullable=False),
    Column("cancelled_at", Instant),
    person("cancelled_by_id", nullable=True),
    Column("cancellation_note", sa.Text),
    updated_at(),
    # `db.client_activity` keeps both; NEVER is the time of a client without activations.
    Column("last_activated_at", Instant, nullable=False, server_default=NEVER),
    Column("active_activations", sa.Integer, nullable=False, server_default="0"),
    UniqueConstraint("partner_id", "cnpj"),
    sa.CheckConstraint("(status = 'CANCELLED') = (cnpj IS NULL)", "cancelled_without_cnpj"),
    sa.CheckConstraint("(cnpj IS NULL) = (name IS NULL)", "named_unless_cancelled"),
    sa.CheckConstraint("active_activations >= 0", "active_activations"),
    # A search looks at every client of the partner, in the order of the names; all that it looks at is here, so that it
    # reads only the rows of its page.
    Index("ix_clients_search", "partner_id", "name_folded", "id", "trade_name_folded", "cnpj", "status"),
    Index(None, "partner_id", "registered_at", "id"),
    Index(None, "partner_id", "updated_at", "id"),
    Index(None, "partner_id", "city_folded", "id"),
    Index(None, "partner_id", "last_activated_at", "id"),
    # Most lists are of active clients; cancelled ones have no name and no place, and would be the first.
    partial(*_BY_NAME, where="status = 'ACTIVE'", name="ix_clients_active_by_name"),
    partial("partner_id", "city_folded", "id", where="status = 'ACTIVE'", name="ix_clients_active_by_city"),
    # Each active client is in one of these.
    partial(*_BY_NAME, where="status = 'ACTIVE' AND active_activations > 0", name="ix_clients_with_activations"),
    partial(*_BY_NAME, where="status = 'ACTIVE' AND active_activations = 0", name="ix_clients_without_activations"),
    Index("ix_clients_search_of_all", "name_folded", "id", "trade_name_folded", "cnpj", "status"),
    partial("name_folded", "id", where="status = 'ACTIVE'", name="ix_clients_active_of_all_by_name"),
    for_vendor("cnpj"),
    # A search for a city looks at these columns only.
    for_vendor("city_folded", "id", "status"),
    for_vendor("last_activated_at", "id"),
    for_vendor("registered_at", "id"),
    for_vendor("updated_at", "id"),
)

activations = table(
    "activations",
    *id_within_partner(found_on_sqlite=True),
    *reference_within_partner("client_id", "clients"),
    reference("product_id", "products"),
    Column("authorization_code", BytewiseText, nullable=False),
    Column("activation_key", BytewiseText, nullable=False),
    Column("ecf_serial_number", BytewiseText),
    Column("seats", sa.Integer, nullable=False),
    Column("additional_seats", sa.Integer, nullable=False),
    Column("note", sa.Text),
    Column("note_folded", BytewiseText),
    Column("client_name_folded", BytewiseText, nullable=False),
    *one_of("status", ActivationStatus),
    Column("activated_at", Instant, nullable=False),
    person("activated_by_id"),
    Column("cancelled_at", Instant),
    person("cancelled_by_id", nullable=True),
    *one_of("cancellation_reason", ActivationCancellationReason, nullable=True),
    Column("cancellation_note", sa.Text),
    Column("cancellation_note_folded", BytewiseText),
    *reference_within_partner("moved_to_id", "activations", nullable=True),
    updated_at(),
    UniqueConstraint("partner_id", "authorization_code"),
    sa.CheckConstraint("additional_seats >= 0 AND seats >= additional_seats", "seats"),
    sa.CheckConstraint("(status = 'CANCELLED') = (cancellation_reason IS NOT NULL)", "cancelled_with_reason"),
    sa.CheckConstraint("(status = 'CANCELLED') = (cancelled_at IS NOT NULL)", "cancelled_with_time"),
    Index(None, "partner_id", "activated_at", "id"),
    Index(None, "partner_id", "updated_at", "id"),
    Index(None, "partner_id", "client_name_folded", "id"),
    Index(None, "partner_id", "client_id", "activated_at", "id"),
    Index(None, "partner_id", "product_id", "activated_at", "id"),
    Index(None, "partner_id", "activation_key"),
    Index(None, "partner_id", "activated_by_id", "activated_at", "id"),
    of_some("cancelled_at", "id"),
    # Most activations have no note.
    partial(
        *("partner_id", "activated_at", "id"),
        where="note_folded IS NOT NULL OR cancellation_note_folded IS NOT NULL",
        name="ix_activations_noted",
    ),
    # An activation without a fiscal printer needs no entry.
    partial(
        *("partner_id", "ecf_serial_number"),
        where="ecf_serial_number IS NOT NULL",
        name="ix_activations_with_ecf_serial_number",
    ),
    for_vendor("activated_at", "id"),
    for_vendor("client_name_folded", "id"),
    for_vendor("updated_at", "id"),
    for_vendor("activation_key"),
    for_vendor("authorization_code"),
    for_vendor("ecf_serial_number", where="ecf_serial_number IS NOT NULL"),
    partial(
        *("partner_id", "client_id", "product_id", "activation_key"),
        where="status = 'ACTIVE'",
        name="uq_activations_active_key",
        unique=True,
    ),
)
