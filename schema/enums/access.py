"""Enums of users and what they may do."""

from domain.access import Permission, Role
from domain.invitations import Delivery
from domain.second_factor import SecondFactorKind
from schema.enums.describing import describe

describe(
    Permission,
    "A permission of a user or token.",
    {
        Permission.CLIENTS_READ: "Read clients, “Clientes / ECFs”.",
        Permission.CLIENTS_WRITE: "Register clients and update their details.",
        Permission.CLIENTS_CANCEL: "Cancel clients, “Cancelamento de Cliente”.",
        Permission.ACTIVATIONS_READ: "Read activations, “Detalhes da Ativação”, and the stock of licenses.",
        Permission.ACTIVATIONS_WRITE: "Activate licenses, and cancel or move activations.",
        Permission.ORDERS_READ: "Read orders, “Meus Pedidos”, as well as products and prices.",
        Permission.ORDERS_CREATE: "Create orders, “Comprar”, and cancel pending ones.",
        Permission.ORDERS_APPROVE: "Approve pending orders.",
        Permission.EVENTS_READ: "Read the events of the partner.",
        Permission.USERS_READ: "Read the list of the partner's users.",
        Permission.TOKENS_MANAGE: "Create, list and revoke API tokens.",
        Permission.PARTNERS_MANAGE: "Create, update, suspend and close partners, and set their policies.",
        Permission.PRODUCTS_MANAGE: "Create, update and retire products.",
        Permission.USERS_MANAGE: "Invite, update, deactivate and reactivate users.",
        Permission.PRICES_MANAGE: "Create price tables, draft and publish their prices, and assign them to partners.",
        Permission.STOCK_MANAGE: "Set the numbers of free licenses below which the partner is warned.",
        Permission.EXPORTS_CREATE: "Export lists that the viewer may read as files.",
        Permission.DOCUMENTS_MANAGE: "See, register and remove trusted documents, which clients request by an ID.",
        Permission.WEBHOOKS_READ: "Read webhooks and what was sent to them.",
        Permission.WEBHOOKS_MANAGE: "Create, change, pause, resume and delete webhooks.",
    },
)
describe(
    Role,
    "The role of a user at a partner or, if its name begins with VENDOR, at the vendor.",
    {
        Role.VIEWER: "Can read everything of the partner, and change nothing.",
        Role.OPERATOR: (
            "Can do everything for the partner except approve orders, set warnings about the stock, and manage API "
            "tokens, webhooks and users."
        ),
        Role.MANAGER: "Can do everything for the partner.",
        Role.VENDOR_VIEWER: "Can read everything of all partners, and change nothing.",
        Role.VENDOR_SALES: (
            "Can also manage partners and prices, and create, cancel and approve orders on behalf of partners."
        ),
        Role.VENDOR_ADMIN: "Can do everything, on behalf of any partner.",
    },
)
describe(
    Delivery,
    "How an invitation reaches the person.",
    {
        Delivery.LINK: "The portal sends no e-mail: the person who invited got the link, and passes it on.",
        Delivery.QUEUED: "The e-mail is being sent.",
        Delivery.SENT: "The e-mail was handed to the mail server.",
        Delivery.FAILED: "The e-mail could not be sent. Inviting the same address again sends another one.",
    },
)
describe(
    SecondFactorKind,
    "A kind of proof that the second step of a sign-in takes.",
    {
        SecondFactorKind.TOTP: "A code of six digits of the authenticator app that the user has enrolled.",
        SecondFactorKind.RECOVERY_CODE: "One of the recovery codes, each of which works once.",
    },
)
