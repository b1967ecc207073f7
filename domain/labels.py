"""Labels of the values of enums, as screens show them."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from domain import orders, partners
from domain.access import Role
from domain.activations import ActivationCancellationReason, ActivationStatus
from domain.bulk import BulkStatus
from domain.clients import ClientStatus
from domain.erasure import ErasedKind
from domain.events import EventType
from domain.exports import LIST_LABELS, ExportList
from domain.invitations import Delivery
from domain.languages import Text
from domain.licenses import StockMovementType
from domain.orders import OrderStatus, OrderType
from domain.partners import PartnerStatus
from domain.price_tables import PriceChange, VersionState
from domain.sheets import ImportedProductStatus, ImportedRowStatus
from domain.webhooks import REASON_LABELS, DeliveryFailure, DeliveryStatus, SuspensionReason, WebhookState

LABELS: Mapping[type[Enum], Mapping[Any, Text]] = {
    OrderType: orders.TYPE_LABELS,
    OrderStatus: orders.STATUS_LABELS,
    PartnerStatus: partners.STATUS_LABELS,
    ClientStatus: {
        ClientStatus.ACTIVE: Text(pt="Ativo", en="Active"),
        ClientStatus.CANCELLED: Text(pt="Cancelado", en="Cancelled"),
    },
    ActivationStatus: {
        ActivationStatus.ACTIVE: Text(pt="Ativa", en="Active"),
        ActivationStatus.CANCELLED: Text(pt="Cancelada", en="Cancelled"),
    },
    ActivationCancellationReason: {
        ActivationCancellationReason.ACTIVATION_CANCELLED: Text(pt="Cancelamento de licença", en="License cancelled"),
        ActivationCancellationReason.CLIENT_CANCELLED: Text(pt="Cancelamento de cliente", en="Client cancelled"),
        ActivationCancellationReason.MOVED: Text(pt="Substituição de licença", en="License moved"),
    },
    StockMovementType: {
        StockMovementType.ORDER_APPROVED: Text(pt="Pedido aprovado", en="Order approved"),
        StockMovementType.ACTIVATED: Text(pt="Licença ativada", en="License activated"),
        StockMovementType.RELEASED: Text(pt="Licença devolvida", en="License returned"),
    },
    Role: {
        Role.VIEWER: Text(pt="Consulta", en="Viewer"),
        Role.OPERATOR: Text(pt="Operador", en="Operator"),
        Role.MANAGER: Text(pt="Gerente", en="Manager"),
        Role.VENDOR_VIEWER: Text(pt="Consulta do fornecedor", en="Vendor's viewer"),
        Role.VENDOR_SALES: Text(pt="Vendas do fornecedor", en="Vendor's sales"),
        Role.VENDOR_ADMIN: Text(pt="Administração do fornecedor", en="Vendor's administrator"),
    },
    Delivery: {
        Delivery.LINK: Text(pt="Link entregue a quem convidou", en="Link given to the person who invited"),
        Delivery.QUEUED: Text(pt="E-mail na fila de envio", en="E-mail being sent"),
        Delivery.SENT: Text(pt="E-mail enviado", en="E-mail sent"),
        Delivery.FAILED: Text(pt="Falha no envio do e-mail", en="E-mail not sent"),
    },
    VersionState: {
        VersionState.DRAFT: Text(pt="Rascunho", en="Draft"),
        VersionState.PUBLISHED: Text(pt="Publicada", en="Published"),
    },
    PriceChange: {
        PriceChange.ADDED: Text(pt="Incluído", en="Added"),
        PriceChange.REMOVED: Text(pt="Excluído", en="Removed"),
        PriceChange.CHANGED: Text(pt="Alterado", en="Changed"),
    },
    ImportedRowStatus: {
        ImportedRowStatus.REGISTERED: Text(pt="Cadastrado", en="Registered"),
        ImportedRowStatus.ALREADY_REGISTERED: Text(pt="Já cadastrado", en="Registered already"),
        ImportedRowStatus.REPEATED: Text(pt="Repetido no arquivo", en="Repeated in the file"),
        ImportedRowStatus.INVALID: Text(pt="Com erro", en="With an error"),
        ImportedRowStatus.NOT_IMPORTED: Text(pt="Não importado", en="Not imported"),
    },
    ImportedProductStatus: {
        ImportedProductStatus.CREATED: Text(pt="Criado", en="Created"),
        ImportedProductStatus.UPDATED: Text(pt="Alterado", en="Updated"),
        ImportedProductStatus.UNCHANGED: Text(pt="Sem alteração", en="Unchanged"),
        ImportedProductStatus.INVALID: Text(pt="Com erro", en="With an error"),
        ImportedProductStatus.NOT_IMPORTED: Text(pt="Não importado", en="Not imported"),
    },
    BulkStatus: {
        BulkStatus.DONE: Text(pt="Feito", en="Done"),
        BulkStatus.REFUSED: Text(pt="Recusado", en="Refused"),
        BulkStatus.NOT_DONE: Text(pt="Não feito", en="Not done"),
    },
    ExportList: LIST_LABELS,
    WebhookState: {
        WebhookState.ACTIVE: Text(pt="Ativo", en="Active"),
        WebhookState.PAUSED: Text(pt="Pausado", en="Paused"),
        WebhookState.SUSPENDED: Text(pt="Suspenso", en="Suspended"),
    },
    SuspensionReason: REASON_LABELS,
    DeliveryStatus: {
        DeliveryStatus.QUEUED: Text(pt="Na fila", en="Queued"),
        DeliveryStatus.DELIVERED: Text(pt="Entregue", en="Delivered"),
        DeliveryStatus.FAILED: Text(pt="Falhou", en="Failed"),
    },
    DeliveryFailure: {
        DeliveryFailure.STATUS: Text(pt="Resposta com erro", en="Answer with an error"),
        DeliveryFailure.REDIRECT: Text(pt="Redirecionamento", en="Redirect"),
        DeliveryFailure.TIMEOUT: Text(pt="Sem resposta a tempo", en="No answer in time"),
        DeliveryFailure.UNREACHABLE: Text(pt="Destino inacessível", en="Not reachable"),
        DeliveryFailure.ADDRESS: Text(pt="Endereço não permitido", en="Address not allowed"),
        DeliveryFailure.TLS: Text(pt="Certificado inválido", en="Invalid certificate"),
        DeliveryFailure.BROKEN: Text(pt="Conexão interrompida", en="Connection broken"),
        DeliveryFailure.NOT_SENT: Text(pt="Não enviado", en="Not sent"),
    },
    ErasedKind: {
        ErasedKind.CNPJ: Text(pt="CNPJ", en="CNPJ"),
        ErasedKind.NAME: Text(pt="Razão social", en="Name"),
        ErasedKind.TRADE_NAME: Text(pt="Nome fantasia", en="Trade name"),
        ErasedKind.CITY: Text(pt="Município", en="City"),
        ErasedKind.STATE: Text(pt="UF", en="State"),
        ErasedKind.ACTIVATION_KEY: Text(pt="Chaves de ativação", en="Activation keys"),
        ErasedKind.ECF_SERIAL_NUMBER: Text(pt="Números de série de ECF", en="ECF serial numbers"),
        ErasedKind.ACTIVATION_NOTE: Text(pt="Observações de ativações", en="Notes of activations"),
        ErasedKind.ORDER_NOTE: Text(pt="Observações de pedidos", en="Notes of orders"),
        ErasedKind.CLIENT_NOTE: Text(pt="Observações de outros clientes", en="Notes of other clients"),
        ErasedKind.TOKEN_NAME: Text(pt="Nomes de tokens de API", en="Names of API tokens"),
        ErasedKind.SUSPENSION_REASON: Text(pt="Motivo da suspensão do parceiro", en="Reason of the suspension"),
        ErasedKind.WEBHOOK_ANSWER: Text(pt="Respostas a webhooks", en="Answers to webhooks"),
        ErasedKind.WEBHOOK_URL: Text(pt="Endereços de webhooks", en="URLs of webhooks"),
        ErasedKind.WEBHOOK_SELECTION: Text(pt="Seleções de webhooks", en="Selections of webhooks"),
    },
    EventType: {
        EventType.CLIENT_REGISTERED: Text(pt="Cliente cadastrado", en="Client registered"),
        EventType.CLIENT_UPDATED: Text(pt="Cliente alterado", en="Client updated"),
        EventType.CLIENT_CANCELLED: Text(pt="Cliente cancelado", en="Client cancelled"),
        EventType.LICENSE_ACTIVATED: Text(pt="Licença ativada", en="License activated"),
        EventType.ACTIVATION_CANCELLED: Text(pt="Ativação cancelada", en="Activation cancelled"),
        EventType.ACTIVATION_MOVED: Text(pt="Licença transferida", en="License moved"),
        EventType.ORDER_CREATED: Text(pt="Pedido criado", en="Order created"),
        EventType.ORDER_APPROVED: Text(pt="Pedido aprovado", en="Order approved"),
        EventType.ORDER_CANCELLED: Text(pt="Pedido cancelado", en="Order cancelled"),
        EventType.TOKEN_CREATED: Text(pt="Token de API criado", en="API token created"),
        EventType.TOKEN_REVOKED: Text(pt="Token de API revogado", en="API token revoked"),
        EventType.PARTNER_CREATED: Text(pt="Parceiro cadastrado", en="Partner created"),
        EventType.PARTNER_UPDATED: Text(pt="Parceiro alterado", en="Partner updated"),
        EventType.PARTNER_SUSPENDED: Text(pt="Parceiro suspenso", en="Partner suspended"),
        EventType.PARTNER_REINSTATED: Text(pt="Suspensão encerrada", en="Partner reinstated"),
        EventType.PARTNER_CLOSED: Text(pt="Parceiro encerrado", en="Partner closed"),
        EventType.PARTNER_CONTACTS_ERASED: Text(pt="Contatos apagados", en="Contacts erased"),
        EventType.PARTNER_POLICY_CHANGED: Text(pt="Regras alteradas", en="Policy changed"),
        EventType.STOCK_LOW: Text(pt="Estoque baixo", en="Few licenses left"),
        EventType.PRODUCT_CREATED: Text(pt="Produto cadastrado", en="Product created"),
        EventType.PRODUCT_UPDATED: Text(pt="Produto alterado", en="Product updated"),
        EventType.PRODUCT_RETIRED: Text(pt="Produto retirado de venda", en="Product retired"),
        EventType.USER_INVITED: Text(pt="Usuário convidado", en="User invited"),
        EventType.INVITATION_REVOKED: Text(pt="Convite revogado", en="Invitation revoked"),
        EventType.USER_JOINED: Text(pt="Novo usuário", en="New user"),
        EventType.USER_UPDATED: Text(pt="Usuário alterado", en="User updated"),
        EventType.USER_DEACTIVATED: Text(pt="Usuário desativado", en="User deactivated"),
        EventType.USER_REACTIVATED: Text(pt="Usuário reativado", en="User reactivated"),
        EventType.PASSWORD_CHANGED: Text(pt="Senha alterada", en="Password changed"),
        EventType.PASSWORD_RESET_LINK_CREATED: Text(pt="Link de nova senha criado", en="Link for a new password"),
        EventType.SESSIONS_ENDED: Text(pt="Sessões encerradas", en="Sessions ended"),
        EventType.SECOND_FACTOR_ENABLED: Text(pt="Verificação em duas etapas ativada", en="Two-step verification on"),
        EventType.SECOND_FACTOR_DISABLED: Text(
            pt="Verificação em duas etapas desativada", en="Two-step verification off"
        ),
        EventType.RECOVERY_CODE_USED: Text(pt="Código de recuperação usado", en="Recovery code used"),
        EventType.PRICES_CHANGED: Text(pt="Preços alterados", en="Prices changed"),
        EventType.PRICE_TABLE_CREATED: Text(pt="Pauta de preços criada", en="Price table created"),
        EventType.PRICE_TABLE_RENAMED: Text(pt="Novo nome da pauta de preços", en="Price table renamed"),
        EventType.PRICE_TABLE_DRAFTED: Text(pt="Rascunho de preços alterado", en="Price draft changed"),
        EventType.PRICE_TABLE_DRAFT_DISCARDED: Text(pt="Rascunho de preços descartado", en="Price draft discarded"),
        EventType.PRODUCT_REINSTATED: Text(pt="Produto de volta à venda", en="Product on sale again"),
        EventType.RECOVERY_CODES_RENEWED: Text(pt="Novos códigos de recuperação", en="New recovery codes"),
        EventType.IDENTITY_LINKED: Text(pt="Provedor de identidade vinculado", en="Identity linked"),
        EventType.IDENTITY_UNLINKED: Text(pt="Provedor de identidade desvinculado", en="Identity unlinked"),
        EventType.ACTIVATION_UPDATED: Text(pt="Ativação alterada", en="Activation updated"),
        EventType.EXPORT_CREATED: Text(pt="Lista exportada", en="List exported"),
        EventType.DOCUMENTS_REGISTERED: Text(pt="Documentos registrados", en="Documents registered"),
        EventType.DOCUMENTS_REMOVED: Text(pt="Documentos removidos", en="Documents removed"),
        EventType.WEBHOOK_CREATED: Text(pt="Webhook criado", en="Webhook created"),
        EventType.WEBHOOK_UPDATED: Text(pt="Webhook alterado", en="Webhook updated"),
        EventType.WEBHOOK_PAUSED: Text(pt="Webhook pausado", en="Webhook paused"),
        EventType.WEBHOOK_RESUMED: Text(pt="Webhook retomado", en="Webhook resumed"),
        EventType.WEBHOOK_SUSPENDED: Text(pt="Webhook suspenso", en="Webhook suspended"),
        EventType.WEBHOOK_DELETED: Text(pt="Webhook excluído", en="Webhook deleted"),
        EventType.WEBHOOK_SECRET_ROTATED: Text(pt="Chaves de webhook trocadas", en="Keys of a webhook rotated"),
    },
}
"""Labels by the enum and its value."""


def label(value: Enum) -> Text:
    """Return the label of a value."""
    return LABELS[type(value)][value]
