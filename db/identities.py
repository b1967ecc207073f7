"""Statements about identities: the subjects of an identity provider that users are known by.

Those that were unlinked from a user are kept as hashes, so that their next token does not link them again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, one
from db.engine.column_types import BytewiseText, Instant
from db.engine.expressions import among
from db.engine.filters import PARTNER, one_each, one_row, scoped, upsert, value, values_of
from db.engine.statement import Statement
from db.tables import identities, partners, unlinked_identities, users
from domain.access import Role
from domain.tenancy import Scope


class IdentifiedUser(NamedTuple):
    """Enabled user whom a token of the identity provider is for."""

    partner_id: int
    user_id: int
    role: Role
    of_vendor: bool
    points_per_second: int | None


_OF_USER = users.c.partner_id, users.c.id, users.c.role, partners.c.is_vendor, partners.c.points_per_second
_USERS = sa.select(*_OF_USER).join(partners, partners.c.id == users.c.partner_id).where(users.c.disabled_at.is_(None))
_OF_SUBJECT = sa.and_(
    identities.c.issuer == sa.bindparam("of_issuer", type_=BytewiseText),
    identities.c.subject == sa.bindparam("of_subject", type_=BytewiseText),
)
_UNLINKED_FROM_USER = (
    unlinked_identities.c.partner_id == users.c.partner_id,
    unlinked_identities.c.user_id == users.c.id,
)
_IS_REFUSED = sa.exists().where(*_UNLINKED_FROM_USER, unlinked_identities.c.digest == sa.bindparam("digest"))
# An identity may be linked although it was unlinked: servers of the version before step 0035 do not look.
_FIND = Statement(
    _USERS.join(
        identities, sa.and_(identities.c.partner_id == users.c.partner_id, identities.c.user_id == users.c.id)
    ).where(_OF_SUBJECT, ~_IS_REFUSED),
    IdentifiedUser,
)
_FIND_EACH = Statement(
    sa.select(unlinked_identities.c.digest, identities.c.issuer, identities.c.subject, *_OF_USER)
    .select_from(identities)
    .join(users, sa.and_(users.c.partner_id == identities.c.partner_id, users.c.id == identities.c.user_id))
    .join(partners, partners.c.id == users.c.partner_id)
    .outerjoin(unlinked_identities, sa.and_(*_UNLINKED_FROM_USER))
    .where(
        among(identities.c.issuer, "issuers"), among(identities.c.subject, "subjects"), users.c.disabled_at.is_(None)
    ),
    values_of,
    # Users have none that was unlinked, or a few.
    reads=lambda values: len(values["issuers"]) * len(values["subjects"]),
)
# An address that was not proved may be another person's, who has it at the provider.
_PROVED = users.c.email == sa.bindparam("email"), users.c.email_proved_at.is_not(None)
IS_LINKED = sa.exists().where(identities.c.partner_id == users.c.partner_id, identities.c.user_id == users.c.id)
"""Condition of a statement about users: the user has an identity."""

_BY_ID = Statement(
    _USERS.where(users.c.partner_id == PARTNER, users.c.id == sa.bindparam("user_id"), IS_LINKED),
    IdentifiedUser,
    reads=one_row,
)
_BY_EMAIL = Statement(_USERS.where(*_PROVED), IdentifiedUser)
_CAN_LINK: Statement[bool] = Statement(
    sa.select(sa.literal(value=True))
    .select_from(users)
    .where(
        *_PROVED,
        users.c.disabled_at.is_(None),
        ~sa.exists().where(_OF_SUBJECT),
        ~sa.exists().where(
            identities.c.partner_id == users.c.partner_id,
            identities.c.user_id == users.c.id,
            identities.c.issuer == sa.bindparam("of_issuer", type_=BytewiseText),
        ),
        ~_IS_REFUSED,
    ),
    value,
)
_LINK: Statement[int] = upsert(
    identities,
    lambda insert: insert.on_conflict_do_nothing().returning(identities.c.user_id),
    value,
    inserted=["partner_id", "user_id", "issuer", "subject", "linked_at"],
)
_UNLINK = Statement(
    sa.delete(identities)
    .where(identities.c.partner_id == PARTNER, identities.c.user_id == sa.bindparam("of_user"))
    .returning(identities.c.issuer, identities.c.subject),
    values_of,
)
_KEEP: Statement[int] = upsert(
    unlinked_identities,
    lambda insert: insert.on_conflict_do_nothing().returning(unlinked_identities.c.user_id),
    value,
    inserted=["partner_id", "user_id", "digest"],
)
_UNLINKED_FROM = unlinked_identities.c.partner_id == PARTNER, unlinked_identities.c.user_id == sa.bindparam("of_user")
_FORGET: Statement[int] = Statement(
    sa.delete(unlinked_identities).where(*_UNLINKED_FROM).returning(unlinked_identities.c.user_id), value
)
_IS_UNLINKED: Statement[int] = Statement(
    sa.select(unlinked_identities.c.user_id).where(
        *_UNLINKED_FROM, unlinked_identities.c.digest == sa.bindparam("digest")
    ),
    value,
    reads=one_row,
)
_LINKED_AT = scoped(
    lambda mine: Statement(
        sa.select(identities.c.user_id, sa.func.min(identities.c.linked_at, type_=Instant))
        .where(mine(identities.c.partner_id), among(identities.c.user_id, "ids"))
        .group_by(identities.c.user_id),
        values_of,
        reads=one_each("ids"),
    )
)


async def find(connection: Connection, issuer: str, subject: str) -> IdentifiedUser | None:
    """Return the enabled user with that identity, which is unique among all partners, and was not unlinked."""
    names = {"of_issuer": issuer, "of_subject": subject, "digest": _digest(issuer, subject)}
    return await one(connection, _FIND, names)


async def find_each(
    connection: Connection, wanted: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], IdentifiedUser]:
    """Return the enabled users with these identities, each by issuer and subject, as `find` does."""
    names = {"issuers": sorted({issuer for issuer, _ in wanted}), "subjects": [subject for _, subject in wanted]}
    found = await connection.fetch(_FIND_EACH, names)
    # A row for each identity that was unlinked from the user, if there are any, which is seldom the one that is wanted.
    refused = {
        (issuer, subject)
        for digest, issuer, subject, *_ in found
        if digest is not None and digest == _digest(issuer, subject)
    }
    users_of = {(issuer, subject): IdentifiedUser(*user) for _, issuer, subject, *user in found}
    return {identity: user for identity, user in users_of.items() if identity not in refused}


async def by_id(connection: Connection, partner_id: int, user_id: int) -> IdentifiedUser | None:
    """Return the partner's user, if it is enabled and has an identity."""
    return await one(connection, _BY_ID, {"partner_id": partner_id, "user_id": user_id})


async def by_email(tx: Transaction, email: str) -> IdentifiedUser | None:
    """Return the enabled user with that proved e-mail address, which is unique among all partners."""
    return await one(tx, _BY_EMAIL, {"email": email})


async def can_link(connection: Connection, email: str, issuer: str, subject: str) -> bool:
    """Return whether the subject can be linked to an enabled user with that proved address.

    The user has no identity there, and the subject is no user's, and was not unlinked from this one.
    """
    names = {"email": email, "of_issuer": issuer, "of_subject": subject, "digest": _digest(issuer, subject)}
    return await one(connection, _CAN_LINK, names) is not None


async def link(tx: Transaction, user: IdentifiedUser, issuer: str, subject: str, *, at: datetime) -> bool:
    """Link the user to the identity; return False if it is another user's, or the user has another one there."""
    row = {"partner_id": user.partner_id, "user_id": user.user_id, "issuer": issuer, "subject": subject}
    return await one(tx, _LINK, {**row, "linked_at": at}) is not None


async def is_unlinked(tx: Transaction, user: IdentifiedUser, issuer: str, subject: str) -> bool:
    """Return whether the identity was unlinked from the user, and must not be linked to that user again."""
    names = {"partner_id": user.partner_id, "of_user": user.user_id, "digest": _digest(issuer, subject)}
    return await one(tx, _IS_UNLINKED, names) is not None


async def unlink(tx: Transaction, partner_id: int, user_id: int) -> bool:
    """Delete all identities of the partner's user, and keep their hashes; return False if there is none."""
    unlinked = list(await tx.fetch(_UNLINK, {"partner_id": partner_id, "of_user": user_id}))
    for issuer, subject in unlinked:
        row = {"partner_id": partner_id, "user_id": user_id, "digest": _digest(issuer, subject)}
        await tx.fetch(_KEEP, row)
    return bool(unlinked)


async def forget_unlinked(tx: Transaction, partner_id: int, user_id: int) -> bool:
    """Delete the hashes of what was unlinked from the partner's user; return False if there are none."""
    return bool(list(await tx.fetch(_FORGET, {"partner_id": partner_id, "of_user": user_id})))


def _digest(issuer: str, subject: str) -> bytes:
    # Without a key: it is kept for as long as the user, and a secret may be replaced.
    return sha256(f"{issuer}\0{subject}".encode()).digest()


async def linked_at(connection: Connection, scope: Scope, user_ids: Sequence[int]) -> Mapping[int, datetime]:
    """Return since when these users of a scope have an identity."""
    found = await connection.fetch(_LINKED_AT.within(scope), {"partner_id": scope, "ids": user_ids})
    return dict(found)
