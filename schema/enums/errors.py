"""The codes of refusals."""

from domain.refusals import UserErrorCode
from schema.enums.describing import describe

describe(
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
        UserErrorCode.PARTNER_CLOSED: "The partner is closed; nothing adds to its business or changes it.",
        UserErrorCode.PARTNER_TRANSITION: "The partner's status does not allow the transition.",
        UserErrorCode.PARTNER_IN_USE: "The partner has an active activation or a pending order.",
        UserErrorCode.PARTNER_HAS_USERS: "The partner has users, who invite others; it gets no first manager any more.",
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
        UserErrorCode.PRICE_TABLE_HAS_DRAFT: "The price table has a draft already, so that no other one can begin.",
        UserErrorCode.REFUSED_BY_POLICY: "A policy of the partner refuses it.",
        UserErrorCode.DOCUMENT_ID_IN_USE: "A document with another text is registered under the ID.",
        UserErrorCode.API_TOKEN_LIMIT: "The partner has the maximum number of usable API tokens.",
        UserErrorCode.WEBHOOK_LIMIT: "The partner has the maximum number of webhooks.",
        UserErrorCode.WEBHOOK_BUSY: "Too many pings and repeated deliveries of the webhook wait to be sent.",
        UserErrorCode.WEBHOOK_KEYS_CHANGING: (
            "The keys of the webhook were changed less than 24 hours ago, and receivers may still use the former ones."
        ),
    },
)
