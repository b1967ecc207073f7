"""Lazy references to types, for modules that would otherwise import each other."""

from typing import TYPE_CHECKING, Annotated

import strawberry

if TYPE_CHECKING:
    from schema.access import User
    from schema.activations import Activation
    from schema.clients import Client
    from schema.events import Event
    from schema.licenses import LicenseStock
    from schema.orders import Order
    from schema.partners import Partner
    from schema.price_tables import PriceTable, PriceTableVersion
    from schema.prices import Product
    from schema.users import Invitation
    from schema.webhooks import Webhook

UserType = Annotated["User", strawberry.lazy("schema.access")]
PartnerType = Annotated["Partner", strawberry.lazy("schema.partners")]
ClientType = Annotated["Client", strawberry.lazy("schema.clients")]
ActivationType = Annotated["Activation", strawberry.lazy("schema.activations")]
ProductType = Annotated["Product", strawberry.lazy("schema.prices")]
PriceTableType = Annotated["PriceTable", strawberry.lazy("schema.price_tables")]
PriceTableVersionType = Annotated["PriceTableVersion", strawberry.lazy("schema.price_tables")]
LicenseStockType = Annotated["LicenseStock", strawberry.lazy("schema.licenses")]
OrderType = Annotated["Order", strawberry.lazy("schema.orders")]
InvitationType = Annotated["Invitation", strawberry.lazy("schema.users")]
WebhookType = Annotated["Webhook", strawberry.lazy("schema.webhooks")]
EventType = Annotated["Event", strawberry.lazy("schema.events")]
