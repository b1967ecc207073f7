"""Orders, "Pedidos": their statuses, and the totals of a line."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from domain.languages import Text
from domain.money import Cents
from domain.refusals import Path, Refusal, UserErrorCode

QUANTITY_MAX = 10_000
ITEMS_MAX = 50
NOTE_LENGTH = 2_000


class OrderType(Enum):
    """Type of an order: licenses ("Compra") or additional seats for products in stock ("Adicional")."""

    PURCHASE = "PURCHASE"
    ADDITIONAL_SEATS = "ADDITIONAL_SEATS"


class OrderStatus(Enum):
    """Status of an order."""

    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED}),
    OrderStatus.COMPLETED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}

TYPE_LABELS: Mapping[OrderType, Text] = {
    OrderType.PURCHASE: Text(pt="Compra", en="Purchase"),
    OrderType.ADDITIONAL_SEATS: Text(pt="Adicional", en="Additional seats"),
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


_DONE: Mapping[OrderStatus, Text] = {
    OrderStatus.PENDING: Text(pt="reaberto", en="reopened"),
    OrderStatus.COMPLETED: Text(pt="aprovado", en="approved"),
    OrderStatus.CANCELLED: Text(pt="cancelado", en="cancelled"),
}
"""What is done to an order that gets the status."""


class OrderTransition(Refusal):
    """The order's status does not allow the transition."""

    code = UserErrorCode.ORDER_TRANSITION
    text = Text(
        pt="O pedido está “{status}” e não pode mais ser {done}.",
        en="The order is “{status}” and can no longer be {done}.",
    )

    def __init__(self, path: Path = (), *, current: OrderStatus, to: OrderStatus) -> None:
        """Take the current and the requested status."""
        super().__init__(path, status=STATUS_LABELS[current], done=_DONE[to])
        self.current = current
        self.to = to


class OrderUnchanged(OrderTransition):
    """The order has the requested status already."""

    text = Text(pt="O pedido já está “{status}”.", en="The order is “{status}” already.")


def can_move(current: OrderStatus, to: OrderStatus) -> bool:
    """Return whether the transition is allowed."""
    return to in TRANSITIONS[current]


def move(current: OrderStatus, to: OrderStatus, path: Path = ()) -> OrderStatus:
    """Return the new status; raise OrderTransition if the transition is not allowed."""
    if current is to:
        raise OrderUnchanged(path, current=current, to=to)
    if not can_move(current, to):
        raise OrderTransition(path, current=current, to=to)
    return to


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Line of an order: a product with its prices at that moment."""

    product_id: int
    quantity: int
    bonus_quantity: int
    seats: int
    unit_monthly_price: Cents
    unit_setup_fee: Cents

    @property
    def total_quantity(self) -> int:
        """Return "Quantidade Total": billed and bonus units."""
        return self.quantity + self.bonus_quantity

    @property
    def monthly_total(self) -> Cents:
        """Return "Valor Total Mensal": bonus units are not billed."""
        return Cents(self.unit_monthly_price * self.quantity)

    @property
    def setup_fee(self) -> Cents:
        """Return "Valor Adesão": bonus units are not billed."""
        return Cents(self.unit_setup_fee * self.quantity)

    @property
    def total_with_setup_fee(self) -> Cents:
        """Return "Valor Total com Adesão"."""
        return Cents(self.monthly_total + self.setup_fee)


def seats(order_type: OrderType, *, total_quantity: int, included_seats: int) -> int:
    """Return "Quantidade Usuários": the seats included in the licenses, or the additional seats themselves."""
    return total_quantity if order_type is OrderType.ADDITIONAL_SEATS else included_seats * total_quantity
