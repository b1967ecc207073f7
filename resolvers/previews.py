"""Previews of dry runs: numbers of events, stock before and after, erased values, and the price of an order.

They have no objects, since what a dry run creates or changes is rolled back.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import NamedTuple

from db import licenses, price_versions
from db.engine import Connection
from db.licenses import StockRow
from db.stock_movements import NewMovement
from domain.erasure import ErasedCount, counts
from domain.events import Event, EventOfEach, EventType, counted
from resolvers.prices import Quote


@dataclass(slots=True)
class Changes:
    """What a unit of work has changed so far."""

    events: list[Event | EventOfEach] = field(default_factory=list)
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
    quote = changes.quote
    if quote is not None:
        next_begin = await price_versions.next_begin(tx, partner_id, quote.price_table_id, at=at)
        quote = quote._replace(valid_until=next_begin)
    return Preview(
        [EventCount(*each) for each in counted(changes.events).items()],
        await _stock(tx, partner_id, changes.movements),
        [each for receipt in _receipts(changes.events) for each in counts(receipt)],
        quote,
    )


def _receipts(happened: Sequence[Event | EventOfEach]) -> Iterator[str]:
    return (event.erased for event in happened if isinstance(event, Event) and event.erased)


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
