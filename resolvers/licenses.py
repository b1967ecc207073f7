"""Stock of licenses, "estoque do parceiro"."""

from collections.abc import Sequence

from db.licenses import StockKey, StockRow
from domain.access import Permission
from resolvers.context import Context
from resolvers.dataloader import loaded


async def stock(context: Context, product_id: int | None, named: int | None = None) -> list[StockRow]:
    """Return the stock of each product that the partner has bought, or of one product."""
    context.require(Permission.ACTIVATIONS_READ)
    partner_id = context.of_one_partner(named, "partnerId")
    if product_id is not None:
        return await stock_of(context, partner_id, [product_id])
    return await context.loaders.stock_of_partner.load(partner_id) or []


async def stock_of(context: Context, partner_id: int, product_ids: Sequence[int]) -> list[StockRow]:
    """Return the partner's stock of these products, without those that it never bought."""
    keys = [StockKey(partner_id, product_id) for product_id in product_ids]
    found = await loaded(context.loaders.stock.load_many(keys))
    return [row for row in found if row is not None]
