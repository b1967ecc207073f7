"""Columns of the lists that can be exported, and the labels that the portal gives them."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple, TypeAlias

from domain.access import Permission
from domain.activations import ActivationCancellationReason, ActivationStatus
from domain.clients import ClientStatus
from domain.exports import ExportList
from domain.languages import Text
from domain.orders import OrderStatus, OrderType


class ClientColumn(Enum):
    """Column of exported clients."""

    NAME = "NAME"
    TRADE_NAME = "TRADE_NAME"
    CNPJ = "CNPJ"
    CITY = "CITY"
    STATE = "STATE"
    STATUS = "STATUS"
    REGISTERED_AT = "REGISTERED_AT"
    CANCELLED_AT = "CANCELLED_AT"
    CANCELLED_BY = "CANCELLED_BY"
    CANCELLATION_NOTE = "CANCELLATION_NOTE"
    PARTNER = "PARTNER"
    ID = "ID"


class ActivationColumn(Enum):
    """Column of exported activations."""

    CLIENT_NAME = "CLIENT_NAME"
    CLIENT_CNPJ = "CLIENT_CNPJ"
    PRODUCT = "PRODUCT"
    PRODUCT_CODE = "PRODUCT_CODE"
    AUTHORIZATION_CODE = "AUTHORIZATION_CODE"
    ACTIVATION_KEY = "ACTIVATION_KEY"
    ECF_SERIAL_NUMBER = "ECF_SERIAL_NUMBER"
    SEATS = "SEATS"
    ADDITIONAL_SEATS = "ADDITIONAL_SEATS"
    ACTIVATED_AT = "ACTIVATED_AT"
    ACTIVATED_BY = "ACTIVATED_BY"
    NOTE = "NOTE"
    STATUS = "STATUS"
    CANCELLED_AT = "CANCELLED_AT"
    CANCELLED_BY = "CANCELLED_BY"
    CANCELLATION_REASON = "CANCELLATION_REASON"
    CANCELLATION_NOTE = "CANCELLATION_NOTE"
    PARTNER = "PARTNER"
    ID = "ID"


class OrderColumn(Enum):
    """Column of exported orders."""

    NUMBER = "NUMBER"
    TYPE = "TYPE"
    STATUS = "STATUS"
    PRICE_TABLE = "PRICE_TABLE"
    MONTHLY_TOTAL = "MONTHLY_TOTAL"
    SETUP_FEE_TOTAL = "SETUP_FEE_TOTAL"
    TOTAL_WITH_SETUP_FEE = "TOTAL_WITH_SETUP_FEE"
    NOTE = "NOTE"
    CREATED_AT = "CREATED_AT"
    CREATED_BY = "CREATED_BY"
    APPROVED_AT = "APPROVED_AT"
    APPROVED_BY = "APPROVED_BY"
    CANCELLED_AT = "CANCELLED_AT"
    CANCELLED_BY = "CANCELLED_BY"
    CANCELLATION_NOTE = "CANCELLATION_NOTE"
    PARTNER = "PARTNER"
    ID = "ID"


class LicenseStockColumn(Enum):
    """Column of an exported stock of licenses."""

    PRODUCT = "PRODUCT"
    PRODUCT_CODE = "PRODUCT_CODE"
    PURCHASED = "PURCHASED"
    BONUS = "BONUS"
    ACTIVATED = "ACTIVATED"
    AVAILABLE = "AVAILABLE"
    ADDITIONAL_SEATS_TOTAL = "ADDITIONAL_SEATS_TOTAL"
    ADDITIONAL_SEATS_ALLOCATED = "ADDITIONAL_SEATS_ALLOCATED"
    ADDITIONAL_SEATS_AVAILABLE = "ADDITIONAL_SEATS_AVAILABLE"
    PARTNER = "PARTNER"


class EventColumn(Enum):
    """Column of exported events."""

    NUMBER = "NUMBER"
    OCCURRED_AT = "OCCURRED_AT"
    TYPE = "TYPE"
    ACTOR = "ACTOR"
    CLIENT = "CLIENT"
    ACTIVATION = "ACTIVATION"
    ORDER = "ORDER"
    PRODUCT = "PRODUCT"
    USER = "USER"
    PRICE_TABLE = "PRICE_TABLE"
    EXPORTED_LIST = "EXPORTED_LIST"
    PARTNER = "PARTNER"
    ID = "ID"


ExportColumn: TypeAlias = ClientColumn | ActivationColumn | OrderColumn | LicenseStockColumn | EventColumn


class Kind(Enum):
    """Kind of a column's values, which decides how a file shows them."""

    TEXT = "text"
    INTEGER = "integer"
    MONEY = "money"
    MOMENT = "moment"
    CNPJ = "cnpj"
    CHOICE = "choice"
    ID = "id"


class Column(NamedTuple):
    """Label and kind of a column; `choices` are the labels of an enum's values, by their names."""

    label: Text
    kind: Kind = Kind.TEXT
    choices: type[Enum] | None = None
    """Enum of the values, whose labels are in `domain.labels`."""


_PARTNER = Column(Text(pt="Parceiro", en="Partner"))
_ID = Column(Text(pt="Identificador", en="ID"), Kind.ID)
_PRODUCT = Column(Text(pt="Produto", en="Product"))
_PRODUCT_CODE = Column(Text(pt="Código do produto", en="Product code"))
_NOTE = Column(Text(pt="Observação", en="Note"))
_STATUS = Text(pt="Situação", en="Status")
_CANCELLED_AT = Column(Text(pt="Cancelado em (UTC)", en="Cancelled at (UTC)"), Kind.MOMENT)
_CANCELLED_BY = Column(Text(pt="Cancelado por", en="Cancelled by"))
_CANCELLATION_NOTE = Column(Text(pt="Motivo do cancelamento", en="Reason for the cancellation"))


def _number(pt: str, en: str) -> Column:
    return Column(Text(pt, en), Kind.INTEGER)


COLUMNS: Mapping[ExportColumn, Column] = {
    ClientColumn.NAME: Column(Text(pt="Razão Social", en="Name")),
    ClientColumn.TRADE_NAME: Column(Text(pt="Nome Fantasia", en="Trade name")),
    ClientColumn.CNPJ: Column(Text(pt="CNPJ", en="CNPJ"), Kind.CNPJ),
    ClientColumn.CITY: Column(Text(pt="Município", en="City")),
    ClientColumn.STATE: Column(Text(pt="UF", en="State")),
    ClientColumn.STATUS: Column(_STATUS, Kind.CHOICE, ClientStatus),
    ClientColumn.REGISTERED_AT: Column(Text(pt="Cadastrado em (UTC)", en="Registered at (UTC)"), Kind.MOMENT),
    ClientColumn.CANCELLED_AT: _CANCELLED_AT,
    ClientColumn.CANCELLED_BY: _CANCELLED_BY,
    ClientColumn.CANCELLATION_NOTE: _CANCELLATION_NOTE,
    ClientColumn.PARTNER: _PARTNER,
    ClientColumn.ID: _ID,
    ActivationColumn.CLIENT_NAME: Column(Text(pt="Cliente", en="Client")),
    ActivationColumn.CLIENT_CNPJ: Column(Text(pt="CNPJ", en="CNPJ"), Kind.CNPJ),
    ActivationColumn.PRODUCT: _PRODUCT,
    ActivationColumn.PRODUCT_CODE: _PRODUCT_CODE,
    ActivationColumn.AUTHORIZATION_CODE: Column(
        Text(pt="Código de autorização da licença", en="Authorization code"),
    ),
    ActivationColumn.ACTIVATION_KEY: Column(Text(pt="Chave de ativação", en="Activation key")),
    ActivationColumn.ECF_SERIAL_NUMBER: Column(Text(pt="Número de série do ECF", en="ECF serial number")),
    ActivationColumn.SEATS: _number("Usuários", "Seats"),
    ActivationColumn.ADDITIONAL_SEATS: _number("Usuários adicionais", "Additional seats"),
    ActivationColumn.ACTIVATED_AT: Column(Text(pt="Data/hora da ativação (UTC)", en="Activated at (UTC)"), Kind.MOMENT),
    ActivationColumn.ACTIVATED_BY: Column(Text(pt="Usuário que fez a ativação", en="Activated by")),
    ActivationColumn.NOTE: _NOTE,
    ActivationColumn.STATUS: Column(_STATUS, Kind.CHOICE, ActivationStatus),
    ActivationColumn.CANCELLED_AT: _CANCELLED_AT,
    ActivationColumn.CANCELLED_BY: _CANCELLED_BY,
    ActivationColumn.CANCELLATION_REASON: Column(
        Text(pt="Tipo de cancelamento", en="Kind of cancellation"), Kind.CHOICE, ActivationCancellationReason
    ),
    ActivationColumn.CANCELLATION_NOTE: _CANCELLATION_NOTE,
    ActivationColumn.PARTNER: _PARTNER,
    ActivationColumn.ID: _ID,
    OrderColumn.NUMBER: _number("Id", "Number"),
    OrderColumn.TYPE: Column(Text(pt="Tipo", en="Type"), Kind.CHOICE, OrderType),
    OrderColumn.STATUS: Column(_STATUS, Kind.CHOICE, OrderStatus),
    OrderColumn.PRICE_TABLE: Column(Text(pt="Pauta Preço", en="Price table")),
    OrderColumn.MONTHLY_TOTAL: Column(Text(pt="Valor Total Mensal", en="Monthly total"), Kind.MONEY),
    OrderColumn.SETUP_FEE_TOTAL: Column(Text(pt="Valor Total Adesão", en="Setup fee total"), Kind.MONEY),
    OrderColumn.TOTAL_WITH_SETUP_FEE: Column(Text(pt="Valor Total com Adesão", en="Total with setup fee"), Kind.MONEY),
    OrderColumn.NOTE: _NOTE,
    OrderColumn.CREATED_AT: Column(Text(pt="Criado em (UTC)", en="Created at (UTC)"), Kind.MOMENT),
    OrderColumn.CREATED_BY: Column(Text(pt="Criado por", en="Created by")),
    OrderColumn.APPROVED_AT: Column(Text(pt="Aprovado em (UTC)", en="Approved at (UTC)"), Kind.MOMENT),
    OrderColumn.APPROVED_BY: Column(Text(pt="Aprovado por", en="Approved by")),
    OrderColumn.CANCELLED_AT: _CANCELLED_AT,
    OrderColumn.CANCELLED_BY: _CANCELLED_BY,
    OrderColumn.CANCELLATION_NOTE: _CANCELLATION_NOTE,
    OrderColumn.PARTNER: _PARTNER,
    OrderColumn.ID: _ID,
    LicenseStockColumn.PRODUCT: _PRODUCT,
    LicenseStockColumn.PRODUCT_CODE: _PRODUCT_CODE,
    LicenseStockColumn.PURCHASED: _number("Licenças compradas", "Purchased"),
    LicenseStockColumn.BONUS: _number("Bônus", "Bonus"),
    LicenseStockColumn.ACTIVATED: _number("Licenças em uso", "In use"),
    LicenseStockColumn.AVAILABLE: _number("Licenças disponíveis", "Available"),
    LicenseStockColumn.ADDITIONAL_SEATS_TOTAL: _number("Usuários adicionais", "Additional seats"),
    LicenseStockColumn.ADDITIONAL_SEATS_ALLOCATED: _number("Usuários adicionais em uso", "Additional seats in use"),
    LicenseStockColumn.ADDITIONAL_SEATS_AVAILABLE: _number(
        "Usuários adicionais disponíveis", "Additional seats available"
    ),
    LicenseStockColumn.PARTNER: _PARTNER,
    EventColumn.NUMBER: _number("Número", "Number"),
    EventColumn.OCCURRED_AT: Column(Text(pt="Data/hora (UTC)", en="Occurred at (UTC)"), Kind.MOMENT),
    EventColumn.TYPE: Column(Text(pt="Tipo", en="Type"), Kind.CHOICE),
    EventColumn.ACTOR: Column(Text(pt="Feito por", en="Actor")),
    EventColumn.CLIENT: Column(Text(pt="Cliente", en="Client")),
    EventColumn.ACTIVATION: Column(Text(pt="Código de autorização da licença", en="Authorization code")),
    EventColumn.ORDER: _number("Pedido", "Order"),
    EventColumn.PRODUCT: _PRODUCT,
    EventColumn.USER: Column(Text(pt="Usuário", en="User")),
    EventColumn.PRICE_TABLE: Column(Text(pt="Pauta Preço", en="Price table")),
    EventColumn.EXPORTED_LIST: Column(Text(pt="Lista exportada", en="Exported list"), Kind.CHOICE, ExportList),
    EventColumn.PARTNER: _PARTNER,
    EventColumn.ID: _ID,
}
"""Every column, with its label in the portal."""
NEEDED: Mapping[ExportColumn, Permission] = {
    EventColumn.CLIENT: Permission.CLIENTS_READ,
    EventColumn.ACTIVATION: Permission.ACTIVATIONS_READ,
    EventColumn.ORDER: Permission.ORDERS_READ,
    EventColumn.PRODUCT: Permission.ORDERS_READ,
    EventColumn.PRICE_TABLE: Permission.ORDERS_READ,
}
"""Permissions without which a column is empty, as the field of an event is null."""
COLUMNS_OF: Mapping[ExportList, type[ExportColumn]] = {
    ExportList.CLIENTS: ClientColumn,
    ExportList.ACTIVATIONS: ActivationColumn,
    ExportList.ORDERS: OrderColumn,
    ExportList.LICENSE_STOCK: LicenseStockColumn,
    ExportList.EVENTS: EventColumn,
}


def usual_columns(exported: ExportList, *, of_all_partners: bool) -> tuple[ExportColumn, ...]:
    """Return the columns of an export that names none: all but the ID, and the partner only where there are many."""
    left_out = {"ID"} if of_all_partners else {"ID", "PARTNER"}
    return tuple(each for each in COLUMNS_OF[exported] if each.name not in left_out)


def field_name(column: ExportColumn) -> str:
    """Return the column's name as a program reads it, such as `tradeName`."""
    first, *others = column.name.lower().split("_")
    return first + "".join(each.capitalize() for each in others)
