"""Permissions, the roles that give them, the fields that require them, and the lifetimes of tokens."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum

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

PUBLIC_FIELDS = frozenset(
    {
        "Query.viewer",
        "Mutation.signIn",
        "Mutation.confirmSignIn",
        "Mutation.signOut",
        "Mutation.acceptInvitation",
        "Mutation.requestPasswordReset",
        "Mutation.resetPassword",
    }
)
"""Root fields that need no token."""

LONE_MUTATIONS = frozenset(
    {
        "signIn",
        "confirmSignIn",
        "signOut",
        "renewSession",
        "acceptInvitation",
        "changePassword",
        "requestPasswordReset",
        "resetPassword",
        "signOutEverywhere",
        "enrollTotp",
        "confirmTotp",
        "disableTotp",
        "renewRecoveryCodes",
    }
)
"""Mutations that change or end the viewer of the request's token, or take a password, a code or an e-mail address."""

LARGE_MUTATIONS = frozenset(
    {
        "importClients",
        "importProducts",
        "importPrices",
        "registerDocuments",
        "activateLicenses",
        "cancelActivations",
        "moveActivations",
    }
)
"""Mutations that take as long as many others, so that an operation has one of them."""

SELF_CHECKING_MUTATIONS = frozenset({"createExport"})
"""Mutations whose permission depends on their input: an operation of several could fail after one of them."""

ENROLLING_FIELDS = PUBLIC_FIELDS | {
    "Mutation.renewSession",
    "Mutation.changePassword",
    "Mutation.signOutEverywhere",
    "Mutation.enrollTotp",
    "Mutation.confirmTotp",
}
"""Root fields of a session whose user must enroll a second factor first."""

FIELD_PERMISSIONS: Mapping[str, Permission] = {
    "Query.client": Permission.CLIENTS_READ,
    "Query.clientByCnpj": Permission.CLIENTS_READ,
    "Query.clients": Permission.CLIENTS_READ,
    "Query.activation": Permission.ACTIVATIONS_READ,
    "Query.activations": Permission.ACTIVATIONS_READ,
    "Query.licenseStock": Permission.ACTIVATIONS_READ,
    "Query.order": Permission.ORDERS_READ,
    "Query.orderByNumber": Permission.ORDERS_READ,
    "Query.orders": Permission.ORDERS_READ,
    "Query.ordersTotal": Permission.ORDERS_READ,
    "Query.products": Permission.ORDERS_READ,
    "Query.priceTable": Permission.ORDERS_READ,
    "Query.priceTables": Permission.ORDERS_READ,
    "Query.priceTableDiff": Permission.ORDERS_READ,
    "Query.quoteOrder": Permission.ORDERS_READ,
    "Query.events": Permission.EVENTS_READ,
    "Subscription.events": Permission.EVENTS_READ,
    "Query.auditChain": Permission.EVENTS_READ,
    "Query.users": Permission.USERS_READ,
    "Query.invitations": Permission.USERS_MANAGE,
    "Query.apiTokens": Permission.TOKENS_MANAGE,
    "Query.trustedDocuments": Permission.DOCUMENTS_MANAGE,
    "Client.activations": Permission.ACTIVATIONS_READ,
    "CancelClientPayload.cancelledActivations": Permission.ACTIVATIONS_READ,
    "UpdateLicenseStockThresholdPayload.licenseStock": Permission.ACTIVATIONS_READ,
    "LicenseStock.movements": Permission.ACTIVATIONS_READ,
    "Order.items": Permission.ORDERS_READ,
    "PriceTable.items": Permission.ORDERS_READ,
    "PriceTable.versions": Permission.ORDERS_READ,
    "PriceTableVersion.items": Permission.ORDERS_READ,
    "Partner.priceTables": Permission.ORDERS_READ,
    "Partner.clients": Permission.CLIENTS_READ,
    "Partner.activations": Permission.ACTIVATIONS_READ,
    "Partner.orders": Permission.ORDERS_READ,
    "Partner.licenseStock": Permission.ACTIVATIONS_READ,
    "Partner.events": Permission.EVENTS_READ,
    "Partner.users": Permission.USERS_READ,
    "Partner.contacts": Permission.USERS_READ,
    "Viewer.apiTokens": Permission.TOKENS_MANAGE,
    "Query.webhook": Permission.WEBHOOKS_READ,
    "Query.webhooks": Permission.WEBHOOKS_READ,
    "Webhook.deliveries": Permission.WEBHOOKS_READ,
    "Mutation.registerClient": Permission.CLIENTS_WRITE,
    "Mutation.importClients": Permission.CLIENTS_WRITE,
    "Mutation.createExport": Permission.EXPORTS_CREATE,
    "Mutation.updateClient": Permission.CLIENTS_WRITE,
    "Mutation.cancelClient": Permission.CLIENTS_CANCEL,
    "Mutation.activateLicense": Permission.ACTIVATIONS_WRITE,
    "Mutation.cancelActivation": Permission.ACTIVATIONS_WRITE,
    "Mutation.moveActivation": Permission.ACTIVATIONS_WRITE,
    "Mutation.updateActivation": Permission.ACTIVATIONS_WRITE,
    "Mutation.updateLicenseStockThreshold": Permission.STOCK_MANAGE,
    "Mutation.activateLicenses": Permission.ACTIVATIONS_WRITE,
    "Mutation.cancelActivations": Permission.ACTIVATIONS_WRITE,
    "Mutation.moveActivations": Permission.ACTIVATIONS_WRITE,
    "Mutation.createOrder": Permission.ORDERS_CREATE,
    "Mutation.cancelOrder": Permission.ORDERS_CREATE,
    "Mutation.approveOrder": Permission.ORDERS_APPROVE,
    "Mutation.createApiToken": Permission.TOKENS_MANAGE,
    "Mutation.revokeApiToken": Permission.TOKENS_MANAGE,
    "Mutation.updateUser": Permission.USERS_MANAGE,
    "Mutation.deactivateUser": Permission.USERS_MANAGE,
    "Mutation.reactivateUser": Permission.USERS_MANAGE,
    "Mutation.inviteUser": Permission.USERS_MANAGE,
    "Mutation.revokeInvitation": Permission.USERS_MANAGE,
    "Mutation.createPasswordResetLink": Permission.USERS_MANAGE,
    "Mutation.resetSecondFactor": Permission.USERS_MANAGE,
    "Mutation.unlinkIdentity": Permission.USERS_MANAGE,
    "Mutation.createPartner": Permission.PARTNERS_MANAGE,
    "Mutation.updatePartner": Permission.PARTNERS_MANAGE,
    "Mutation.suspendPartner": Permission.PARTNERS_MANAGE,
    "Mutation.reinstatePartner": Permission.PARTNERS_MANAGE,
    "Mutation.closePartner": Permission.PARTNERS_MANAGE,
    "Mutation.erasePartnerContacts": Permission.PARTNERS_MANAGE,
    "Mutation.setPartnerPolicy": Permission.PARTNERS_MANAGE,
    "Mutation.createProduct": Permission.PRODUCTS_MANAGE,
    "Mutation.updateProduct": Permission.PRODUCTS_MANAGE,
    "Mutation.retireProduct": Permission.PRODUCTS_MANAGE,
    "Mutation.reinstateProduct": Permission.PRODUCTS_MANAGE,
    "Mutation.importProducts": Permission.PRODUCTS_MANAGE,
    "Mutation.registerDocuments": Permission.DOCUMENTS_MANAGE,
    "Mutation.removeDocuments": Permission.DOCUMENTS_MANAGE,
    "Mutation.createPriceTable": Permission.PRICES_MANAGE,
    "Mutation.renamePriceTable": Permission.PRICES_MANAGE,
    "Mutation.draftPriceTable": Permission.PRICES_MANAGE,
    "Mutation.importPrices": Permission.PRICES_MANAGE,
    "Mutation.publishPriceTable": Permission.PRICES_MANAGE,
    "Mutation.discardPriceTableDraft": Permission.PRICES_MANAGE,
    "Mutation.assignPriceTables": Permission.PRICES_MANAGE,
    "Mutation.createWebhook": Permission.WEBHOOKS_MANAGE,
    "Mutation.updateWebhook": Permission.WEBHOOKS_MANAGE,
    "Mutation.pauseWebhook": Permission.WEBHOOKS_MANAGE,
    "Mutation.resumeWebhook": Permission.WEBHOOKS_MANAGE,
    "Mutation.deleteWebhook": Permission.WEBHOOKS_MANAGE,
    "Mutation.rotateWebhookSecret": Permission.WEBHOOKS_MANAGE,
    "Mutation.pingWebhook": Permission.WEBHOOKS_MANAGE,
    "Mutation.redeliver": Permission.WEBHOOKS_MANAGE,
}
"""Permissions that root fields and to-many relations require; a to-one relation requires only its parent's.

Events are the exception: they refer to objects of all types, and show one only with the permission of its type.
"""

NODE_PERMISSIONS: Mapping[str, Permission | None] = {
    "Client": Permission.CLIENTS_READ,
    "Activation": Permission.ACTIVATIONS_READ,
    "LicenseStock": Permission.ACTIVATIONS_READ,
    "StockMovement": Permission.ACTIVATIONS_READ,
    "Order": Permission.ORDERS_READ,
    "OrderItem": Permission.ORDERS_READ,
    "Product": Permission.ORDERS_READ,
    "PriceTable": Permission.ORDERS_READ,
    "Event": Permission.EVENTS_READ,
    "ApiToken": Permission.TOKENS_MANAGE,
    "Invitation": Permission.USERS_MANAGE,
    "Webhook": Permission.WEBHOOKS_READ,
    "WebhookDelivery": Permission.WEBHOOKS_READ,
    "User": None,
    "Partner": None,
}
"""Permissions that `node` and `nodes` require, by type; None for partners and users that the viewer may see."""


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
