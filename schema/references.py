"""The types by name, for relations between modules that would otherwise import each other in a circle."""

from typing import TYPE_CHECKING, Annotated

import strawberry

if TYPE_CHECKING:
    import schema.access
    import schema.activations
    import schema.clients
    import schema.licenses
    import schema.orders
    import schema.prices

User = Annotated["User", strawberry.lazy("schema.access")]
Partner = Annotated["Partner", strawberry.lazy("schema.access")]
Client = Annotated["Client", strawberry.lazy("schema.clients")]
Activation = Annotated["Activation", strawberry.lazy("schema.activations")]
Product = Annotated["Product", strawberry.lazy("schema.prices")]
PriceTable = Annotated["PriceTable", strawberry.lazy("schema.prices")]
LicenseStock = Annotated["LicenseStock", strawberry.lazy("schema.licenses")]
Order = Annotated["Order", strawberry.lazy("schema.orders")]
