"""Plan of a partner's year; orders are large enough for the activations that follow."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import pairwise
from random import Random
from typing import NamedTuple

from demo.calendar import Calendar
from demo.catalogue import PRODUCTS
from domain.orders import QUANTITY_MAX, OrderStatus, OrderType

_SEATS_SHARE = 0.2
_SEATS_ORDER_SHARE = 0.2
_CANCELLED_ORDER_SHARE = 0.08
_SMALL_QUANTITIES = (1, 2, 3, 5, 5, 10, 12, 20, 25)
_FIRST_CLIENTS = 3
_FIRST_ORDERS = 2
_STEPS = ((20, 1), (100, 5))
"""Up to which quantity orders come in which steps."""
_LARGEST_STEP = 10


class TooFewOrdersError(Exception):
    """Error: that many licenses take more orders."""


class Sizes(NamedTuple):
    """Numbers of objects to generate."""

    clients: int
    activations: int
    orders: int


class Kind(IntEnum):
    """Kind of a step; of two steps at one moment, the lower kind is first."""

    REGISTER_CLIENT = 1
    CREATE_ORDER = 2
    RESOLVE_ORDER = 3
    ACTIVATE = 4
    MOVE_ACTIVATION = 5
    CANCEL_ACTIVATION = 6
    CANCEL_CLIENT = 7


@dataclass(slots=True)
class PlannedOrder:
    """Order, and whether it is approved or cancelled."""

    type: OrderType
    created_at: datetime
    status: OrderStatus
    resolved_at: datetime
    quantities: dict[str, int]


class PlannedActivation(NamedTuple):
    """License to activate for a random client."""

    product: str
    additional_seats: int


@dataclass(slots=True)
class Step:
    """Step of a plan."""

    at: datetime
    kind: Kind
    order: PlannedOrder | None = None
    activation: PlannedActivation | None = None


@dataclass(slots=True)
class _Demand:
    """Units that are taken over time, in the order of time."""

    moments: list[datetime] = field(default_factory=list)
    units: list[int] = field(default_factory=list)

    def between(self, start: datetime, end: datetime | None) -> int:
        first = bisect_left(self.moments, start)
        last = len(self.moments) if end is None else bisect_left(self.moments, end)
        return sum(self.units[first:last])


def shares(total: int, parts: Sequence[float], *, least: int) -> list[int]:
    """Return the total in these shares, each at least the minimum."""
    counts = [max(least, int(total * part)) for part in parts]
    counts[0] += total - sum(counts)
    return counts


def plan(rng: Random, calendar: Calendar, sizes: Sizes) -> list[Step]:
    """Return the steps of a partner, in the order of time."""
    opened, stocked = _opening(calendar)
    orders = list(_orders(rng, calendar, sizes.orders, opened))
    moved = sizes.activations * 3 // 100
    activating = list(_activations(rng, calendar, sizes.activations - moved, stocked))
    _size(rng, orders, activating)
    steps = [*_clients(calendar, sizes.clients), *activating]
    steps += [Step(calendar.moment(after=_later(calendar, 0.5)), Kind.MOVE_ACTIVATION) for _ in range(moved)]
    for kind, start, count in (
        (Kind.CANCEL_ACTIVATION, 0.2, sizes.activations * 8 // 100),
        (Kind.CANCEL_CLIENT, 0.4, -(-sizes.clients * 4 // 100)),
    ):
        steps += [Step(calendar.moment(after=_later(calendar, start)), kind) for _ in range(count)]
    for order in orders:
        steps.append(Step(order.created_at, Kind.CREATE_ORDER, order=order))
        if order.status is not OrderStatus.PENDING:
            steps.append(Step(order.resolved_at, Kind.RESOLVE_ORDER, order=order))
    return sorted(steps, key=lambda step: (step.at, step.kind))


def _opening(calendar: Calendar) -> tuple[datetime, datetime]:
    return calendar.begin + timedelta(hours=1), calendar.begin + timedelta(hours=8)


def _later(calendar: Calendar, part: float) -> datetime:
    return calendar.begin + (calendar.end - calendar.begin) * part


def _clients(calendar: Calendar, count: int) -> Iterator[Step]:
    for place in range(count):
        first = calendar.begin + timedelta(minutes=7 * place)
        at = first if place < _FIRST_CLIENTS else calendar.moment(after=calendar.begin)
        yield Step(at, Kind.REGISTER_CLIENT)


def _orders(rng: Random, calendar: Calendar, count: int, opened: datetime) -> Iterator[PlannedOrder]:
    everything = [product.code for product in PRODUCTS]
    # The first two buy licenses, and then seats, of every product: whatever comes later finds a stock.
    for place, order_type in enumerate((OrderType.PURCHASE, OrderType.ADDITIONAL_SEATS)):
        created_at = opened + timedelta(hours=3 * place)
        approved_at = created_at + timedelta(hours=2)
        quantities = dict.fromkeys(everything, 1)
        yield PlannedOrder(order_type, created_at, OrderStatus.COMPLETED, approved_at, quantities)
    start = opened + timedelta(hours=6)
    moments = sorted(calendar.moment(after=start) for _ in range(count - _FIRST_ORDERS))
    for place, created_at in enumerate(moments, _FIRST_ORDERS):
        seats = rng.random() < _SEATS_ORDER_SHARE
        resolved_at = calendar.soon(created_at, within=timedelta(days=3))
        yield PlannedOrder(
            type=OrderType.ADDITIONAL_SEATS if seats else OrderType.PURCHASE,
            created_at=created_at,
            status=_outcome(rng, place, count, in_time=resolved_at < calendar.end),
            resolved_at=resolved_at,
            quantities={code: rng.choice(_SMALL_QUANTITIES) for code in _some_products(rng)},
        )


def _outcome(rng: Random, place: int, count: int, *, in_time: bool) -> OrderStatus:
    # At least one to approve and one to cancel.
    if place >= count - max(2, count // 25) or not in_time:
        return OrderStatus.PENDING
    # In a small demo too there is a cancelled one.
    cancelled = place == _FIRST_ORDERS or rng.random() < _CANCELLED_ORDER_SHARE
    return OrderStatus.CANCELLED if cancelled else OrderStatus.COMPLETED


def _some_products(rng: Random) -> list[str]:
    count = rng.choices((1, 2, 3), (6, 3, 1))[0]
    weights = [product.share for product in PRODUCTS]
    chosen = set(rng.choices(PRODUCTS, weights, k=count))
    return [product.code for product in PRODUCTS if product in chosen]


def _activations(rng: Random, calendar: Calendar, count: int, stocked: datetime) -> Iterator[Step]:
    codes, weights = [product.code for product in PRODUCTS], [product.share for product in PRODUCTS]
    for code in rng.choices(codes, weights, k=count):
        seats = rng.randint(1, 4) if rng.random() < _SEATS_SHARE else 0
        yield Step(calendar.moment(after=stocked), Kind.ACTIVATE, activation=PlannedActivation(code, seats))


def _size(rng: Random, orders: Sequence[PlannedOrder], activating: Sequence[Step]) -> None:
    """Give each approved order at least the units that are taken until the next order of its kind."""
    for key, demand in _demands(activating).items():
        code, order_type = key
        buying = [
            order
            for order in orders
            if order.type is order_type and order.status is OrderStatus.COMPLETED and code in order.quantities
        ]
        buying.sort(key=lambda order: order.resolved_at)
        free = 0
        for order, following in pairwise([*buying, None]):
            if order is None:
                break
            start = order.resolved_at
            wanted = demand.between(start, None if following is None else following.resolved_at)
            quantity = _rounded(max(wanted - free, 0) + rng.choice(_SMALL_QUANTITIES))
            if quantity > QUANTITY_MAX:
                message = f"{len(orders)} orders can't buy {wanted} units of {code} at once: ask for more orders"
                raise TooFewOrdersError(message)
            order.quantities[code] = quantity
            free += quantity - wanted


def _demands(activating: Sequence[Step]) -> Mapping[tuple[str, OrderType], _Demand]:
    demands = {(product.code, order_type): _Demand() for product in PRODUCTS for order_type in OrderType}
    for step in sorted(activating, key=lambda step: step.at):
        if step.activation is not None:
            licenses = demands[step.activation.product, OrderType.PURCHASE]
            seats = demands[step.activation.product, OrderType.ADDITIONAL_SEATS]
            for demand, units in (licenses, 1), (seats, step.activation.additional_seats):
                demand.moments.append(step.at)
                demand.units.append(units)
    return demands


def _rounded(quantity: int) -> int:
    """Return a quantity as people order it."""
    step = next((step for highest, step in _STEPS if quantity <= highest), _LARGEST_STEP)
    return -(-quantity // step) * step
