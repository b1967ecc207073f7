"""Events of a partner, its audit trail, which stores only ids."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from domain.exports import ExportList
from domain.languages import Language, Text, ended


class EventType(Enum):
    """Type of an event."""

    CLIENT_REGISTERED = "CLIENT_REGISTERED"
    CLIENT_UPDATED = "CLIENT_UPDATED"
    CLIENT_CANCELLED = "CLIENT_CANCELLED"
    LICENSE_ACTIVATED = "LICENSE_ACTIVATED"
    ACTIVATION_CANCELLED = "ACTIVATION_CANCELLED"
    ACTIVATION_MOVED = "ACTIVATION_MOVED"
    ORDER_CREATED = "ORDER_CREATED"
    ORDER_APPROVED = "ORDER_APPROVED"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    TOKEN_CREATED = "TOKEN_CREATED"
    TOKEN_REVOKED = "TOKEN_REVOKED"
    PARTNER_CREATED = "PARTNER_CREATED"
    PARTNER_UPDATED = "PARTNER_UPDATED"
    PARTNER_SUSPENDED = "PARTNER_SUSPENDED"
    PARTNER_REINSTATED = "PARTNER_REINSTATED"
    PARTNER_CLOSED = "PARTNER_CLOSED"
    PARTNER_CONTACTS_ERASED = "PARTNER_CONTACTS_ERASED"
    PARTNER_POLICY_CHANGED = "PARTNER_POLICY_CHANGED"
    STOCK_LOW = "STOCK_LOW"
    PRODUCT_CREATED = "PRODUCT_CREATED"
    PRODUCT_UPDATED = "PRODUCT_UPDATED"
    PRODUCT_RETIRED = "PRODUCT_RETIRED"
    USER_INVITED = "USER_INVITED"
    INVITATION_REVOKED = "INVITATION_REVOKED"
    USER_JOINED = "USER_JOINED"
    USER_UPDATED = "USER_UPDATED"
    USER_DEACTIVATED = "USER_DEACTIVATED"
    USER_REACTIVATED = "USER_REACTIVATED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"
    PASSWORD_RESET_LINK_CREATED = "PASSWORD_RESET_LINK_CREATED"
    SESSIONS_ENDED = "SESSIONS_ENDED"
    SECOND_FACTOR_ENABLED = "SECOND_FACTOR_ENABLED"
    SECOND_FACTOR_DISABLED = "SECOND_FACTOR_DISABLED"
    RECOVERY_CODE_USED = "RECOVERY_CODE_USED"
    PRICES_CHANGED = "PRICES_CHANGED"
    PRICE_TABLE_CREATED = "PRICE_TABLE_CREATED"
    PRICE_TABLE_RENAMED = "PRICE_TABLE_RENAMED"
    PRICE_TABLE_DRAFTED = "PRICE_TABLE_DRAFTED"
    PRICE_TABLE_DRAFT_DISCARDED = "PRICE_TABLE_DRAFT_DISCARDED"
    PRODUCT_REINSTATED = "PRODUCT_REINSTATED"
    RECOVERY_CODES_RENEWED = "RECOVERY_CODES_RENEWED"
    IDENTITY_LINKED = "IDENTITY_LINKED"
    IDENTITY_UNLINKED = "IDENTITY_UNLINKED"
    ACTIVATION_UPDATED = "ACTIVATION_UPDATED"
    EXPORT_CREATED = "EXPORT_CREATED"
    DOCUMENTS_REGISTERED = "DOCUMENTS_REGISTERED"
    DOCUMENTS_REMOVED = "DOCUMENTS_REMOVED"
    WEBHOOK_CREATED = "WEBHOOK_CREATED"
    WEBHOOK_UPDATED = "WEBHOOK_UPDATED"
    WEBHOOK_PAUSED = "WEBHOOK_PAUSED"
    WEBHOOK_RESUMED = "WEBHOOK_RESUMED"
    WEBHOOK_SUSPENDED = "WEBHOOK_SUSPENDED"
    WEBHOOK_DELETED = "WEBHOOK_DELETED"
    WEBHOOK_SECRET_ROTATED = "WEBHOOK_SECRET_ROTATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Change, with the ids of what it changed."""

    type: EventType
    client_id: int | None = None
    activation_id: int | None = None
    order_id: int | None = None
    token_id: int | None = None
    product_id: int | None = None
    user_id: int | None = None
    price_table_id: int | None = None
    webhook_id: int | None = None
    erased: str | None = None
    """Receipt of an erasure: how many values of each kind, and none of them."""

    exported_list: ExportList | None = None
    """List that was exported."""


@dataclass(frozen=True, slots=True)
class EventOfEach:
    """The same event for each of many activations."""

    event: Event
    activation_ids: Sequence[int]


def counted(happened: Iterable[Event | EventOfEach]) -> Counter[EventType]:
    """Return the number of events of each type."""
    numbers: Counter[EventType] = Counter()
    for each in happened:
        if isinstance(each, Event):
            numbers[each.type] += 1
        elif each.activation_ids:
            numbers[each.event.type] += len(each.activation_ids)
    return numbers


WITHHELD = "…"
"""Replacement in a message for a name or number that the reader has no permission to read."""

MESSAGES: Mapping[EventType, Text] = {
    EventType.CLIENT_REGISTERED: Text(pt="{client}: cliente cadastrado.", en="{client}: client registered."),
    EventType.CLIENT_UPDATED: Text(pt="{client}: dados alterados.", en="{client}: details updated."),
    EventType.CLIENT_CANCELLED: Text(pt="{client}: cliente cancelado.", en="{client}: client cancelled."),
    EventType.LICENSE_ACTIVATED: Text(
        pt="Licença de {product} ativada para {client}.", en="License of {product} activated for {client}."
    ),
    EventType.ACTIVATION_CANCELLED: Text(
        pt="Ativação de {product} de {client} cancelada.", en="Activation of {product} of {client} cancelled."
    ),
    EventType.ACTIVATION_MOVED: Text(
        pt="Licença de {product} transferida para {client}.", en="License of {product} moved to {client}."
    ),
    EventType.ACTIVATION_UPDATED: Text(
        pt="Ativação de {product} de {client}: dados alterados.",
        en="Activation of {product} of {client}: details updated.",
    ),
    EventType.ORDER_CREATED: Text(pt="Pedido {order} criado.", en="Order {order} created."),
    EventType.ORDER_APPROVED: Text(pt="Pedido {order} aprovado.", en="Order {order} approved."),
    EventType.ORDER_CANCELLED: Text(pt="Pedido {order} cancelado.", en="Order {order} cancelled."),
    EventType.TOKEN_CREATED: Text(pt="Token de API “{token}” criado.", en="API token “{token}” created."),
    EventType.TOKEN_REVOKED: Text(pt="Token de API “{token}” revogado.", en="API token “{token}” revoked."),
    EventType.PARTNER_CREATED: Text(pt="Parceiro cadastrado.", en="Partner created."),
    EventType.PARTNER_UPDATED: Text(pt="Dados do parceiro alterados.", en="Details of the partner updated."),
    EventType.PARTNER_SUSPENDED: Text(pt="Parceiro suspenso.", en="Partner suspended."),
    EventType.PARTNER_REINSTATED: Text(pt="Suspensão do parceiro encerrada.", en="Partner reinstated."),
    EventType.PARTNER_CLOSED: Text(pt="Parceiro encerrado.", en="Partner closed."),
    EventType.PARTNER_CONTACTS_ERASED: Text(pt="Contatos do parceiro apagados.", en="Contacts of the partner erased."),
    EventType.PARTNER_POLICY_CHANGED: Text(pt="Regras do parceiro alteradas.", en="Policy of the partner changed."),
    EventType.STOCK_LOW: Text(pt="{product}: estoque de licenças baixo.", en="{product}: few licenses left."),
    EventType.PRODUCT_CREATED: Text(pt="{product}: produto cadastrado.", en="{product}: product created."),
    EventType.PRODUCT_UPDATED: Text(pt="{product}: dados do produto alterados.", en="{product}: product updated."),
    EventType.PRODUCT_RETIRED: Text(pt="{product}: produto retirado de venda.", en="{product}: product retired."),
    EventType.USER_INVITED: Text(pt="Usuário convidado.", en="User invited."),
    EventType.INVITATION_REVOKED: Text(pt="Convite de usuário revogado.", en="Invitation of a user revoked."),
    EventType.USER_JOINED: Text(pt="{user}: novo usuário.", en="{user}: new user."),
    EventType.USER_UPDATED: Text(pt="{user}: nome ou perfil alterado.", en="{user}: name or role changed."),
    EventType.USER_DEACTIVATED: Text(pt="{user}: usuário desativado.", en="{user}: user deactivated."),
    EventType.USER_REACTIVATED: Text(pt="{user}: usuário reativado.", en="{user}: user reactivated."),
    EventType.PASSWORD_CHANGED: Text(pt="{user}: senha alterada.", en="{user}: password changed."),
    EventType.PASSWORD_RESET_LINK_CREATED: Text(
        pt="{user}: link de nova senha criado.", en="{user}: link for a new password created."
    ),
    EventType.SESSIONS_ENDED: Text(pt="{user}: sessões encerradas.", en="{user}: sessions ended."),
    EventType.SECOND_FACTOR_ENABLED: Text(
        pt="{user}: verificação em duas etapas ativada.", en="{user}: two-step verification turned on."
    ),
    EventType.SECOND_FACTOR_DISABLED: Text(
        pt="{user}: verificação em duas etapas desativada.", en="{user}: two-step verification turned off."
    ),
    # An assignment is an event of this type too.
    EventType.PRICES_CHANGED: Text(
        pt="{price_table}: preços ou atribuição alterados.", en="{price_table}: prices or assignment changed."
    ),
    EventType.EXPORT_CREATED: Text(pt="Lista exportada: {exported_list}.", en="List exported: {exported_list}."),
    EventType.DOCUMENTS_REGISTERED: Text(pt="Documentos registrados.", en="Documents registered."),
    EventType.DOCUMENTS_REMOVED: Text(pt="Documentos removidos.", en="Documents removed."),
    EventType.RECOVERY_CODE_USED: Text(pt="{user}: código de recuperação usado.", en="{user}: recovery code used."),
    EventType.PRICE_TABLE_CREATED: Text(
        pt="{price_table}: pauta cadastrada.", en="{price_table}: price table created."
    ),
    EventType.PRICE_TABLE_RENAMED: Text(
        pt="{price_table}: novo nome da pauta.", en="{price_table}: price table renamed."
    ),
    EventType.PRICE_TABLE_DRAFTED: Text(pt="{price_table}: rascunho alterado.", en="{price_table}: draft changed."),
    EventType.PRICE_TABLE_DRAFT_DISCARDED: Text(
        pt="{price_table}: rascunho descartado.", en="{price_table}: draft discarded."
    ),
    EventType.PRODUCT_REINSTATED: Text(pt="{product}: produto de volta à venda.", en="{product}: product reinstated."),
    EventType.RECOVERY_CODES_RENEWED: Text(
        pt="{user}: novos códigos de recuperação.", en="{user}: new recovery codes."
    ),
    EventType.IDENTITY_LINKED: Text(
        pt="{user}: login do provedor de identidade vinculado.", en="{user}: identity of the provider linked."
    ),
    EventType.IDENTITY_UNLINKED: Text(
        pt="{user}: login do provedor de identidade desvinculado.", en="{user}: identity of the provider unlinked."
    ),
    EventType.WEBHOOK_CREATED: Text(pt="Webhook criado.", en="Webhook created."),
    EventType.WEBHOOK_UPDATED: Text(pt="Webhook alterado.", en="Webhook updated."),
    EventType.WEBHOOK_PAUSED: Text(pt="Webhook pausado.", en="Webhook paused."),
    EventType.WEBHOOK_RESUMED: Text(pt="Webhook retomado.", en="Webhook resumed."),
    EventType.WEBHOOK_SUSPENDED: Text(pt="Webhook suspenso.", en="Webhook suspended."),
    EventType.WEBHOOK_DELETED: Text(pt="Webhook excluído.", en="Webhook deleted."),
    EventType.WEBHOOK_SECRET_ROTATED: Text(pt="Chaves de um webhook trocadas.", en="Keys of a webhook rotated."),
}


def message(kind: EventType, language: Language, facts: Mapping[str, object]) -> str:
    """Return the sentence about an event."""
    return ended(MESSAGES[kind].within(language).format(**facts))
