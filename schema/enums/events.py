"""The types of events."""

from domain.events import EventType
from schema.enums.describing import describe

describe(
    EventType,
    "The type of an event.",
    {
        EventType.CLIENT_REGISTERED: "A client was registered.",
        EventType.CLIENT_UPDATED: (
            "The details of a client were updated; or the note of a cancelled client named another one, which was "
            "cancelled in the same transaction, and does so no more."
        ),
        EventType.CLIENT_CANCELLED: (
            "A client was cancelled, “Cancelamento de Cliente”. All of its activations are erased too, also those that "
            "ended before; other activations and clients whose texts named it have events of their own just before "
            "this one."
        ),
        EventType.LICENSE_ACTIVATED: "A license was activated for a client.",
        EventType.ACTIVATION_CANCELLED: (
            "An activation was cancelled, by itself or with its client, or its license was moved."
        ),
        EventType.ACTIVATION_MOVED: (
            "A license was moved. The event refers to the new activation; one of the type `ACTIVATION_CANCELLED`, just "
            "before it, refers to the one that the license left."
        ),
        EventType.ACTIVATION_UPDATED: (
            "The note of an activation was corrected, or its license was moved to another printer (“ECF”) of the same "
            "installation; or its note, key or serial number named a client of the partner that was cancelled in the "
            "same transaction, and does so no more."
        ),
        EventType.ORDER_CREATED: "An order was created, “Confirmar Pedido”.",
        EventType.ORDER_APPROVED: "An order was approved.",
        EventType.ORDER_CANCELLED: "An order was cancelled.",
        EventType.TOKEN_CREATED: "An API token was created.",
        EventType.TOKEN_REVOKED: "An API token was revoked.",
        EventType.PARTNER_CREATED: "The partner was created.",
        EventType.PARTNER_UPDATED: (
            "The name or the contacts of the partner were updated, or the reason for its suspension was corrected."
        ),
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
        EventType.SESSIONS_ENDED: "Sessions of a user were ended: all, or one that was revoked by its secret.",
        EventType.SECOND_FACTOR_ENABLED: "A user turned their second factor on.",
        EventType.SECOND_FACTOR_DISABLED: (
            "A user turned their second factor off, or it was reset by another user or by the operator."
        ),
        EventType.RECOVERY_CODE_USED: "A user gave a recovery code instead of a code of the app.",
        EventType.PRICES_CHANGED: (
            "A version of a price table that the partner buys by was published with other prices than those that would "
            "be in force without it; or a price table was assigned to the partner, preselected or taken away, with an "
            "event for each such price table. The vendor has an event of each publication."
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
        EventType.DOCUMENTS_REGISTERED: "Trusted documents were registered.",
        EventType.DOCUMENTS_REMOVED: "Trusted documents were removed.",
        EventType.WEBHOOK_CREATED: "A webhook was created.",
        EventType.WEBHOOK_UPDATED: "The URL, the filter, the selection or the batch size of a webhook was changed.",
        EventType.WEBHOOK_PAUSED: "A webhook was paused.",
        EventType.WEBHOOK_RESUMED: "A webhook was resumed.",
        EventType.WEBHOOK_SUSPENDED: "The portal suspended a webhook, and `suspensionReason` of the webhook says why.",
        EventType.WEBHOOK_DELETED: "A webhook was deleted.",
        EventType.WEBHOOK_SECRET_ROTATED: "A webhook has new keys; the former ones work for 24 more hours.",
    },
)
