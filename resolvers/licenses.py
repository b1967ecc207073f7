"""The stock of licenses, "estoque do parceiro"."""

from collections.abc import Sequence

from db import licenses
from db.licenses import StockRow
from domain.access import Permission
from resolvers.context import Context
from resolvers.dataloader import loaded


async def stock(context: Context, product_id: int | None) -> list[StockRow]:
    """The partner's stock of every product that it has bought, or of one of them."""
    viewer = context.require(Permission.ACTIVATIONS_READ)
    if product_id is not None:
        found = await context.loaders.stock_of_product.load(product_id)
        return [] if found is None else [found]
    return await context.portal.database.read(lambda connection: licenses.of_partner(connection, viewer.partner_id))


async def stock_of(context: Context, product_ids: Sequence[int]) -> list[StockRow]:
    """The partner's stock of these products, which it has."""
    keys = list(product_ids)
    found = await loaded(context.loaders.stock_of_product.load_many(keys))
    return [row for row in found if row is not None]
