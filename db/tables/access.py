"""People, and what lets them in."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, UniqueConstraint

from db.engine.column_types import BytewiseText, Instant
from db.tables.columns import key_reference, one_of, own_id, partner_id, person, reference_within_partner, table
from domain.access import Role, TokenKind
from domain.invitations import Delivery

users = table(
    "users",
    own_id(),
    partner_id(),
    Column("email", BytewiseText, nullable=False, unique=True),
    Column("name", sa.Text, nullable=False),
    *one_of("role", Role),
    Column("password_hash", sa.Text, nullable=False),
    Column("disabled_at", Instant),
    Column("second_factor_since", Instant),
    Column("email_proved_at", Instant),
    Index(None, "partner_id", "id", unique=True),
)

totp_secrets = table(
    "totp_secrets",
    key_reference("partner_id", "partners"),
    *reference_within_partner("user_id", "users", primary_key=True),
    Column("sealed", sa.LargeBinary, nullable=False),
    Column("enrolled_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("last_step", sa.BigInteger),
    sa.CheckConstraint("(confirmed_at IS NULL) = (last_step IS NULL)", "confirmed_with_step"),
)

recovery_codes = table(
    "recovery_codes",
    key_reference("partner_id", "partners"),
    *reference_within_partner("user_id", "users", primary_key=True),
    Column("digest", sa.LargeBinary(32), primary_key=True),
)

sign_in_challenges = table(
    "sign_in_challenges",
    key_reference("partner_id", "partners"),
    *reference_within_partner("user_id", "users", primary_key=True),
    Column("digest", sa.LargeBinary(32), primary_key=True, unique=True),
    Column("password_digest", sa.LargeBinary(32), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("failures", sa.Integer, sa.CheckConstraint("failures BETWEEN 0 AND 5", "failures"), nullable=False),
)

tokens = table(
    "tokens",
    own_id(),
    partner_id(),
    *reference_within_partner("user_id", "users"),
    *one_of("kind", TokenKind),
    Column("name", sa.Text, nullable=False),
    Column("prefix", sa.String(16), nullable=False),
    Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    Column("permissions", sa.Text, nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("last_used_at", Instant),
    Column("last_used_address", sa.String(45)),
    Column("revoked_at", Instant),
    Column("signed_in_at", Instant),
    Column("by_identity", sa.Boolean, nullable=False, server_default=sa.false()),
    Index(None, "partner_id", "id", unique=True),
    Index(None, "partner_id", "kind", "id"),
)

invitations = table(
    "invitations",
    own_id(),
    partner_id(),
    Column("email", BytewiseText, nullable=False),
    Column("name", sa.Text, nullable=False),
    *one_of("role", Role),
    Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    *one_of("delivery", Delivery),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    person("invited_by_id", nullable=True),
    UniqueConstraint("partner_id", "email"),
    Index(None, "partner_id", "id"),
)

password_resets = table(
    "password_resets",
    Column("digest", sa.LargeBinary(32), primary_key=True),
    partner_id(),
    *reference_within_partner("user_id", "users"),
    person("created_by_id", nullable=True),
    Column("expires_at", Instant, nullable=False),
    Column("by_email", sa.Boolean, nullable=False, server_default=sa.false()),
    Index(None, "partner_id", "user_id"),
)

identities = table(
    "identities",
    Column("issuer", BytewiseText, primary_key=True),
    Column("subject", BytewiseText, primary_key=True),
    partner_id(),
    *reference_within_partner("user_id", "users"),
    Column("linked_at", Instant, nullable=False),
    UniqueConstraint("partner_id", "user_id", "issuer"),
)

unlinked_identities = table(
    "unlinked_identities",
    key_reference("partner_id", "partners"),
    *reference_within_partner("user_id", "users", primary_key=True),
    Column("digest", sa.LargeBinary(32), primary_key=True),
)

sign_in_attempts = table(
    "sign_in_attempts",
    Column("digest", sa.LargeBinary(32), primary_key=True),
    Column("failures", sa.Integer, nullable=False),
    Column("first_failure_at", Instant, nullable=False),
    Column("last_failure_at", Instant, nullable=False),
)
