"""Orders, "Pedidos": their states, and what a line of one comes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from domain.languages import Text
from domain.money import Cents
from domain.refusals import OrderTransition

QUANTITY_MAX = 10_000
ITEMS_MAX = 50
NOTE_LENGTH = 2_000


class OrderType(Enum):
    """What is ordered: licenses ("Compra") or more seats for products in stock ("Adicional")."""

    PURCHASE = "PURCHASE"
    ADDITIONAL_SEATS = "ADDITIONAL_SEATS"


class OrderStatus(Enum):
    """Where the order stands."""

    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED}),
    OrderStatus.COMPLETED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}

STATUS_LABELS: Mapping[OrderStatus, Text] = {
    OrderStatus.PENDING: Text(pt="Confirmação Pendente", en="Pending confirmation"),
    OrderStatus.COMPLETED: Text(pt="Finalizado", en="Completed"),
    OrderStatus.CANCELLED: Text(pt="Cancelado", en="Cancelled"),
}

STATUS_ABBREVIATIONS: Mapping[OrderStatus, str] = {
    OrderStatus.PENDING: "PEND",
    OrderStatus.COMPLETED: "FIN",
    OrderStatus.CANCELLED: "CANC",
}


def can_move(current: OrderStatus, to: OrderStatus) -> bool:
    """Whether the portal has such a step."""
    return to in TRANSITIONS[current]


def move(current: OrderStatus, to: OrderStatus, path: tuple[str, ...] = ()) -> OrderStatus:
    """The new status, or OrderTransition where the portal has no such step."""
    if not can_move(current, to):
        raise OrderTransition(path, current=current.value, to=to.value)
    return to


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One product of an order, with its prices as they are at that moment."""

    product_id: int
    quantity: int
    bonus_quantity: int
    seats: int
    unit_monthly_price: Cents
    unit_setup_fee: Cents

    @property
    def total_quantity(self) -> int:
        """ "Quantidade Total": what is billed and what comes on top."""
        return self.quantity + self.bonus_quantity

    @property
    def monthly_total(self) -> Cents:
        """ "Valor Total Mensal": bonus units are not billed."""
        return Cents(self.unit_monthly_price * self.quantity)

    @property
    def setup_fee(self) -> Cents:
        """ "Valor Adesão": bonus units are not billed."""
        return Cents(self.unit_setup_fee * self.quantity)

    @property
    def total_with_setup_fee(self) -> Cents:
        """ "Valor Total com Adesão"."""
        return Cents(self.monthly_total + self.setup_fee)


def seats(order_type: OrderType, *, total_quantity: int, included_seats: int) -> int:
    """ "Quantidade Usuários": the seats that come with the licenses, or the additional seats themselves."""
    return total_quantity if order_type is OrderType.ADDITIONAL_SEATS else included_seats * total_quantity
