"""Which fields need which permission, and which mutations are alone in an operation."""

from collections.abc import Mapping

from domain.access import Permission

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
