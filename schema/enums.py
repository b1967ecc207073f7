"""Enums of the schema: those of the domain, with descriptions for clients."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import strawberry

from db.activations import ActivationSortKey
from db.clients import ClientSortKey
from db.orders import OrderSortKey
from db.partners import PartnerSortKey
from domain.access import Permission, Role
from domain.activations import ActivationCancellationReason, ActivationStatus, ActivationWarningCode
from domain.bulk import BulkMode, BulkStatus
from domain.clients import ClientStatus
from domain.erasure import ErasedKind
from domain.events import EventType
from domain.exports import (
    COLUMNS,
    ActivationColumn,
    ClientColumn,
    CsvStyle,
    EventColumn,
    ExportColumn,
    ExportFormat,
    ExportList,
    LicenseStockColumn,
    OrderColumn,
)
from domain.invitations import Delivery
from domain.licenses import StockMovementType
from domain.orders import OrderStatus, OrderType
from domain.partners import PartnerStatus
from domain.policies import PolicyKind
from domain.price_tables import PriceChange, VersionState
from domain.refusals import UserErrorCode
from domain.second_factor import SecondFactorKind
from domain.sheets import ImportedRowStatus

Member = TypeVar("Member", bound=Enum)


class ContentEncoding(Enum):
    """How an input has a file."""

    TEXT = "TEXT"
    BASE64 = "BASE64"


class SortDirection(Enum):
    """Direction in which a list is sorted."""

    ASC = "ASC"
    DESC = "DESC"


def _describe(enum: type[Member], description: str, values: Mapping[Member, str]) -> None:
    strawberry.enum(enum, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]  # Strawberry adds the definition.
        value.description = values[enum[value.name]]


_describe(
    SortDirection,
    "The direction in which a list is sorted.",
    {
        SortDirection.ASC: "Ascending: from the lowest to the highest, from A to Z, from the oldest to the newest.",
        SortDirection.DESC: "Descending: from the highest to the lowest, from Z to A, from the newest to the oldest.",
    },
)
_describe(
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
    },
)
_describe(
    Role,
    "The role of a user at a partner or, if its name begins with VENDOR, at the vendor.",
    {
        Role.VIEWER: "Can read everything of the partner, and change nothing.",
        Role.OPERATOR: (
            "Can do everything for the partner except approve orders, set warnings about the stock, and manage API "
            "tokens and users."
        ),
        Role.MANAGER: "Can do everything for the partner.",
        Role.VENDOR_VIEWER: "Can read everything of all partners, and change nothing.",
        Role.VENDOR_SALES: (
            "Can also manage partners and prices, and create, cancel and approve orders on behalf of partners."
        ),
        Role.VENDOR_ADMIN: "Can do everything, on behalf of any partner.",
    },
)
_describe(
    Delivery,
    "How an invitation reaches the person.",
    {
        Delivery.LINK: "The portal sends no e-mail: the person who invited got the link, and passes it on.",
        Delivery.QUEUED: "The e-mail is being sent.",
        Delivery.SENT: "The e-mail was handed to the mail server.",
        Delivery.FAILED: "The e-mail could not be sent. Inviting the same address again sends another one.",
    },
)
_describe(
    SecondFactorKind,
    "A kind of proof that the second step of a sign-in takes.",
    {
        SecondFactorKind.TOTP: "A code of six digits of the authenticator app that the user has enrolled.",
        SecondFactorKind.RECOVERY_CODE: "One of the recovery codes, each of which works once.",
    },
)
_describe(
    ClientStatus,
    "The status of a client.",
    {
        ClientStatus.ACTIVE: "The client is served.",
        ClientStatus.CANCELLED: "The client was cancelled, and the data that identified it was erased.",
    },
)
_describe(
    ClientSortKey,
    "Properties by which clients can be sorted.",
    {
        ClientSortKey.NAME: "Sort by name, without regard to case and accents.",
        ClientSortKey.REGISTERED_AT: "Sort by the date and time of the registration.",
        ClientSortKey.CNPJ: "Sort by CNPJ. Cancelled clients, which have none, come first.",
        ClientSortKey.CITY: (
            "Sort by city, “município”, without regard to case and accents. Clients without one come first."
        ),
        ClientSortKey.LAST_ACTIVATED_AT: (
            "Sort by the date and time of the latest activation, `lastActivatedAt`. Clients without one come first."
        ),
    },
)
_describe(
    ActivationStatus,
    "The status of an activation.",
    {
        ActivationStatus.ACTIVE: "The license is in use.",
        ActivationStatus.CANCELLED: "The license has returned to the stock.",
    },
)
_describe(
    ActivationCancellationReason,
    "The reason why an activation ended.",
    {
        ActivationCancellationReason.ACTIVATION_CANCELLED: "The activation was cancelled, “cancelamento de licença”.",
        ActivationCancellationReason.CLIENT_CANCELLED: "The client was cancelled, “Cancelamento de Cliente”.",
        ActivationCancellationReason.MOVED: "The license was moved to another client or key, “substituição”.",
    },
)
_describe(
    ActivationWarningCode,
    "The code of a warning about an activation.",
    {
        ActivationWarningCode.ECF_SERIAL_NUMBER_IN_USE: (
            "An active activation of another of the partner's clients has the same serial number of a fiscal printer "
            "(“ECF”)."
        ),
    },
)
_describe(
    ActivationSortKey,
    "Properties by which activations can be sorted.",
    {
        ActivationSortKey.ACTIVATED_AT: "Sort by the date and time of the activation, “data/hora da ativação”.",
        ActivationSortKey.CLIENT_NAME: "Sort by the client's name, without regard to case and accents.",
    },
)
_describe(
    StockMovementType,
    "The kind of a change of the stock.",
    {
        StockMovementType.ORDER_APPROVED: "An approved order added its licenses or seats.",
        StockMovementType.ACTIVATED: "An activation took a license and its additional seats.",
        StockMovementType.RELEASED: "A cancelled activation returned its license and additional seats.",
    },
)
_describe(
    OrderType,
    "The type of an order, “Tipo”.",
    {
        OrderType.PURCHASE: "Licenses of products, “Compra”.",
        OrderType.ADDITIONAL_SEATS: "Additional seats for products that the partner has in stock, “Adicional”.",
    },
)
_describe(
    OrderStatus,
    "The status of an order, “situação”.",
    {
        OrderStatus.PENDING: "The order awaits approval, “PEND / Confirmação Pendente”.",
        OrderStatus.COMPLETED: "The order was approved, and its licenses are in the stock, “Finalizado”.",
        OrderStatus.CANCELLED: "The order was cancelled before approval, “Cancelado”.",
    },
)
_describe(
    PartnerStatus,
    "The status of a partner, “situação”.",
    {
        PartnerStatus.ACTIVE: "The partner orders, approves and activates.",
        PartnerStatus.SUSPENDED: "The partner reads and cancels, but does not order, approve or activate, “suspenso”.",
        PartnerStatus.CLOSED: "The vendor has closed the partner for good, “encerrado”.",
    },
)
_describe(
    PolicyKind,
    "A policy of a partner that can refuse something.",
    {
        PolicyKind.FOUR_EYES: "An order is approved by another user than the one who made it.",
        PolicyKind.APPROVAL_CEILING: "Only the vendor's users approve an order above a total.",
        PolicyKind.API_TOKEN_NETWORKS: "API tokens are used from the partner's own networks only.",
    },
)
_describe(
    PartnerSortKey,
    "Properties by which partners can be sorted.",
    {PartnerSortKey.NAME: "Sort by name, without regard to case and accents."},
)
_describe(
    OrderSortKey,
    "Properties by which orders can be sorted.",
    {
        OrderSortKey.NUMBER: "Sort by number, “Id”.",
        OrderSortKey.CREATED_AT: "Sort by the date and time of creation.",
    },
)
_describe(
    EventType,
    "The type of an event.",
    {
        EventType.CLIENT_REGISTERED: "A client was registered.",
        EventType.CLIENT_UPDATED: "The details of a client were updated.",
        EventType.CLIENT_CANCELLED: "A client was cancelled, “Cancelamento de Cliente”.",
        EventType.LICENSE_ACTIVATED: "A license was activated for a client.",
        EventType.ACTIVATION_CANCELLED: "An activation was cancelled, by itself or with its client.",
        EventType.ACTIVATION_MOVED: "A license was moved. The event refers to the new activation.",
        EventType.ACTIVATION_UPDATED: (
            "The note of an activation was corrected, or its license was moved to another printer (“ECF”) of the same "
            "installation."
        ),
        EventType.ORDER_CREATED: "An order was created, “Confirmar Pedido”.",
        EventType.ORDER_APPROVED: "An order was approved.",
        EventType.ORDER_CANCELLED: "An order was cancelled.",
        EventType.TOKEN_CREATED: "An API token was created.",
        EventType.TOKEN_REVOKED: "An API token was revoked.",
        EventType.PARTNER_CREATED: "The partner was created.",
        EventType.PARTNER_UPDATED: "The name or the contacts of the partner were updated.",
        EventType.PARTNER_SUSPENDED: "The partner was suspended.",
        EventType.PARTNER_REINSTATED: "The suspension of the partner ended.",
        EventType.PARTNER_CLOSED: "The partner was closed.",
        EventType.PARTNER_CONTACTS_ERASED: "The contacts of the partner were erased.",
        EventType.PARTNER_POLICY_CHANGED: (
            "The policies of the partner were changed. The event refers to a product if the warning about its stock "
            "was changed."
        ),
        EventType.STOCK_LOW: (
            "The free licenses of a product went below the number at which the partner is warned. The event refers to "
            "the product, and to the activation that took the license."
        ),
        EventType.PRODUCT_CREATED: "A product was created. Only the vendor has events about products.",
        EventType.PRODUCT_UPDATED: "The name or the included seats of a product were updated.",
        EventType.PRODUCT_RETIRED: "A product was retired; it can't be ordered any more.",
        EventType.USER_INVITED: "A person was invited to become a user.",
        EventType.INVITATION_REVOKED: "An invitation was revoked before it was accepted.",
        EventType.USER_JOINED: "A user accepted an invitation, or was created by the operator.",
        EventType.USER_UPDATED: "The name or the role of a user was changed.",
        EventType.USER_DEACTIVATED: "A user was deactivated.",
        EventType.USER_REACTIVATED: "A user was reactivated.",
        EventType.PASSWORD_CHANGED: "A user has a new password.",
        EventType.PASSWORD_RESET_LINK_CREATED: "A link was created by which a user can choose a new password.",
        EventType.SESSIONS_ENDED: "All sessions of a user were ended.",
        EventType.SECOND_FACTOR_ENABLED: "A user turned their second factor on.",
        EventType.SECOND_FACTOR_DISABLED: (
            "A user turned their second factor off, or it was reset by another user or by the operator."
        ),
        EventType.RECOVERY_CODE_USED: "A user gave a recovery code instead of a code of the app.",
        EventType.PRICES_CHANGED: (
            "A version of a price table that the partner buys by was published, or other price tables were assigned "
            "to it."
        ),
        EventType.PRICE_TABLE_CREATED: "A price table was created. Only the vendor has events about drafts and names.",
        EventType.PRICE_TABLE_RENAMED: "A price table has another name.",
        EventType.PRICE_TABLE_DRAFTED: "Prices were written to the draft of a price table.",
        EventType.PRICE_TABLE_DRAFT_DISCARDED: "The draft of a price table was deleted.",
        EventType.PRODUCT_REINSTATED: "A retired product is sold again.",
        EventType.RECOVERY_CODES_RENEWED: "A user has new recovery codes, in place of all former ones.",
        EventType.IDENTITY_LINKED: "A user can sign in by an identity of the OpenID provider.",
        EventType.IDENTITY_UNLINKED: "A user can't sign in by an identity of the OpenID provider any more.",
        EventType.EXPORT_CREATED: "A list was exported: a user or script created the URL of a file.",
    },
)
_describe(
    VersionState,
    "The state of a version of a price table.",
    {
        VersionState.DRAFT: "The version can still be changed. Only the vendor's users see it.",
        VersionState.PUBLISHED: "The version applies from the time at which it begins, and never changes.",
    },
)
_describe(
    PriceChange,
    "The kind of a difference between a draft and the prices in force.",
    {
        PriceChange.ADDED: "The draft has a tier that is not in force.",
        PriceChange.REMOVED: "A tier that is in force is not in the draft.",
        PriceChange.CHANGED: "The draft has other prices or another bonus for the tier.",
    },
)
_describe(
    UserErrorCode,
    "The code of a user error.",
    {
        UserErrorCode.INVALID_INPUT: "A field of the input is invalid: too long, out of range or empty, for example.",
        UserErrorCode.INVALID_CNPJ: "The CNPJ has a wrong length, invalid characters or wrong check digits.",
        UserErrorCode.NOT_FOUND: "The partner has no object with that ID.",
        UserErrorCode.DUPLICATE_PRODUCT: "An order contains a product more than once.",
        UserErrorCode.PRODUCT_NOT_PRICED: "The partner's price table has no price for that quantity of the product.",
        UserErrorCode.PRODUCT_NOT_IN_STOCK: "Additional seats are only for products that the partner has bought.",
        UserErrorCode.INVALID_CREDENTIALS: "The email address or the password is wrong.",
        UserErrorCode.CNPJ_ALREADY_REGISTERED: "Another active client, or another partner, has the same CNPJ.",
        UserErrorCode.ACTIVATION_KEY_IN_USE: "The client has an active license of the product with the same key.",
        UserErrorCode.CLIENT_CANCELLED: "The client is cancelled.",
        UserErrorCode.ACTIVATION_CANCELLED: "The activation is already cancelled.",
        UserErrorCode.IDEMPOTENCY_CONFLICT: "The idempotency key was used with a different input.",
        UserErrorCode.OUT_OF_STOCK: "The partner has no free license of the product.",
        UserErrorCode.OUT_OF_SEATS: "The partner has too few free additional seats of the product.",
        UserErrorCode.ORDER_TRANSITION: "The order's status does not allow the transition.",
        UserErrorCode.PRICE_CHANGED: "The order's total differs from the expected one.",
        UserErrorCode.COUNT_CHANGED: "The filter matches another number of objects than the expected one.",
        UserErrorCode.SESSION_REQUIRED: "Only a person who has signed in can do this; an API token can't.",
        UserErrorCode.PARTNER_SUSPENDED: "The partner is suspended; it can neither order, approve nor activate.",
        UserErrorCode.PARTNER_CLOSED: "The partner is closed; it can neither order, approve nor activate.",
        UserErrorCode.PARTNER_TRANSITION: "The partner's status does not allow the transition.",
        UserErrorCode.PARTNER_IN_USE: "The partner has an active activation or a pending order.",
        UserErrorCode.PRODUCT_RETIRED: "The product is retired; it can't be ordered any more.",
        UserErrorCode.PRODUCT_CODE_IN_USE: "Another product has the same code.",
        UserErrorCode.EMAIL_TAKEN: "A user has the email address already.",
        UserErrorCode.LAST_MANAGER: (
            "The user is the last active MANAGER of the partner, or the last active VENDOR_ADMIN of the vendor."
        ),
        UserErrorCode.USER_DEACTIVATED: "The user is deactivated.",
        UserErrorCode.INVITATION_INVALID: "The invitation was used, revoked or replaced, or it has expired.",
        UserErrorCode.PASSWORD_RESET_INVALID: "The link for a new password was used, or it has expired.",
        UserErrorCode.MAIL_NOT_CONFIGURED: "The portal sends no e-mail: a manager can create the link.",
        UserErrorCode.OWN_USER: "A user can't do this to their own user.",
        UserErrorCode.INVALID_CODE: "The code is wrong, has expired, or was used already.",
        UserErrorCode.SIGN_IN_EXPIRED: (
            "The second step of the sign-in came too late or had too many wrong codes: the user signs in again."
        ),
        UserErrorCode.SECOND_FACTOR_ENABLED: "The user has a second factor already.",
        UserErrorCode.SECOND_FACTOR_NOT_ENABLED: "The user has no second factor, or no app to confirm.",
        UserErrorCode.PRICE_TABLE_NAME_IN_USE: "Another price table has the same name.",
        UserErrorCode.PRICE_TABLE_INCOMPLETE: "The draft has a price of a product, but none for small quantities.",
        UserErrorCode.NO_PRICE_TABLE_DRAFT: "The price table has no draft.",
        UserErrorCode.PRICE_TABLE_DRAFT_OUTDATED: (
            "The draft is a copy of another version than the one that its prices would replace, whose changes it would "
            "undo."
        ),
        UserErrorCode.REFUSED_BY_POLICY: "A policy of the partner refuses it.",
        UserErrorCode.API_TOKEN_LIMIT: "The partner has the maximum number of usable API tokens.",
    },
)
_describe(
    ImportedRowStatus,
    "What an import did with a row.",
    {
        ImportedRowStatus.REGISTERED: "The client was registered.",
        ImportedRowStatus.ALREADY_REGISTERED: "An active client had the CNPJ already; nothing was changed.",
        ImportedRowStatus.REPEATED: "The CNPJ is in an earlier row; nothing was changed.",
        ImportedRowStatus.INVALID: "The row is bad, and `reason` says why.",
        ImportedRowStatus.NOT_IMPORTED: "The row is valid, but nothing was imported, because others are bad.",
    },
)
_describe(
    BulkMode,
    "Whether the items of a mutation are done one by one, or together.",
    {
        BulkMode.EACH: (
            "Each item is done on its own, in the order of the input, and a refused one keeps no other from being done."
        ),
        BulkMode.ALL_OR_NOTHING: "All items are done in one step, or nothing is changed if one of them is refused.",
    },
)
_describe(
    BulkStatus,
    "What a mutation of many items did with one of them, or would do if it were no dry run.",
    {
        BulkStatus.DONE: "The item was done, now or by an earlier request with the same idempotency key.",
        BulkStatus.REFUSED: "The item was refused, and `userErrors` says why.",
        BulkStatus.NOT_DONE: "Nothing is wrong with the item, but nothing was done, because others were refused.",
    },
)
_describe(
    ContentEncoding,
    "How an input has a file.",
    {
        ContentEncoding.TEXT: "As the text of the file, for CSV.",
        ContentEncoding.BASE64: "As its bytes in Base64, for XLSX, and for CSV in any encoding.",
    },
)
_describe(
    ErasedKind,
    "A kind of value that the cancellation of a client erases.",
    {
        ErasedKind.CNPJ: "The client's CNPJ.",
        ErasedKind.NAME: "The client's name, “razão social”.",
        ErasedKind.TRADE_NAME: "The client's trade name, “nome fantasia”.",
        ErasedKind.CITY: "The client's city, “município”.",
        ErasedKind.STATE: "The client's state, “UF”.",
        ErasedKind.ACTIVATION_KEY: (
            "Activation keys: those of the client's activations, and others that had its CNPJ or a name in them."
        ),
        ErasedKind.ECF_SERIAL_NUMBER: (
            "ECF serial numbers: those of the client's activations, and others that had its CNPJ or a name in them."
        ),
        ErasedKind.ACTIVATION_NOTE: (
            "Notes and cancellation notes of activations: all of the client's own, and others that named the client."
        ),
        ErasedKind.ORDER_NOTE: "Notes and cancellation notes of orders that named the client.",
        ErasedKind.CLIENT_NOTE: "Cancellation notes of other clients that named the client.",
        ErasedKind.TOKEN_NAME: "Names of API tokens that named the client.",
        ErasedKind.SUSPENSION_REASON: "The reason of the partner's suspension, if it named the client.",
    },
)


_describe(
    ExportList,
    "A list that can be exported as a file.",
    {
        ExportList.CLIENTS: "The clients, “Clientes / ECFs”.",
        ExportList.ACTIVATIONS: "The activations, “Detalhes da Ativação”.",
        ExportList.ORDERS: "The orders, “Meus Pedidos”.",
        ExportList.LICENSE_STOCK: "The stock of licenses of a partner, “estoque do parceiro”.",
        ExportList.EVENTS: "The events of a partner.",
    },
)
_describe(
    ExportFormat,
    "The format of an exported file.",
    {
        ExportFormat.CSV: "Lines of values, for spreadsheet programs and for programs; see `CsvStyle`.",
        ExportFormat.JSONL: "A JSON object in each line, with the values that the API returns, for programs.",
        ExportFormat.XLSX: "A workbook, in which dates are dates, numbers are numbers, and texts are never formulas.",
    },
)
_describe(
    CsvStyle,
    "The style of an exported CSV file.",
    {
        CsvStyle.BRAZILIAN: (
            "For spreadsheet programs in Brazil: a byte order mark, semicolons, decimal commas, dates such as "
            "“24/11/2026 12:30:00” in UTC, and labels in the caller's language."
        ),
        CsvStyle.PLAIN: (
            "For programs: commas and quotation marks as RFC 4180 has them, lines that end with a line feed (LF), and "
            "the names and values that the API returns. A text that a spreadsheet program could take for a formula "
            "begins with an apostrophe here too."
        ),
    },
)


def _describe_columns(enum: type[ExportColumn], description: str) -> None:
    _describe(enum, description, {column: f"The column “{COLUMNS[column].label.pt}”." for column in enum})


_describe_columns(ClientColumn, "A column of exported clients.")
_describe_columns(ActivationColumn, "A column of exported activations.")
_describe_columns(OrderColumn, "A column of exported orders.")
_describe_columns(LicenseStockColumn, "A column of an exported stock of licenses.")
_describe_columns(EventColumn, "A column of exported events, empty without the permission for its objects.")
