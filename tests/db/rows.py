"""Rows for tests of statements: each makes what a test needs, and names only what matters to it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from secrets import randbits, token_hex

import sqlalchemy as sa

from db import access, clients, partners, products
from db.clients import ClientDetails
from db.engine import Transaction
from db.tables import activations
from domain.access import Role
from domain.activations import AUTHORIZATION_CODE_BITS, ActivationStatus, authorization_code
from tests import cnpjs
from tests.units import execute

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


async def a_partner(tx: Transaction) -> int:
    """A partner that no other test knows."""
    partner_id = await partners.create(tx, name=f"Parceiro {token_hex(4)}", cnpj=cnpjs.another())
    assert partner_id is not None
    return partner_id


async def a_user(tx: Transaction, partner_id: int) -> int:
    """Somebody who works at the partner."""
    email = f"{token_hex(8)}@parceiro.example"
    user_id = await access.create_user(
        tx, partner_id, email=email, name="Ana", role=Role.MANAGER, password_hash="argon2"
    )
    assert user_id is not None
    return user_id


async def a_product(tx: Transaction) -> int:
    """A product of the vendor."""
    return await products.put(tx, code=f"P-{token_hex(4)}", name="Moderniza Completo", included_seats=2)


async def a_client(tx: Transaction, partner_id: int, *, name: str = "Padaria Sol", at: datetime = NOON) -> int:
    """A client of the partner."""
    details = ClientDetails(name=name)
    client_id = await clients.register(tx, partner_id=partner_id, cnpj=cnpjs.another(), details=details, at=at)
    assert client_id is not None
    return client_id


async def some_activations(
    tx: Transaction, partner_id: int, *, user_id: int, product_id: int, wanted: Sequence[tuple[int, datetime]]
) -> None:
    """An activation for each of these clients, at that time."""
    lines = [
        {
            "partner_id": partner_id,
            "client_id": client_id,
            "product_id": product_id,
            "authorization_code": authorization_code(randbits(AUTHORIZATION_CODE_BITS)),
            "activation_key": f"KEY-{number}",
            "seats": 2,
            "additional_seats": 0,
            "client_name_folded": "padaria sol",
            "status": ActivationStatus.ACTIVE,
            "activated_at": at,
            "activated_by_id": user_id,
        }
        for number, (client_id, at) in enumerate(wanted)
    ]
    if lines:
        await execute(tx, sa.insert(activations), lines)
