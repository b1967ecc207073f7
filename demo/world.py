"""Simulation of a planned year: each step changes what the portal would change."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from random import Random
from typing import NamedTuple

from demo import names
from demo.books import Bag, Books
from demo.companies import Companies
from demo.plan import Kind, PlannedActivation, PlannedOrder, Step
from demo.rows import Activation, Client, Ids, Order, OrderItem, Rows
from domain import orders as order_rules
from domain import prices
from domain.activations import (
    AUTHORIZATION_CODE_BITS,
    ActivationCancellationReason,
    ActivationStatus,
    authorization_code,
)
from domain.audit import lines_hash
from domain.clients import ClientStatus, names_folded
from domain.erasure import ERASED_KEY, ErasedKind, receipt
from domain.events import Event, EventType
from domain.licenses import StockMovementType, bought, released, taken
from domain.orders import OrderStatus, OrderType
from domain.prices import Tier
from domain.text import fold

_NOTED_SHARE = 0.3
_ECF_SHARE = 0.6
_SAME_CLIENT_SHARE = 0.5
_MANAGER_SHARE = 0.3
_ECF_MAKERS = ("BE", "DR", "EP", "SW", "ZP")
_TOLD_EVERY = 1000


class ProductHere(NamedTuple):
    """Product with its id and tiers."""

    id: int
    included_seats: int
    tiers: Mapping[OrderType, Sequence[Tier]]


class PricesHere(NamedTuple):
    """Price table with its first version, and the tiers of each product by its code."""

    price_table_id: int
    version_id: int
    products: Mapping[str, ProductHere]


class PartnerHere(NamedTuple):
    """Partner with its id, users and prices."""

    id: int
    manager_id: int
    operator_id: int
    prices: PricesHere


class Year:
    """State of the simulation."""

    def __init__(self, rng: Random, partner: PartnerHere, ids: Ids) -> None:
        """Start with a partner without clients and licenses."""
        self._rng = rng
        self._partner = partner
        self._ids = ids
        self._books = Books(partner.id, [product.id for product in partner.prices.products.values()])
        self._companies = Companies(rng)
        self._clients: Bag[Client] = Bag(rng)
        self._in_use: Bag[Activation] = Bag(rng)
        self._activations_of: dict[int, list[Activation]] = {}
        self._client_by_id: dict[int, Client] = {}
        self._pending: dict[int, tuple[Order, list[OrderItem]]] = {}

    def live(self, steps: Sequence[Step], *, lived: Callable[[int], object]) -> Rows:
        """Run all steps; call `lived` regularly with the number of steps since its last call."""
        for start in range(0, len(steps), _TOLD_EVERY):
            some = steps[start : start + _TOLD_EVERY]
            for step in some:
                self._happen(step)
            lived(len(some))
        return self._books.rows

    def _happen(self, step: Step) -> None:
        if step.order is not None:
            happen = self._create_order if step.kind is Kind.CREATE_ORDER else self._resolve_order
            happen(step.at, step.order)
        elif step.activation is not None:
            self._activate(step.at, step.activation)
        elif step.kind is Kind.REGISTER_CLIENT:
            self._register(step.at)
        elif step.kind is Kind.CANCEL_CLIENT:
            self._cancel_client(step.at)
        elif self._in_use:
            happen_to = self._move if step.kind is Kind.MOVE_ACTIVATION else self._cancel
            happen_to(step.at, self._in_use.any())

    def _register(self, at: datetime) -> None:
        company = self._companies.another()
        client = Client(
            id=next(self._ids.clients),
            partner_id=self._partner.id,
            name_folded=fold(company.name),
            trade_name_folded=fold(company.trade_name or ""),
            names_folded=names_folded(company.name, company.trade_name),
            city_folded=fold(company.city),
            registered_at=at,
            updated_at=at,
            **company._asdict(),
        )
        self._books.rows.clients.append(client)
        self._clients.put(client)
        self._client_by_id[client.id] = client
        self._books.tell(at, self._someone(), Event(type=EventType.CLIENT_REGISTERED, client_id=client.id))

    def _create_order(self, at: datetime, planned: PlannedOrder) -> None:
        lines = [self._line(planned, code) for code in planned.quantities]
        rows = self._books.rows
        order = Order(
            id=next(self._ids.orders),
            partner_id=self._partner.id,
            number=len(rows.orders) + 1,
            type=planned.type,
            price_table_id=self._partner.prices.price_table_id,
            price_table_version_id=self._partner.prices.version_id,
            monthly_total=sum(line.monthly_total for line in lines),
            setup_fee_total=sum(line.setup_fee for line in lines),
            lines_hash=lines_hash(lines),
            note=self._note(names.ORDER_NOTES),
            created_at=at,
            created_by_id=self._someone(),
        )
        items = [OrderItem(partner_id=self._partner.id, order_id=order.id, **asdict(line)) for line in lines]
        self._pending[id(planned)] = order, items
        rows.orders.append(order)
        rows.items += items
        self._books.tell(at, order.created_by_id, Event(type=EventType.ORDER_CREATED, order_id=order.id))

    def _line(self, planned: PlannedOrder, code: str) -> order_rules.Line:
        product, quantity = self._partner.prices.products[code], planned.quantities[code]
        tier = prices.tier_for(quantity, product.tiers[planned.type])
        if tier is None:
            message = f"the price table has no price for {quantity} of {code}"
            raise LookupError(message)
        return prices.line(
            planned.type, tier, product_id=product.id, quantity=quantity, included_seats=product.included_seats
        )

    def _resolve_order(self, at: datetime, planned: PlannedOrder) -> None:
        order, items = self._pending.pop(id(planned))
        order.status = order_rules.move(order.status, planned.status)
        if order.status is OrderStatus.CANCELLED:
            order.cancelled_at, order.cancelled_by_id = at, self._someone()
            order.cancellation_note = self._note(names.ORDER_CANCELLATION_NOTES)
            self._books.tell(at, order.cancelled_by_id, Event(type=EventType.ORDER_CANCELLED, order_id=order.id))
            return
        order.approved_at, order.approved_by_id = at, self._partner.manager_id
        for item in items:
            delta = bought(order.type, quantity=item.quantity, bonus_quantity=item.bonus_quantity)
            self._books.change(at, item.product_id, StockMovementType.ORDER_APPROVED, delta, order_id=order.id)
        self._books.tell(at, order.approved_by_id, Event(type=EventType.ORDER_APPROVED, order_id=order.id))

    def _activate(self, at: datetime, planned: PlannedActivation) -> None:
        product = self._partner.prices.products[planned.product]
        seats = product.included_seats + planned.additional_seats
        activation = self._begin(
            at,
            self._clients.any(),
            product.id,
            seats=seats,
            additional_seats=planned.additional_seats,
            actor_id=self._someone(),
        )
        self._tell_of(at, EventType.LICENSE_ACTIVATED, activation, activation.activated_by_id)

    def _cancel(self, at: datetime, activation: Activation) -> None:
        self._end(at, activation, ActivationCancellationReason.ACTIVATION_CANCELLED, self._someone())
        activation.cancellation_note = self._note(names.CANCELLATION_NOTES)

    def _move(self, at: datetime, previous: Activation) -> None:
        stays = self._rng.random() < _SAME_CLIENT_SHARE
        client = self._client_by_id[previous.client_id] if stays else self._clients.any()
        actor_id = self._someone()
        self._end(at, previous, ActivationCancellationReason.MOVED, actor_id)
        activation = self._begin(
            at,
            client,
            previous.product_id,
            seats=previous.seats,
            additional_seats=previous.additional_seats,
            actor_id=actor_id,
        )
        self._books.rows.moved.append((previous.id, activation.id))
        self._tell_of(at, EventType.ACTIVATION_MOVED, activation, activation.activated_by_id)

    def _cancel_client(self, at: datetime) -> None:
        if len(self._clients) == 1:
            return
        # One that holds licenses, where there is one, so that the demo shows how they come back.
        client = self._client_by_id[self._in_use.any().client_id] if self._in_use else self._clients.any()
        actor_id = self._someone()
        self._clients.take(client)
        erased = Counter({ErasedKind.CNPJ: 1, ErasedKind.NAME: 1, ErasedKind.CITY: 1, ErasedKind.STATE: 1})
        erased[ErasedKind.TRADE_NAME] += client.trade_name is not None
        for activation in self._activations_of.get(client.id, ()):
            if activation.status is ActivationStatus.ACTIVE:
                self._end(at, activation, ActivationCancellationReason.CLIENT_CANCELLED, actor_id)
            erased += _erase(activation)
            activation.updated_at = at
        client.status, client.cancelled_at, client.cancelled_by_id = ClientStatus.CANCELLED, at, actor_id
        client.updated_at = at
        client.cnpj = client.name = client.trade_name = client.city = client.state = None
        client.name_folded = client.trade_name_folded = client.names_folded = client.city_folded = ""
        client.cancellation_note = self._note(names.CLIENT_CANCELLATION_NOTES)
        event = Event(type=EventType.CLIENT_CANCELLED, client_id=client.id, erased=receipt(erased))
        self._books.tell(at, actor_id, event)

    def _begin(
        self, at: datetime, client: Client, product_id: int, *, seats: int, additional_seats: int, actor_id: int
    ) -> Activation:
        activation = Activation(
            id=next(self._ids.activations),
            partner_id=self._partner.id,
            client_id=client.id,
            product_id=product_id,
            authorization_code=authorization_code(self._rng.getrandbits(AUTHORIZATION_CODE_BITS)),
            activation_key="-".join(f"{self._rng.getrandbits(16):04X}" for _ in range(4)),
            ecf_serial_number=self._ecf_serial_number(),
            seats=seats,
            additional_seats=additional_seats,
            note=self._note(names.ACTIVATION_NOTES),
            client_name_folded=client.name_folded,
            activated_at=at,
            updated_at=at,
            activated_by_id=actor_id,
        )
        self._books.rows.activations.append(activation)
        self._activations_of.setdefault(client.id, []).append(activation)
        self._in_use.put(activation)
        delta = taken(additional_seats)
        self._books.change(at, product_id, StockMovementType.ACTIVATED, delta, activation_id=activation.id)
        return activation

    def _end(self, at: datetime, activation: Activation, reason: ActivationCancellationReason, actor_id: int) -> None:
        self._in_use.take(activation)
        activation.status, activation.cancellation_reason = ActivationStatus.CANCELLED, reason
        activation.cancelled_at, activation.cancelled_by_id = at, actor_id
        activation.updated_at = at
        delta = released(activation.additional_seats)
        product_id = activation.product_id
        self._books.change(at, product_id, StockMovementType.RELEASED, delta, activation_id=activation.id)
        self._tell_of(at, EventType.ACTIVATION_CANCELLED, activation, actor_id)

    def _tell_of(self, at: datetime, happened: EventType, activation: Activation, actor_id: int) -> None:
        event = Event(type=happened, client_id=activation.client_id, activation_id=activation.id)
        self._books.tell(at, actor_id, event)

    def _someone(self) -> int:
        return self._partner.manager_id if self._rng.random() < _MANAGER_SHARE else self._partner.operator_id

    def _note(self, notes: Sequence[str]) -> str | None:
        return self._rng.choice(notes) if self._rng.random() < _NOTED_SHARE else None

    def _ecf_serial_number(self) -> str | None:
        if self._rng.random() >= _ECF_SHARE:
            return None
        return f"{self._rng.choice(_ECF_MAKERS)}{self._rng.randrange(10**15, 10**18):018d}"


def _erase(activation: Activation) -> Counter[ErasedKind]:
    opaque = f"{ERASED_KEY}{activation.id}"
    notes = sum(note is not None for note in (activation.note, activation.cancellation_note))
    erased = Counter({ErasedKind.ACTIVATION_KEY: 1, ErasedKind.ACTIVATION_NOTE: notes})
    activation.client_name_folded, activation.note, activation.cancellation_note = "", None, None
    activation.activation_key = opaque
    if activation.ecf_serial_number is not None:
        activation.ecf_serial_number = opaque
        erased[ErasedKind.ECF_SERIAL_NUMBER] = 1
    return erased
