"""Limits of input: the length of each text and the number of entries of each list.

A longer value is refused with BAD_USER_INPUT before it is used. If an input's limit is the business's, only the general
limit applies here, so that the business can refuse the value in words for a person.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from domain.access import Permission
from domain.activations import ACTIVATION_KEY_LENGTH, ECF_SERIAL_NUMBER_LENGTH
from domain.bulk import BULK_MAX
from domain.checks import IDEMPOTENCY_KEY_LENGTH, TOKEN_NAME_LENGTH
from domain.clients import NAME_LENGTH, PLACE_LENGTH
from domain.documents import ID_LENGTH_MAX, MANIFEST_LENGTH
from domain.invitations import SECRET_LENGTH
from domain.orders import ITEMS_MAX, NOTE_LENGTH
from domain.partners import CONTACTS_MAX, PHONE_LENGTH, REASON_LENGTH
from domain.price_tables import DRAFTED_MAX, TABLES_MAX, TIERS_MAX
from domain.products import CODE_LENGTH
from domain.products import NAME_LENGTH as PRODUCT_NAME_LENGTH
from domain.second_factor import CHALLENGE_LENGTH_MAX, CODE_LENGTH_MAX
from domain.sheets import CONTENT_LENGTH
from domain.users import EMAIL_LENGTH, PASSWORD_LENGTH_MAX
from domain.webhooks import SELECTION_LENGTH, URL_LENGTH
from resolvers.nodes import NODES_MAX

TEXT_MAX = 10_000
"""Maximum length of any text: several times that of the longest note."""

ID_MAX = 128
SEARCH_MAX = 200
SHORT_MAX = 100
"""Maximum length of a CNPJ, a date, an amount of money or an enum value, in any form."""

ENTRIES_MAX = 250

LENGTHS: Mapping[str, int] = {
    "*(after:)": TEXT_MAX,
    "*(before:)": TEXT_MAX,
    "ActivationFilter.activationKey": SEARCH_MAX,
    "ActivationFilter.authorizationCode": SEARCH_MAX,
    "ActivationFilter.clientName": SEARCH_MAX,
    "ActivationFilter.cnpj": SEARCH_MAX,
    "ActivationFilter.ecfSerialNumber": SEARCH_MAX,
    "ActivationFilter.note": SEARCH_MAX,
    "ActivationFilter.search": SEARCH_MAX,
    "ClientFilter.city": SEARCH_MAX,
    "ClientFilter.cnpj": SEARCH_MAX,
    "ClientFilter.ecfSerialNumber": SEARCH_MAX,
    "ClientFilter.name": SEARCH_MAX,
    "ClientFilter.search": SEARCH_MAX,
    "ClientFilter.state": SEARCH_MAX,
    "CreatePartnerInput.cnpj": SHORT_MAX,
    "ImportClientsInput.content": CONTENT_LENGTH,
    "ImportPricesInput.content": CONTENT_LENGTH,
    "ImportProductsInput.content": CONTENT_LENGTH,
    "PartnerFilter.cnpj": SEARCH_MAX,
    "PartnerFilter.search": SEARCH_MAX,
    "RegisterDocumentsInput.manifest": MANIFEST_LENGTH,
    "RemoveDocumentsInput.ids": ID_LENGTH_MAX,
    "TrustedDocumentFilter.idBeginsWith": ID_LENGTH_MAX,
    "RegisterClientInput.cnpj": SHORT_MAX,
    "ResumeWebhookInput.from": TEXT_MAX,
    "SetPartnerPolicyInput.apiTokenNetworks": SHORT_MAX,
    "RegisterClientInput.state": SHORT_MAX,
    "UpdateClientInput.state": SHORT_MAX,
}
"""Maximum lengths of texts, by schema coordinate; `*` is any type or field."""

ENTRIES: Mapping[str, int] = {"Query.nodes(ids:)": NODES_MAX}
"""Maximum lengths of lists that are shorter than the general limit."""

BUSINESS: Mapping[str, int] = {
    "*.idempotencyKey": IDEMPOTENCY_KEY_LENGTH,
    "ActivateLicenseInput.activationKey": ACTIVATION_KEY_LENGTH,
    "ActivateLicenseInput.ecfSerialNumber": ECF_SERIAL_NUMBER_LENGTH,
    "ActivateLicenseInput.note": NOTE_LENGTH,
    "ActivateLicensesInput.items": BULK_MAX,
    "ActivationMoveInput.activationKey": ACTIVATION_KEY_LENGTH,
    "ActivationMoveInput.ecfSerialNumber": ECF_SERIAL_NUMBER_LENGTH,
    "ActivationMoveInput.note": NOTE_LENGTH,
    "CancelActivationInput.reason": NOTE_LENGTH,
    "CancelActivationsInput.activationIds": BULK_MAX,
    "CancelActivationsInput.reason": NOTE_LENGTH,
    "CancelClientInput.reason": NOTE_LENGTH,
    "CancelOrderInput.reason": NOTE_LENGTH,
    "ConfirmSignInInput.challenge": CHALLENGE_LENGTH_MAX,
    "ConfirmSignInInput.code": CODE_LENGTH_MAX,
    "ConfirmTotpInput.code": CODE_LENGTH_MAX,
    "CreateApiTokenInput.name": TOKEN_NAME_LENGTH,
    "CreateApiTokenInput.permissions": len(Permission),
    "CreateOrderInput.items": ITEMS_MAX,
    "CreateOrderInput.note": NOTE_LENGTH,
    "CreateProductInput.code": CODE_LENGTH,
    "CreateProductInput.name": PRODUCT_NAME_LENGTH,
    "AcceptInvitationInput.password": PASSWORD_LENGTH_MAX,
    "AcceptInvitationInput.secret": SECRET_LENGTH,
    "ChangePasswordInput.currentPassword": PASSWORD_LENGTH_MAX,
    "ChangePasswordInput.newPassword": PASSWORD_LENGTH_MAX,
    "FirstManagerInput.email": EMAIL_LENGTH,
    "FirstManagerInput.name": NAME_LENGTH,
    "InviteUserInput.email": EMAIL_LENGTH,
    "InviteUserInput.name": NAME_LENGTH,
    "RequestPasswordResetInput.email": EMAIL_LENGTH,
    "ResetPasswordInput.newPassword": PASSWORD_LENGTH_MAX,
    "ResetPasswordInput.secret": SECRET_LENGTH,
    "UpdateUserInput.name": NAME_LENGTH,
    "DisableTotpInput.code": CODE_LENGTH_MAX,
    "DisableTotpInput.password": PASSWORD_LENGTH_MAX,
    "EnrollTotpInput.password": PASSWORD_LENGTH_MAX,
    "LicenseActivationInput.activationKey": ACTIVATION_KEY_LENGTH,
    "LicenseActivationInput.ecfSerialNumber": ECF_SERIAL_NUMBER_LENGTH,
    "LicenseActivationInput.note": NOTE_LENGTH,
    "MoveActivationsInput.items": BULK_MAX,
    "MoveActivationInput.activationKey": ACTIVATION_KEY_LENGTH,
    "MoveActivationInput.ecfSerialNumber": ECF_SERIAL_NUMBER_LENGTH,
    "MoveActivationInput.note": NOTE_LENGTH,
    "UpdateActivationInput.note": NOTE_LENGTH,
    "CreatePartnerInput.contacts": CONTACTS_MAX,
    "CreatePartnerInput.name": NAME_LENGTH,
    "AssignPriceTablesInput.priceTableIds": TABLES_MAX,
    "CreatePartnerInput.priceTableName": NAME_LENGTH,
    "CreatePriceTableInput.name": NAME_LENGTH,
    "RenamePriceTableInput.name": NAME_LENGTH,
    "DraftPriceTableInput.prices": DRAFTED_MAX,
    "PriceInput.tiers": TIERS_MAX,
    "PartnerContactInput.email": EMAIL_LENGTH,
    "PartnerContactInput.name": NAME_LENGTH,
    "PartnerContactInput.phone": PHONE_LENGTH,
    "QuoteOrderInput.items": ITEMS_MAX,
    "RegisterClientInput.city": PLACE_LENGTH,
    "RegisterClientInput.name": NAME_LENGTH,
    "RegisterClientInput.tradeName": NAME_LENGTH,
    "RenewRecoveryCodesInput.code": CODE_LENGTH_MAX,
    "RenewRecoveryCodesInput.password": PASSWORD_LENGTH_MAX,
    "SignInInput.email": EMAIL_LENGTH,
    "SignInInput.password": PASSWORD_LENGTH_MAX,
    "SuspendPartnerInput.reason": REASON_LENGTH,
    "UpdateClientInput.city": PLACE_LENGTH,
    "UpdateClientInput.name": NAME_LENGTH,
    "UpdateClientInput.tradeName": NAME_LENGTH,
    "UpdateProductInput.name": PRODUCT_NAME_LENGTH,
    "UpdatePartnerInput.contacts": CONTACTS_MAX,
    "UpdatePartnerInput.name": NAME_LENGTH,
    "CreateWebhookInput.url": URL_LENGTH,
    "CreateWebhookInput.selection": SELECTION_LENGTH,
    "UpdateWebhookInput.url": URL_LENGTH,
    "UpdateWebhookInput.selection": SELECTION_LENGTH,
}
"""Limits of the business, in characters or entries; `userErrors` refuses a longer value."""


class Limit(NamedTuple):
    """Maximum characters of a text, or of each text of a list, and maximum entries of a list."""

    characters: int
    entries: int = ENTRIES_MAX

    def tighter(self, other: "Limit") -> "Limit":
        """Return the lower of both limits."""
        return Limit(min(self.characters, other.characters), min(self.entries, other.entries))


def of(coordinate: str, of_type: GraphQLInputType) -> Limit:
    """Return the limit of an argument or input field by its coordinate, such as `Query.node(id:)`."""
    general = of_type_alone(of_type)
    characters = stated(coordinate)
    return Limit(general.characters if characters is None else characters, ENTRIES.get(coordinate, ENTRIES_MAX))


def of_type_alone(of_type: GraphQLInputType) -> Limit:
    """Return the limit of a type's values, independent of the argument."""
    name = get_named_type(of_type).name
    return Limit({"String": TEXT_MAX, "ID": ID_MAX}.get(name, SHORT_MAX))


def stated(coordinate: str) -> int | None:
    """Return the length in the table for a text; None if only its type limits it."""
    return _found(LENGTHS, coordinate)


def business(coordinate: str) -> int | None:
    """Return the business's limit of an input field; None if it has none."""
    return _found(BUSINESS, coordinate)


class InputValue(NamedTuple):
    """Argument or input field, with its schema coordinate."""

    coordinate: str
    definition: GraphQLArgument | GraphQLInputField


def input_values(schema: GraphQLSchema) -> Iterator[InputValue]:
    """Return every argument and every input field of the schema."""
    for each in schema.type_map.values():
        if each.name.startswith("__"):
            continue
        if isinstance(each, GraphQLInputObjectType):
            for name, field in each.fields.items():
                yield InputValue(f"{each.name}.{name}", field)
        elif isinstance(each, GraphQLObjectType | GraphQLInterfaceType):
            for name, output in each.fields.items():
                for argument, definition in output.args.items():
                    yield InputValue(f"{each.name}.{name}({argument}:)", definition)


def describe(schema: GraphQLSchema) -> None:
    """Add the limit to each description of a text or list that does not state the business's limit."""
    for coordinate, definition in input_values(schema):
        sentence = _sentence(coordinate, definition.type)
        if sentence and business(coordinate) is None:
            definition.description = f"{definition.description or ''} {sentence}".lstrip()


def _sentence(coordinate: str, of_type: GraphQLInputType) -> str:
    limit, named = of(coordinate, of_type), get_named_type(of_type)
    of_texts = named.name in {"String", "ID"}
    if is_list_type(get_nullable_type(of_type)):
        each = f", each of at most {limit.characters:,} characters" if of_texts else ""
        return f"At most {limit.entries:,} entries{each}."
    if named.name == "ID":
        return f"An ID has at most {limit.characters:,} characters."
    return f"At most {limit.characters:,} characters." if of_texts else ""


def _found(table: Mapping[str, int], coordinate: str) -> int | None:
    found = table.get(coordinate)
    if found is None:
        # `Query.clients(after:)` is `*(after:)`, and `CancelOrderInput.reason` is `*.reason`.
        cut = coordinate.index("(") if coordinate.endswith(")") else coordinate.index(".")
        found = table.get(f"*{coordinate[cut:]}")
    return found
