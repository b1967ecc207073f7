"""Statements about users, and the lock that a new session or token takes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection, Transaction, filters, one, returned
from db.engine.expressions import among, found_by_id
from db.engine.filters import PARTNER, RowsById, Shape, one_each, one_row, tenancy, upsert, value, values_of
from db.engine.keyset import Sorting
from db.engine.listings import LISTINGS_KEPT, Listing
from db.engine.lock_queues import Queue, changing
from db.engine.statement import Statement
from db.tables import partners, tokens, users
from domain.access import VENDOR_ROLES, Role
from domain.tenancy import ALL_PARTNERS, Scope


class UserRow(NamedTuple):
    """User of a partner or the vendor."""

    id: int
    partner_id: int
    name: str
    email: str
    role: Role
    disabled_at: datetime | None
    second_factor_since: datetime | None

    @property
    def works_for_vendor(self) -> bool:
        """Whether the person works for the vendor, and not for a partner."""
        return self.role in VENDOR_ROLES

    @property
    def is_active(self) -> bool:
        """Whether the person can sign in."""
        return self.disabled_at is None


class Credentials(NamedTuple):
    """Values that a sign-in is checked against."""

    user_id: int
    partner_id: int
    password_hash: str
    disabled_at: datetime | None


USER_COLUMNS = tuple(users.c[name] for name in UserRow._fields)
_CREATE: Statement[int] = upsert(
    users,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["email"]).returning(users.c.id),
    value,
    inserted=["partner_id", "email", "name", "role", "password_hash", "email_proved_at"],
)
by_ids = RowsById(
    lambda mine: Statement(
        sa.select(*USER_COLUMNS).where(
            # The vendor's users act on behalf of any partner.
            sa.or_(mine(found_by_id(users.c.partner_id)), *(users.c.role == role for role in VENDOR_ROLES)),
            among(users.c.id, "ids"),
        ),
        UserRow,
        reads=one_each("ids"),
    )
)
"""The users of a scope and of the vendor, by id."""


async def create(
    tx: Transaction,
    partner_id: int,
    *,
    email: str,
    name: str,
    role: Role,
    password_hash: str,
    proved_at: datetime | None,
) -> int | None:
    """Create a user and return its id, or None if the e-mail is taken; `proved_at` is when the address was proved."""
    user = {"partner_id": partner_id, "email": email, "name": name, "role": role}
    return await one(tx, _CREATE, {**user, "password_hash": password_hash, "email_proved_at": proved_at})


_CREDENTIALS = Statement(
    sa.select(users.c.id, users.c.partner_id, users.c.password_hash, users.c.disabled_at).where(
        users.c.email == sa.bindparam("email")
    ),
    Credentials,
    reads=one_row,
)


async def credentials(connection: Connection, email: str) -> Credentials | None:
    """Return the user with that e-mail, which is unique among all partners: a sign-in names no partner."""
    return await one(connection, _CREDENTIALS, {"email": email})


class ListedUser(NamedTuple):
    """User, and the name of the partner or the vendor."""

    partner: str
    email: str
    name: str
    role: Role
    disabled_at: datetime | None


class LockedUser(NamedTuple):
    """User whose row is locked."""

    id: int
    partner_id: int
    email: str
    name: str
    role: Role
    password_hash: str
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Filter of users."""

    roles: frozenset[Role] | None = None
    is_active: bool | None = None


_ALL = (
    sa.select(partners.c.name, users.c.email, users.c.name, users.c.role, users.c.disabled_at)
    .join(partners, partners.c.id == users.c.partner_id)
    .order_by(users.c.partner_id, users.c.email)
)
_LISTED = Statement(_ALL, ListedUser)
_LISTED_OF_PARTNER = Statement(_ALL.where(users.c.partner_id == PARTNER), ListedUser)
_ANY: Statement[bool] = Statement(sa.select(sa.select(users.c.id).where(users.c.partner_id == PARTNER).exists()), value)
_LOCKED = sa.select(*(users.c[name] for name in LockedUser._fields))
_NAMED = users.alias("named")
_LOCK_BY_EMAIL = Statement(
    changing(
        _LOCKED.where(users.c.email == sa.bindparam("email")),
        Queue.USERS,
        sa.select(_NAMED.c.id).where(_NAMED.c.email == sa.bindparam("email")),
    ),
    LockedUser,
)
_USER: sa.BindParameter[int] = sa.bindparam("user_id", type_=sa.BigInteger)
_MINE = users.c.partner_id == PARTNER, users.c.id == _USER
_LOCK_BY_ID = Statement(changing(_LOCKED.where(*_MINE), Queue.USERS, _USER), LockedUser)
_OTHERS_ACTIVE: Statement[bool] = Statement(
    sa.select(
        sa.select(users.c.id)
        .where(
            users.c.partner_id == PARTNER,
            users.c.id != sa.bindparam("user_id"),
            users.c.role == sa.bindparam("of_role", type_=users.c.role.type),
            users.c.disabled_at.is_(None),
        )
        .exists()
    ),
    value,
)
_BY_EMAIL = Statement(sa.select(*USER_COLUMNS).where(users.c.email == sa.bindparam("email")), UserRow, reads=one_row)
_LOCK = Statement(
    changing(sa.select(users.c.password_hash, users.c.disabled_at).where(*_MINE), Queue.USERS, _USER), values_of
)
_REVOKED_AT: Statement[datetime | None] = Statement(
    sa.select(tokens.c.revoked_at).where(
        tokens.c.partner_id == PARTNER,
        tokens.c.user_id == sa.bindparam("user_id"),
        tokens.c.id == sa.bindparam("token_id"),
    ),
    value,
)


def listing(scope: Scope, chosen: UserFilter) -> Listing[UserRow]:
    """Return the list of a scope's users that match the filter, in the order of creation."""
    shape, values = filters.shaped(scope, chosen)
    return _listing(shape, all_partners=scope is ALL_PARTNERS).of(values)


@lru_cache(maxsize=LISTINGS_KEPT)
def _listing(shape: Shape, *, all_partners: bool) -> Listing[UserRow]:
    return Listing(
        name="users",
        row=UserRow,
        columns=USER_COLUMNS,
        where=[
            tenancy(all_partners=all_partners)(users.c.partner_id),
            *_conditions(filters.named(UserFilter, shape)),
        ],
        key="id",
        sorting=Sorting(users.c.id, users.c.id),
    )


def _conditions(chosen: UserFilter) -> Iterable[ColumnElement[bool]]:
    if chosen.roles is not None:
        yield filters.one_of(users.c.role, "roles", chosen.roles)
    if chosen.is_active is not None:
        yield users.c.disabled_at.is_(None) if chosen.is_active else users.c.disabled_at.is_not(None)


def of_partners(scope: Scope, partner_ids: Sequence[int]) -> Listing[UserRow]:
    """Return the lists of these partners' users, in the order of creation."""
    values = {"partner_id": scope, "parent_ids": partner_ids}
    return (_OF_ANY_PARTNERS if scope is ALL_PARTNERS else _OF_PARTNERS).of(values)


def _of_partners(*, all_partners: bool) -> Listing[UserRow]:
    return Listing(
        name="partner.users",
        row=UserRow,
        columns=USER_COLUMNS,
        where=[tenancy(all_partners=all_partners)(users.c.partner_id)],
        key="id",
        sorting=Sorting(users.c.id, users.c.id),
        parent=users.c.partner_id,
    )


_OF_PARTNERS, _OF_ANY_PARTNERS = _of_partners(all_partners=False), _of_partners(all_partners=True)


async def listed(connection: Connection, partner_id: int | None = None) -> list[ListedUser]:
    """Return the partner's users, or those of all partners, by partner and e-mail address."""
    if partner_id is None:
        return list(await connection.fetch(_LISTED))
    return list(await connection.fetch(_LISTED_OF_PARTNER, {"partner_id": partner_id}))


async def locked(tx: Transaction, email: str) -> LockedUser | None:
    """Return the user with that address, unique among all partners, locked until the transaction ends."""
    return await one(tx, _LOCK_BY_EMAIL, {"email": email})


async def locked_by_id(tx: Transaction, partner_id: int, user_id: int) -> LockedUser | None:
    """Return the partner's user, locked until the transaction ends; None if there is none."""
    return await one(tx, _LOCK_BY_ID, {"partner_id": partner_id, "user_id": user_id})


async def has_others(tx: Transaction, partner_id: int, user_id: int, role: Role) -> bool:
    """Return whether the locked partner has another active user with that role."""
    return await returned(tx, _OTHERS_ACTIVE, {"partner_id": partner_id, "user_id": user_id, "of_role": role})


async def has_any(connection: Connection, partner_id: int) -> bool:
    """Return whether the partner has a user, active or not."""
    return await returned(connection, _ANY, {"partner_id": partner_id})


async def named(connection: Connection, email: str) -> UserRow | None:
    """Return the user with that address, which is unique among all partners."""
    return await one(connection, _BY_EMAIL, {"email": email})


async def update(tx: Transaction, partner_id: int, user_id: int, values: Mapping[str, object]) -> None:
    """Update these columns of the partner's user; a new e-mail address is not proved."""
    if "email" in values:
        values = {"email_proved_at": None, **values}
    new = {f"new_{name}": content for name, content in values.items()}
    await tx.execute(_update(frozenset(values)), {"partner_id": partner_id, "user_id": user_id, **new})


@lru_cache
def _update(names: frozenset[str]) -> Statement[tuple[Any, ...]]:
    new: dict[str, sa.BindParameter[Any]] = {name: sa.bindparam(f"new_{name}") for name in sorted(names)}
    return Statement(sa.update(users).where(*_MINE).values(new), values_of)


async def lock_if_unchanged(tx: Transaction, found: Credentials) -> bool:
    """Lock the user; return whether the user is enabled and still has the password that was checked."""
    locked = await returned(tx, _LOCK, {"partner_id": found.partner_id, "user_id": found.user_id})
    return locked == (found.password_hash, None)


async def lock_if_live(tx: Transaction, partner_id: int, user_id: int, token_id: int) -> bool:
    """Lock the user; return whether the user is enabled and the token is not revoked; 0 is no token of the portal."""
    of_user = {"partner_id": partner_id, "user_id": user_id}
    _, disabled_at = await returned(tx, _LOCK, of_user)
    # A statement of its own, after the lock: one that waited for a revocation would not see it.
    revoked_at = await one(tx, _REVOKED_AT, {**of_user, "token_id": token_id})
    return disabled_at is None and revoked_at is None
