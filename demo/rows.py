"""Rows of the demo, whose fields are named as the columns."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import NamedTuple

from domain.activations import ActivationCancellationReason, ActivationStatus, note_folded
from domain.audit import BEGINNING
from domain.clients import ClientStatus
from domain.events import EventType
from domain.licenses import Delta, StockMovementType
from domain.orders import OrderStatus, OrderType

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Client:
    """A client, erased when it is cancelled."""

    id: int
    partner_id: int
    cnpj: str | None
    name: str | None
    name_folded: str
    trade_name: str | None
    trade_name_folded: str
    names_folded: str
    city: str | None
    city_folded: str
    state: str | None
    registered_at: datetime
    updated_at: datetime
    status: ClientStatus = ClientStatus.ACTIVE
    cancelled_at: datetime | None = None
    cancelled_by_id: int | None = None
    cancellation_note: str | None = None


@dataclass(slots=True, kw_only=True)
class Activation:
    """An activation, of a client."""

    id: int
    partner_id: int
    client_id: int
    product_id: int
    authorization_code: str
    activation_key: str
    ecf_serial_number: str | None
    seats: int
    additional_seats: int
    note: str | None
    client_name_folded: str
    activated_at: datetime
    updated_at: datetime
    activated_by_id: int
    status: ActivationStatus = ActivationStatus.ACTIVE
    cancelled_at: datetime | None = None
    cancelled_by_id: int | None = None
    cancellation_reason: ActivationCancellationReason | None = None
    cancellation_note: str | None = None

    @property
    def note_folded(self) -> str | None:
        """The note as it is searched."""
        return note_folded(self.note)

    @property
    def cancellation_note_folded(self) -> str | None:
        """The note of the cancellation as it is searched."""
        return note_folded(self.cancellation_note)


@dataclass(slots=True, kw_only=True)
class Order:
    """An order; its totals are cents."""

    id: int
    partner_id: int
    number: int
    type: OrderType
    price_table_id: int
    price_table_version_id: int
    monthly_total: int
    setup_fee_total: int
    lines_hash: bytes
    note: str | None
    created_at: datetime
    created_by_id: int
    status: OrderStatus = OrderStatus.PENDING
    approved_at: datetime | None = None
    approved_by_id: int | None = None
    cancelled_at: datetime | None = None
    cancelled_by_id: int | None = None
    cancellation_note: str | None = None


class OrderItem(NamedTuple):
    """A line of an order; its prices are cents."""

    partner_id: int
    order_id: int
    product_id: int
    quantity: int
    bonus_quantity: int
    seats: int
    unit_monthly_price: int
    unit_setup_fee: int


class Movement(NamedTuple):
    """A line of the ledger."""

    partner_id: int
    product_id: int
    type: StockMovementType
    occurred_at: datetime
    order_id: int | None
    activation_id: int | None
    purchased: int
    bonus: int
    activated: int
    additional_seats_total: int
    additional_seats_allocated: int


class Happened(NamedTuple):
    """An event."""

    partner_id: int
    number: int
    type: EventType
    occurred_at: datetime
    actor_id: int
    client_id: int | None
    activation_id: int | None
    order_id: int | None
    erased: str | None
    hash: bytes
    token_id: None = None


@dataclass(slots=True, kw_only=True)
class Stock:
    """The counters of a product."""

    partner_id: int
    product_id: int
    purchased: int = 0
    bonus: int = 0
    activated: int = 0
    additional_seats_total: int = 0
    additional_seats_allocated: int = 0

    def add(self, delta: Delta) -> None:
        """Add to each counter."""
        self.purchased += delta.purchased
        self.bonus += delta.bonus
        self.activated += delta.activated
        self.additional_seats_total += delta.additional_seats_total
        self.additional_seats_allocated += delta.additional_seats_allocated


@dataclass(slots=True)
class Rows:
    """Rows of a partner's year."""

    clients: list[Client] = field(default_factory=list)
    activations: list[Activation] = field(default_factory=list)
    moved: list[tuple[int, int]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    items: list[OrderItem] = field(default_factory=list)
    stock: list[Stock] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    events: list[Happened] = field(default_factory=list)

    @property
    def last_hash(self) -> bytes:
        """The hash of the last event."""
        return self.events[-1].hash if self.events else BEGINNING

    @property
    def last_at(self) -> datetime:
        """The time of the last event."""
        return self.events[-1].occurred_at if self.events else NEVER

    def __len__(self) -> int:
        """How many rows there are."""
        lists = self.clients, self.activations, self.orders, self.items, self.stock, self.movements, self.events
        return sum(len(rows) for rows in lists)


@dataclass(slots=True)
class Ids:
    """Ids, which all partners take in turn, from 1 on."""

    clients: "count[int]" = field(default_factory=lambda: count(1))
    activations: "count[int]" = field(default_factory=lambda: count(1))
    orders: "count[int]" = field(default_factory=lambda: count(1))
