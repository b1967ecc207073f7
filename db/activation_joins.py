"""Rows that a page of activations can join to its own."""

import sqlalchemy as sa

from db.clients import ClientRow
from db.clients import columns as client_columns
from db.engine.expressions import found_by_id
from db.engine.statement import Join
from db.prices import ProductRow
from db.tables import activations, clients, products, users
from db.users import UserRow
from domain.access import VENDOR_ROLES

_CLIENT = clients.alias("client")

CLIENT = Join(
    ClientRow,
    client_columns(_CLIENT),
    _CLIENT,
    sa.and_(found_by_id(_CLIENT.c.partner_id) == activations.c.partner_id, _CLIENT.c.id == activations.c.client_id),
)
"""The client of each activation. Nearly each has another; of what many share, a loader reads less."""

_PRODUCT = products.alias("product")
PRODUCT = Join(
    ProductRow,
    tuple(_PRODUCT.c[name] for name in ProductRow._fields),
    _PRODUCT,
    _PRODUCT.c.id == activations.c.product_id,
    recurs=True,
)
"""The product of each activation."""

_ACTIVATED_BY = users.alias("activated_by")
ACTIVATED_BY = Join(
    UserRow,
    tuple(_ACTIVATED_BY.c[name] for name in UserRow._fields),
    _ACTIVATED_BY,
    sa.and_(
        _ACTIVATED_BY.c.id == activations.c.activated_by_id,
        # The vendor's users act on behalf of any partner.
        sa.or_(
            _ACTIVATED_BY.c.partner_id == activations.c.partner_id,
            *(_ACTIVATED_BY.c.role == role for role in VENDOR_ROLES),
        ),
    ),
    recurs=True,
)
"""The user who made each activation."""
