"""Enums of orders."""

from db.orders import OrderSortKey
from domain.orders import OrderStatus, OrderType
from schema.enums.describing import describe

describe(
    OrderType,
    "The type of an order, “Tipo”.",
    {
        OrderType.PURCHASE: "Licenses of products, “Compra”.",
        OrderType.ADDITIONAL_SEATS: "Additional seats for products that the partner has in stock, “Adicional”.",
    },
)
describe(
    OrderStatus,
    "The status of an order, “situação”.",
    {
        OrderStatus.PENDING: "The order awaits approval, “PEND / Confirmação Pendente”.",
        OrderStatus.COMPLETED: "The order was approved, and its licenses are in the stock, “Finalizado”.",
        OrderStatus.CANCELLED: "The order was cancelled before approval, “Cancelado”.",
    },
)
describe(
    OrderSortKey,
    "Properties by which orders can be sorted.",
    {
        OrderSortKey.NUMBER: "Sort by number, “Id”.",
        OrderSortKey.CREATED_AT: "Sort by the date and time of creation.",
    },
)
