"""Books of a partner's year: rows, stock with its ledger, and events in the order of time."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from random import Random
from typing import Generic, Protocol, TypeVar

from demo.rows import Happened, Movement, Rows, Stock
from domain.audit import chained, content
from domain.events import Event
from domain.licenses import Delta, StockMovementType


class _Numbered(Protocol):
    @property
    def id(self) -> int: ...


Item = TypeVar("Item", bound=_Numbered)


class Bag(Generic[Item]):
    """Set from which a random element is drawn in constant time."""

    def __init__(self, rng: Random) -> None:
        """Start empty."""
        self._rng = rng
        self._items: list[Item] = []
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        """Return the number of elements."""
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        """Iterate over the elements, in no particular order."""
        return iter(self._items)

    def put(self, item: Item) -> None:
        """Add an element."""
        self._places[item.id] = len(self._items)
        self._items.append(item)

    def take(self, item: Item) -> None:
        """Remove an element."""
        place, last = self._places.pop(item.id), self._items.pop()
        if last is not item:
            self._items[place] = last
            self._places[last.id] = place

    def any(self) -> Item:
        """Return a random element."""
        return self._items[int(len(self._items) * self._rng.random())]


class Books:
    """Rows of a partner, with its stock, ledger and events."""

    def __init__(self, partner_id: int, product_ids: list[int]) -> None:
        """Start with an empty stock of every product."""
        self.rows = Rows()
        self._partner_id = partner_id
        self._stock = {product_id: Stock(partner_id=partner_id, product_id=product_id) for product_id in product_ids}
        self.rows.stock = list(self._stock.values())

    def change(
        self,
        at: datetime,
        product_id: int,
        movement: StockMovementType,
        delta: Delta,
        *,
        order_id: int | None = None,
        activation_id: int | None = None,
    ) -> None:
        """Change the stock of a product, and write a line of the ledger."""
        self._stock[product_id].add(delta)
        self.rows.movements.append(
            Movement(
                partner_id=self._partner_id,
                product_id=product_id,
                type=movement,
                occurred_at=at,
                order_id=order_id,
                activation_id=activation_id,
                purchased=delta.purchased,
                bonus=delta.bonus,
                activated=delta.activated,
                additional_seats_total=delta.additional_seats_total,
                additional_seats_allocated=delta.additional_seats_allocated,
            )
        )

    def tell(self, at: datetime, actor_id: int, event: Event) -> None:
        """Append an event."""
        values = {**asdict(event), "occurred_at": at, "actor_id": actor_id}
        self.rows.events.append(
            Happened(
                partner_id=self._partner_id,
                number=len(self.rows.events) + 1,
                type=event.type,
                occurred_at=at,
                actor_id=actor_id,
                client_id=event.client_id,
                activation_id=event.activation_id,
                order_id=event.order_id,
                erased=event.erased,
                hash=chained(self.rows.last_hash, content(values)),
            )
        )
