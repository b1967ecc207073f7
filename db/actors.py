"""Users who make changes, as statements require them: able to make the change until their transaction ends."""

from functools import lru_cache
from typing import NamedTuple, TypeAlias

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Exists, Select

from db.engine import Transaction, one
from db.engine.filters import PARTNER, value
from db.engine.lock_queues import Queue, sharing
from db.engine.statement import Statement
from db.identities import IS_LINKED
from db.tables import tokens, users
from domain.access import VENDOR_ROLES, Role

Shape: TypeAlias = tuple[tuple[Role, ...], bool]
"""Roles of which the actor has to have one, and whether the actor uses a token of the portal."""


class Rights(NamedTuple):
    """What an actor must still have: a token that works, and one of the roles that allow the change."""

    token_id: int
    """0 for a token of the identity provider, whose identity must be linked still."""

    roles: tuple[Role, ...]

    @property
    def shape(self) -> Shape:
        """Return what determines the conditions."""
        return self.roles, self.token_id != 0


_ACTOR: sa.BindParameter[int] = sa.bindparam("by_actor", type_=sa.BigInteger)
_TOKEN_WORKS = (
    sa.select(tokens.c.id)
    .where(
        tokens.c.partner_id == users.c.partner_id,
        tokens.c.user_id == users.c.id,
        tokens.c.id == sa.bindparam("by_token"),
        tokens.c.revoked_at.is_(None),
    )
    .exists()
)


def _has(roles: tuple[Role, ...], *, by_token: bool) -> list[ColumnElement[bool]]:
    has_role = sa.or_(*(users.c.role == role for role in roles))
    return [has_role, _TOKEN_WORKS if by_token else IS_LINKED]


def _enabled() -> Select[tuple[int]]:
    return sa.select(users.c.id).where(users.c.id == _ACTOR, users.c.disabled_at.is_(None))


def may_act(shape: Shape | None) -> Exists:
    """Return a condition: the actor is enabled, and has the rights of that shape.

    Its user is locked with the same statement: what is not committed by then waits for a deactivation or another role,
    and fails. The token is read as it is when the statement begins.
    """
    # The vendor's users act on behalf of any partner.
    is_here = sa.or_(users.c.partner_id == sa.bindparam("of_partner"), *(users.c.role == role for role in VENDOR_ROLES))
    wanted = () if shape is None else _has(shape[0], by_token=shape[1])
    return sharing(_enabled().where(is_here, *wanted), Queue.USERS, _ACTOR).exists()


@lru_cache
def _share(shape: Shape) -> Statement[int]:
    wanted = _has(shape[0], by_token=shape[1])
    here = _enabled().where(users.c.partner_id == PARTNER, *wanted)
    return Statement(sharing(here, Queue.USERS, _ACTOR), value)


async def share(tx: Transaction, partner_id: int, user_id: int, rights: Rights) -> bool:
    """Return whether the user is enabled and has the rights, which no other transaction takes until this one ends."""
    wanted = {"partner_id": partner_id, "by_actor": user_id, "by_token": rights.token_id}
    return await one(tx, _share(rights.shape), wanted) is not None
