"""Previews of dry runs: numbers of events, stock before and after, erased values, and the price of an order.

They have no objects, since what a dry run creates or changes is rolled back.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import NamedTuple

from db import licenses, price_versions
from db.engine import Connection
from db.licenses import StockRow
from db.stock_movements import NewMovement
from domain.erasure import ErasedCount, counts
from domain.events import Event, EventType
from resolvers.prices import Quote


@dataclass(slots=True)
class Changes:
    """What a unit of work has changed so far."""

    events: list[Event] = field(default_factory=list)
    movements: list[NewMovement] = field(default_factory=list)
    partners: set[int] = field(default_factory=set)
    """Partners whose events these are."""
    quote: Quote | None = None


class EventCount(NamedTuple):
    """Number of events of one type."""

    type: EventType
    number: int


class StockChange(NamedTuple):
    """Stock of a product before a change, and after it."""

    product_id: int
    before: StockRow
    after: StockRow


class Preview(NamedTuple):
    """What a dry run would have changed."""

    events: Sequence[EventCount]
    license_stock: Sequence[StockChange]
    erased: Sequence[ErasedCount]
    quote: Quote | None


async def of_changes(tx: Connection, partner_id: int, changes: Changes, *, at: datetime) -> Preview:
    """Return the preview of what was changed in this transaction."""
    numbers = Counter(event.type for event in changes.events)
    quote = changes.quote
    if quote is not None:
        next_begin = await price_versions.next_begin(tx, partner_id, quote.price_table_id, at=at)
        quote = quote._replace(valid_until=next_begin)
    return Preview(
        [EventCount(*each) for each in numbers.items()],
        await _stock(tx, partner_id, changes.movements),
        [each for event in changes.events if event.erased for each in counts(event.erased)],
        quote,
    )


async def _stock(tx: Connection, partner_id: int, movements: Sequence[NewMovement]) -> list[StockChange]:
    if not movements:
        return []
    changed: dict[int, Counter[str]] = {}
    for movement in movements:
        changed.setdefault(movement.product_id, Counter()).update(asdict(movement.delta))
    found = await licenses.by_products(tx, partner_id, sorted(changed))
    return [
        StockChange(product_id, _without(after, changed[product_id]), after)
        for product_id, after in sorted(found.items())
    ]


def _without(stock: StockRow, changed: Counter[str]) -> StockRow:
    return stock._replace(**{name: getattr(stock, name) - change for name, change in changed.items()})
