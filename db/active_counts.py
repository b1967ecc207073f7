"""Numbers of active activations, which the stock of licenses keeps, so that none of them is counted."""

import sqlalchemy as sa

from db.engine.expressions import among
from db.engine.filters import Mine, scoped, value, values_of
from db.engine.statement import Statement
from db.tables import license_stock


def of_product(product_id: int | None, mine: Mine) -> Statement[int]:
    """Return the statement for the number of a scope's active activations, of one product or all."""
    number = sa.func.coalesce(sa.func.sum(license_stock.c.activated), 0)
    of_one = [] if product_id is None else [license_stock.c.product_id == product_id]
    return Statement(sa.select(number).where(mine(license_stock.c.partner_id), *of_one), value)


OF_PARTNERS = scoped(
    lambda mine: Statement(
        sa.select(license_stock.c.partner_id, sa.cast(sa.func.sum(license_stock.c.activated), sa.BigInteger))
        .where(mine(license_stock.c.partner_id), among(license_stock.c.partner_id, "parent_ids"))
        .group_by(license_stock.c.partner_id),
        values_of,
    )
)
"""The numbers of the partners bound as `parent_ids`, each with its partner."""
