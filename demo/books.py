"""What a partner's year leaves behind: the rows, the stock with its ledger, and the events in the order of time."""

from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import Generic, Protocol, TypeVar

from demo.rows import Happened, Movement, Rows, Stock
from domain.events import Event
from domain.licenses import Delta, StockMovementType


class _Numbered(Protocol):
    @property
    def id(self) -> int: ...


Item = TypeVar("Item", bound=_Numbered)


class Bag(Generic[Item]):
    """Things that come and go, of which any may be drawn at once, however many there are."""

    def __init__(self, rng: Random) -> None:
        """Begin with an empty one."""
        self._rng = rng
        self._items: list[Item] = []
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        """Each of them, in no order that means anything."""
        return iter(self._items)

    def put(self, item: Item) -> None:
        """Put one in."""
        self._places[item.id] = len(self._items)
        self._items.append(item)

    def take(self, item: Item) -> None:
        """Take that one out."""
        place, last = self._places.pop(item.id), self._items.pop()
        if last is not item:
            self._items[place] = last
            self._places[last.id] = place

    def any(self) -> Item:
        """One of them, which stays in."""
        return self._items[int(len(self._items) * self._rng.random())]


class Books:
    """The rows of a partner, and what runs along with them."""

    def __init__(self, partner_id: int, product_ids: list[int]) -> None:
        """Begin with an empty stock of every product."""
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
            )
        )
