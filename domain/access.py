"""Permissions, the roles that give them, and the lifetimes of tokens."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from functools import cache

from domain.languages import Text


class Permission(Enum):
    """Permission of a user or token."""

    CLIENTS_READ = "CLIENTS_READ"
    CLIENTS_WRITE = "CLIENTS_WRITE"
    CLIENTS_CANCEL = "CLIENTS_CANCEL"
    ACTIVATIONS_READ = "ACTIVATIONS_READ"
    ACTIVATIONS_WRITE = "ACTIVATIONS_WRITE"
    ORDERS_READ = "ORDERS_READ"
    ORDERS_CREATE = "ORDERS_CREATE"
    ORDERS_APPROVE = "ORDERS_APPROVE"
    EVENTS_READ = "EVENTS_READ"
    USERS_READ = "USERS_READ"
    TOKENS_MANAGE = "TOKENS_MANAGE"
    PARTNERS_MANAGE = "PARTNERS_MANAGE"
    PRODUCTS_MANAGE = "PRODUCTS_MANAGE"
    USERS_MANAGE = "USERS_MANAGE"
    PRICES_MANAGE = "PRICES_MANAGE"
    STOCK_MANAGE = "STOCK_MANAGE"
    EXPORTS_CREATE = "EXPORTS_CREATE"
    DOCUMENTS_MANAGE = "DOCUMENTS_MANAGE"
    WEBHOOKS_READ = "WEBHOOKS_READ"
    WEBHOOKS_MANAGE = "WEBHOOKS_MANAGE"


ACTIONS: Mapping[Permission, Text] = {
    Permission.CLIENTS_READ: Text(pt="consultar clientes", en="view clients"),
    Permission.CLIENTS_WRITE: Text(pt="cadastrar e alterar clientes", en="register and change clients"),
    Permission.CLIENTS_CANCEL: Text(pt="cancelar clientes", en="cancel clients"),
    Permission.ACTIVATIONS_READ: Text(
        pt="consultar ativações e o estoque de licenças", en="view activations and the license stock"
    ),
    Permission.ACTIVATIONS_WRITE: Text(
        pt="ativar, cancelar e transferir licenças", en="activate, cancel and move licenses"
    ),
    Permission.ORDERS_READ: Text(pt="consultar pedidos e preços", en="view orders and prices"),
    Permission.ORDERS_CREATE: Text(pt="fazer e cancelar pedidos", en="make and cancel orders"),
    Permission.ORDERS_APPROVE: Text(pt="aprovar pedidos", en="approve orders"),
    Permission.EVENTS_READ: Text(pt="consultar o histórico", en="view the history"),
    Permission.USERS_READ: Text(pt="consultar usuários", en="view users"),
    Permission.TOKENS_MANAGE: Text(pt="administrar tokens de API", en="manage API tokens"),
    Permission.PARTNERS_MANAGE: Text(pt="administrar parceiros", en="manage partners"),
    Permission.PRODUCTS_MANAGE: Text(pt="administrar produtos", en="manage products"),
    Permission.USERS_MANAGE: Text(pt="administrar usuários", en="manage users"),
    Permission.PRICES_MANAGE: Text(pt="administrar pautas de preços", en="manage price tables"),
    Permission.STOCK_MANAGE: Text(pt="definir avisos de estoque baixo", en="set warnings of a low stock"),
    Permission.EXPORTS_CREATE: Text(pt="exportar listas", en="export lists"),
    Permission.DOCUMENTS_MANAGE: Text(pt="administrar documentos registrados", en="manage registered documents"),
    Permission.WEBHOOKS_READ: Text(pt="consultar webhooks", en="view webhooks"),
    Permission.WEBHOOKS_MANAGE: Text(pt="administrar webhooks", en="manage webhooks"),
}
"""What each permission allows, as sentences say it."""


class Role(Enum):
    """Role of a user at a partner, or at the vendor."""

    VIEWER = "VIEWER"
    OPERATOR = "OPERATOR"
    MANAGER = "MANAGER"
    VENDOR_VIEWER = "VENDOR_VIEWER"
    VENDOR_SALES = "VENDOR_SALES"
    VENDOR_ADMIN = "VENDOR_ADMIN"


VENDOR_ROLES = frozenset({Role.VENDOR_VIEWER, Role.VENDOR_SALES, Role.VENDOR_ADMIN})
"""Roles at the vendor; all others are roles at a partner."""


class TokenKind(Enum):
    """Origin of a token: the session of a person, or a script's own token."""

    SESSION = "SESSION"
    API = "API"


Permissions = frozenset[Permission]

ALL: Permissions = frozenset(Permission)

_READ: Permissions = frozenset(
    {
        Permission.CLIENTS_READ,
        Permission.ACTIVATIONS_READ,
        Permission.ORDERS_READ,
        Permission.EVENTS_READ,
        Permission.USERS_READ,
        # Who may read a list page by page may also read it as a file; a token can do without.
        Permission.EXPORTS_CREATE,
    }
)
_OPERATE = _READ | {
    Permission.CLIENTS_WRITE,
    Permission.CLIENTS_CANCEL,
    Permission.ACTIVATIONS_WRITE,
    Permission.ORDERS_CREATE,
}

# Named one by one, since a permission that only the vendor has must not be a manager's.
ROLE_PERMISSIONS: Mapping[Role, Permissions] = {
    Role.VIEWER: _READ,
    Role.OPERATOR: _OPERATE,
    Role.MANAGER: _OPERATE
    | {Permission.ORDERS_APPROVE, Permission.TOKENS_MANAGE, Permission.USERS_MANAGE, Permission.STOCK_MANAGE}
    | {Permission.WEBHOOKS_READ, Permission.WEBHOOKS_MANAGE},
    Role.VENDOR_VIEWER: _READ,
    Role.VENDOR_SALES: _READ
    | {
        Permission.ORDERS_CREATE,
        Permission.ORDERS_APPROVE,
        Permission.PARTNERS_MANAGE,
        Permission.PRICES_MANAGE,
        Permission.STOCK_MANAGE,
    },
    Role.VENDOR_ADMIN: ALL,
}


@cache
def roles_with(permission: Permission) -> tuple[Role, ...]:
    """Return the roles that give the permission, in the order of all roles."""
    return tuple(role for role, given in ROLE_PERMISSIONS.items() if permission in given)


def effective(role: Role, chosen: Permissions | None) -> Permissions:
    """Return a token's permissions: those of its creator's role, limited to the chosen ones."""
    given = ROLE_PERMISSIONS[role]
    return given if chosen is None else given & chosen


DEMO_PASSWORD = "demo-portal"  # noqa: S105 — it is public.
"""Password of every user of the demo data. It is public, so sign-in refuses it outside of demo mode."""

SESSION_LIFETIME = timedelta(hours=12)
SESSIONS_LIFETIME = timedelta(days=30)
"""How long sessions can be renewed after a sign-in with the password."""

API_TOKENS_MAX = 100
"""Maximum number of usable API tokens of a partner, so that one list shows all of them."""


def session_end(signed_in_at: datetime, now: datetime) -> datetime:
    """Return the end of a session that begins now, for a user who gave the password at `signed_in_at`."""
    return min(now + SESSION_LIFETIME, signed_in_at + SESSIONS_LIFETIME)
