"""Refusals of the business: each carries its facts, the path in the input, and a sentence for a person."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, ClassVar

from domain import fields
from domain.languages import Fact, Language, Noun, Text, sentence
from domain.money import Amount, Cents

Path = tuple[str, ...]


class UserErrorCode(Enum):
    """Code of a refusal, for programs."""

    INVALID_INPUT = "INVALID_INPUT"
    INVALID_CNPJ = "INVALID_CNPJ"
    NOT_FOUND = "NOT_FOUND"
    DUPLICATE_PRODUCT = "DUPLICATE_PRODUCT"
    PRODUCT_NOT_PRICED = "PRODUCT_NOT_PRICED"
    PRODUCT_NOT_IN_STOCK = "PRODUCT_NOT_IN_STOCK"
    PRODUCT_RETIRED = "PRODUCT_RETIRED"
    PRODUCT_CODE_IN_USE = "PRODUCT_CODE_IN_USE"
    PRICE_TABLE_NAME_IN_USE = "PRICE_TABLE_NAME_IN_USE"
    PRICE_TABLE_INCOMPLETE = "PRICE_TABLE_INCOMPLETE"
    NO_PRICE_TABLE_DRAFT = "NO_PRICE_TABLE_DRAFT"
    PRICE_TABLE_DRAFT_OUTDATED = "PRICE_TABLE_DRAFT_OUTDATED"
    PRICE_TABLE_HAS_DRAFT = "PRICE_TABLE_HAS_DRAFT"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    CNPJ_ALREADY_REGISTERED = "CNPJ_ALREADY_REGISTERED"
    ACTIVATION_KEY_IN_USE = "ACTIVATION_KEY_IN_USE"
    CLIENT_CANCELLED = "CLIENT_CANCELLED"
    ACTIVATION_CANCELLED = "ACTIVATION_CANCELLED"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    OUT_OF_SEATS = "OUT_OF_SEATS"
    ORDER_TRANSITION = "ORDER_TRANSITION"
    PRICE_CHANGED = "PRICE_CHANGED"
    SESSION_REQUIRED = "SESSION_REQUIRED"
    PARTNER_SUSPENDED = "PARTNER_SUSPENDED"
    PARTNER_CLOSED = "PARTNER_CLOSED"
    PARTNER_TRANSITION = "PARTNER_TRANSITION"
    PARTNER_IN_USE = "PARTNER_IN_USE"
    PARTNER_HAS_USERS = "PARTNER_HAS_USERS"
    EMAIL_TAKEN = "EMAIL_TAKEN"
    OWN_USER = "OWN_USER"
    LAST_MANAGER = "LAST_MANAGER"
    USER_DEACTIVATED = "USER_DEACTIVATED"
    INVITATION_INVALID = "INVITATION_INVALID"
    PASSWORD_RESET_INVALID = "PASSWORD_RESET_INVALID"  # noqa: S105 — a code, and no password.
    MAIL_NOT_CONFIGURED = "MAIL_NOT_CONFIGURED"
    INVALID_CODE = "INVALID_CODE"
    SIGN_IN_EXPIRED = "SIGN_IN_EXPIRED"
    SECOND_FACTOR_ENABLED = "SECOND_FACTOR_ENABLED"
    SECOND_FACTOR_NOT_ENABLED = "SECOND_FACTOR_NOT_ENABLED"
    REFUSED_BY_POLICY = "REFUSED_BY_POLICY"
    COUNT_CHANGED = "COUNT_CHANGED"
    DOCUMENT_ID_IN_USE = "DOCUMENT_ID_IN_USE"
    API_TOKEN_LIMIT = "API_TOKEN_LIMIT"  # noqa: S105 — a code, and no password.
    WEBHOOK_LIMIT = "WEBHOOK_LIMIT"
    WEBHOOK_BUSY = "WEBHOOK_BUSY"
    WEBHOOK_KEYS_CHANGING = "WEBHOOK_KEYS_CHANGING"


class Refusal(Exception):  # noqa: N818 — a refusal is an answer of the business, not an error of the program.
    """Refusal of the business to do what the caller asked for.

    The first line of a refusal's docstring is its situation in the catalogue of messages, `domain.catalogue`.
    """

    code: ClassVar[UserErrorCode] = UserErrorCode.INVALID_INPUT
    text: ClassVar[Text]

    def __init__(self, path: Path = (), **facts: Fact) -> None:
        """Take the path of the refused input; subclasses add their facts."""
        super().__init__(path, facts)
        self.path = path
        self.facts = facts

    def message(self, language: Language) -> str:
        """Return one sentence for a person; `{field}` is the noun of the refused field."""
        return self.about(fields.of(self.path), language)

    def about(self, field: Noun, language: Language) -> str:
        """Return the sentence with another noun for the field."""
        filled = self.text.filled(language, {**self.facts, "field": field})
        return sentence(filled, fields.place(self.path, language))


class PermissionNotHeld(Refusal):
    """A token can't have more permissions than its creator."""

    text = Text(
        pt="Seu perfil não permite {permission}; por isso, o token também não pode.",
        en="Your role does not allow you to {permission}, so the token can't either.",
    )


class CounterOverflow(Refusal):
    """The stock would exceed the maximum of its counters."""

    text = Text(
        pt="O estoque do produto passaria do máximo de {highest} licenças.",
        en="The product's stock would pass the maximum of {highest} licenses.",
    )


class NotFound(Refusal):
    """The partner has no object with that id."""

    code = UserErrorCode.NOT_FOUND
    text = Text(
        pt="{field:bare} não {field:encontrado|encontrada}.",
        en="{field:bare} not found.",
    )


class DuplicateProduct(Refusal):
    """An order contains a product more than once."""

    code = UserErrorCode.DUPLICATE_PRODUCT
    text = Text(
        pt="O produto já está no pedido. Some as quantidades em um só item.",
        en="The product is in the order already. Add the quantities up in one item.",
    )


class ProductNotPriced(Refusal):
    """The partner's price table has no price for that quantity of the product."""

    code = UserErrorCode.PRODUCT_NOT_PRICED
    text = Text(
        pt="A pauta de preços não tem preço para esta quantidade do produto.",
        en="The price table has no price for this quantity of the product.",
    )


class ProductNotInStock(Refusal):
    """Additional seats are only for products that the partner has bought."""

    code = UserErrorCode.PRODUCT_NOT_IN_STOCK
    text = Text(
        pt="Usuários adicionais só podem ser pedidos para produtos que já estejam no estoque do parceiro.",
        en="Additional seats can only be ordered for products that the partner has in stock.",
    )


class InvalidCredentials(Refusal):
    """The email address or the password is wrong."""

    code = UserErrorCode.INVALID_CREDENTIALS
    text = Text(pt="E-mail ou senha incorretos.", en="Wrong e-mail or password.")


class CnpjAlreadyRegistered(Refusal):
    """An active client of the partner has the same CNPJ."""

    code = UserErrorCode.CNPJ_ALREADY_REGISTERED
    text = Text(
        pt="Já existe um cliente ativo com este CNPJ.",
        en="There is an active client with this CNPJ already.",
    )


class ActivationKeyInUse(Refusal):
    """The client has an active license of the product with the same key."""

    code = UserErrorCode.ACTIVATION_KEY_IN_USE
    text = Text(
        pt="O cliente já tem uma ativação deste produto com esta chave.",
        en="The client has an active license of this product with this key already.",
    )


class ClientCancelled(Refusal):
    """The client is cancelled."""

    code = UserErrorCode.CLIENT_CANCELLED
    text = Text(pt="O cliente está cancelado.", en="The client is cancelled.")


class ActivationCancelled(Refusal):
    """The activation is already cancelled."""

    code = UserErrorCode.ACTIVATION_CANCELLED
    text = Text(pt="A ativação já está cancelada.", en="The activation is cancelled already.")


class IdempotencyConflict(Refusal):
    """The idempotency key was used with a different input."""

    code = UserErrorCode.IDEMPOTENCY_CONFLICT
    text = Text(
        pt="Este envio repete outro que tinha dados diferentes. Confira o que já foi feito antes de enviar de novo.",
        en="This request repeats another one that had different data. Check what was done before you send it again.",
    )


class StockRefusal(Refusal):
    """The partner has fewer free units of a product than requested."""

    def __init__(self, path: Path = (), *, product_id: int, requested: int, available: int) -> None:
        super().__init__(path, requested=requested, available=available)
        self.product_id = product_id
        self.requested = requested
        self.available = available


class OutOfStock(StockRefusal):
    """The partner has fewer free licenses of the product than requested."""

    code = UserErrorCode.OUT_OF_STOCK
    text = Text(
        pt="Licenças insuficientes: solicitadas {requested}, disponíveis {available}.",
        en="Not enough licenses: {requested} requested, {available} available.",
    )


class OutOfSeats(StockRefusal):
    """The partner has fewer free additional seats of the product than requested."""

    code = UserErrorCode.OUT_OF_SEATS
    text = Text(
        pt="Usuários adicionais insuficientes: solicitados {requested}, disponíveis {available}.",
        en="Not enough additional seats: {requested} requested, {available} available.",
    )


class PriceChanged(Refusal):
    """The order's total differs from the one that the caller was quoted."""

    code = UserErrorCode.PRICE_CHANGED
    text = Text(
        pt="O total do pedido mudou de {expected} para {actual}.",
        en="The order's total has changed from {expected} to {actual}.",
    )

    def __init__(self, path: Path = (), *, expected: Cents, actual: Cents) -> None:
        super().__init__(path, expected=Amount(expected), actual=Amount(actual))
        self.expected = expected
        self.actual = actual


class SessionRequired(Refusal):
    """Only a person who has signed in can do this; an API token can't."""

    code = UserErrorCode.SESSION_REQUIRED
    text = Text(
        pt="Um token de API não pode fazer isto. Entre com seu e-mail e sua senha.",
        en="An API token can't do this. Sign in with your e-mail and password.",
    )


class ApiTokenLimit(Refusal):
    """The partner has the maximum number of usable API tokens."""

    code = UserErrorCode.API_TOKEN_LIMIT
    text = Text(
        pt=(
            "O parceiro já tem {limit:token|tokens} de API em uso, que é o máximo. Revogue um deles antes de criar "
            "outro."
        ),
        en=(
            "The partner already has {limit:API token|API tokens} in use, which is the maximum. Revoke one of them "
            "before you create another."
        ),
    )


def flat(group: BaseExceptionGroup[Any]) -> Iterator[Refusal]:
    """Yield the refusals of a group, and of the groups in it."""
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from flat(each)
        else:
            yield each
