"""Dry runs: their input, and what their payloads say."""

from typing import Any

import strawberry

from db.licenses import StockRow
from domain.events import EventType
from resolvers.previews import EventCount, StockChange
from resolvers.previews import Preview as PreviewRow
from schema import references
from schema.erasure import ErasedValues
from schema.errors import Payload
from schema.labels import label_of
from schema.nodes import OfRow
from schema.prices import OrderQuote
from schema.relations import attribute, computed, to_one


def dry_run() -> Any:  # noqa: ANN401 — a field of a dataclass, as strawberry.field is.
    """Declare the choice to change nothing."""
    return strawberry.field(
        default=False,
        description=(
            "Whether only to say what would be done. Everything is checked and done as without it, and then undone: "
            "no event is written, no number taken, no idempotency key recorded. The payload has `preview` instead of "
            "objects."
        ),
    )


@strawberry.type(description="The number of events of one type that a dry run would have written.")
class PreviewedEvents(OfRow, row=EventCount):
    type: EventType = attribute("The type of the events.")
    type_label: str = label_of("type", EventType)
    count: int = computed(lambda _, events: events.number, reads=("number",), description="The number, at least 1.")


@strawberry.type(description="The counters of a stock at one moment of a dry run. It is no object that a client keeps.")
class StockCounters(OfRow, row=StockRow):
    purchased: int = attribute("The number of licenses bought by approved orders.")
    bonus: int = attribute("The number of licenses added without being billed, “Bônus”.")
    activated: int = attribute("The number of licenses in use.")
    available: int = attribute("The number of licenses that can be activated.")
    additional_seats_total: int = attribute("The number of additional seats bought by approved orders, “Adicional”.")
    additional_seats_allocated: int = attribute("The number of additional seats in use.")
    additional_seats_available: int = attribute("The number of additional seats that activations can take.")


@strawberry.type(description="The stock of a product before and after what a dry run would have done.")
class PreviewedStock(OfRow, row=StockChange):
    before: StockCounters = attribute("The stock as it is, “estoque do parceiro”.")
    after: StockCounters = attribute("The stock as it would be.")

    product: references.ProductType = to_one("product_id", loader="product", description="The product, “produto”.")


@strawberry.type(
    description=(
        "What a dry run would have changed, in facts without IDs: new objects don't exist, and a client must not keep "
        "changes that were not made."
    )
)
class Preview(OfRow, row=PreviewRow):
    events: list[PreviewedEvents] = strawberry.field(
        description="The events that would have been written, counted by type, in the order of the first of each."
    )
    license_stock: list[PreviewedStock] = strawberry.field(
        description=(
            "The stock, before and after, of each product whose licenses or seats would have been added, taken, "
            "returned or moved. Empty if there are none."
        )
    )
    erased: list[ErasedValues] = strawberry.field(
        description="How many values of each kind would have been erased. Empty unless a client would be cancelled."
    )
    quote: OrderQuote | None = strawberry.field(
        description="The lines and totals of the order that would have been created. Returns null if there is none."
    )


@strawberry.type
class DryRunPayload(Payload):
    """Payload of a mutation that can be tried."""

    dry_run: bool = strawberry.field(
        default=False, description="Whether this was a dry run, so that nothing was changed."
    )
    preview: Preview | None = strawberry.field(
        default=None,
        description=(
            "What the dry run would have changed. Returns null if it was none, and if `userErrors` is not empty."
        ),
    )
