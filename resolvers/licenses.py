"""The stock of licenses, "estoque do parceiro"."""

from collections.abc import Sequence

from db import licenses
from db.licenses import MovementRow, StockRow
from domain.access import Permission
from resolvers import pages
from resolvers.context import Context
from resolvers.pages import Page, PageArguments


async def stock(context: Context, product_id: int | None) -> list[StockRow]:
    """The partner's stock of every product that it has bought, or of one of them."""
    viewer = context.require(Permission.ACTIVATIONS_READ)
    if product_id is not None:
        found = await context.loaders.stock_of_product.load((viewer.partner_id, product_id))
        return [] if found is None else [found]
    async with context.portal.database.read() as connection:
        return await licenses.of_partner(connection, viewer.partner_id)


async def stock_of(context: Context, product_ids: Sequence[int]) -> list[StockRow]:
    """The partner's stock of these products, which it has."""
    loaded = await context.loaders.stock_of_product.load_many([(context.partner_id, wanted) for wanted in product_ids])
    return [found for found in loaded if found is not None]


async def movements(context: Context, row: StockRow, arguments: PageArguments) -> Page[MovementRow]:
    """A page of the ledger of a product."""
    return await pages.page_of(
        context.loaders.movements_of_product, arguments, partner_id=row.partner_id, parent_id=row.product_id
    )
