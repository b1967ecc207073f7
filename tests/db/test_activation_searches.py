"""A search for activations has the same rows however it reads them."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from db import activations, tables
from db.activations import ActivationFilter, ActivationRow, ActivationSortKey
from db.engine import Database, Transaction, searches
from db.engine.listings import Listing
from domain.activations import ActivationStatus
from domain.tenancy import ALL_PARTNERS, Scope
from tests.db.read_lists import read_by_pages
from tests.factories import NOON, add_client, add_partner, add_product, add_user
from tests.units import insert, reading, writing

RNG = Random(1)  # noqa: S311 — examples.
ACTIVE = frozenset({ActivationStatus.ACTIVE})
ORDERS = list(product(ActivationSortKey, (False, True), (False, True)))
"""Sort keys, whether they are descending, and whether the list is read from its end."""


async def _add(tx: Transaction, product_id: int) -> int:
    """Add a partner with clients, some without activations, and activations that match by several values."""
    partner_id = await add_partner(tx)
    user_id = await add_user(tx, partner_id)
    with_some = [await add_client(tx, partner_id, name=name) for name in ("Padaria Sol", "Sol", "Nova Lua", "Lua")]
    for number in range(5):
        await add_client(tx, partner_id, name=f"Nova {number}")
    lines = [
        {
            "partner_id": partner_id,
            "client_id": RNG.choice(with_some),
            "product_id": product_id,
            "authorization_code": f"{RNG.choice(('SOL', 'DR', 'X'))}{number}",
            "activation_key": f"{RNG.choice(('DR05', 'SOL', 'KEY'))}-{number}",
            "ecf_serial_number": RNG.choice((None, f"DR05{number}", f"BE{number}")),
            "seats": 1,
            "additional_seats": 0,
            "note_folded": RNG.choice((None, "lua", "sol")),
            "client_name_folded": RNG.choice(("lua", "sol")),
            "status": ActivationStatus.ACTIVE,
            "activated_at": NOON.replace(minute=RNG.randrange(3)),
            "updated_at": NOON.replace(minute=RNG.randrange(3)),
            "activated_by_id": user_id,
        }
        for number in range(40)
    ]
    await insert(tx, tables.activations, lines)
    return partner_id


def _filters() -> Iterator[ActivationFilter]:
    for name in ("sol", "lua", "nova", "nova 1", "padaria", "a", "xyzzy"):
        yield ActivationFilter(client_name=name)
        yield ActivationFilter(search=name, client_name="lua", search_code="SOL")
        for beginning in ("DR05", "DR051", "SOL", "KEY-7", "XYZZY"):
            yield ActivationFilter(search=name, search_cnpj="XYZZY", search_key=beginning, search_code=beginning)
    yield ActivationFilter(search="sol", search_key="DR05", status=ACTIVE, activated_from=NOON.replace(minute=1))


@pytest.mark.parametrize("few", [2, 300])
async def test_a_search_has_the_rows_of_the_list_without_its_plan(
    own_database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(searches, "FEW_MAX", few)
    async with writing(own_database) as tx:
        product_id = await add_product(tx)
        first, _ = [await _add(tx, product_id) for _ in range(2)]

    scopes: tuple[Scope, ...] = first, ALL_PARTNERS
    plain_lists = dict[int, Listing[ActivationRow]]()
    async with reading(own_database) as connection:
        for place, (scope, chosen) in enumerate(product(scopes, _filters())):
            by, descending, backward = ORDERS[place % len(ORDERS)]
            searched = activations.listing(scope, chosen, by, descending=descending)
            # Lists that differ in their values only have the same conditions, and compile their statements once.
            alike = plain_lists.setdefault(id(searched.where), replace(searched, search=None))
            plain = alike.of(searched.values)

            expected = await read_by_pages(connection, plain, backward=backward)
            assert await read_by_pages(connection, searched, backward=backward) == expected, f"{scope} {chosen}"


@pytest.mark.parametrize("few", [2, 300])
async def test_a_filter_has_the_same_rows_in_each_order(
    own_database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(searches, "FEW_MAX", few)
    async with writing(own_database) as tx:
        product_id = await add_product(tx)
        partner_id, _ = [await _add(tx, product_id) for _ in range(2)]
    filters = (
        ActivationFilter(product_id=product_id),
        ActivationFilter(note="lu", status=ACTIVE),
        ActivationFilter(activated_from=NOON.replace(minute=1), product_id=product_id),
    )

    async with reading(own_database) as connection:
        for chosen, (by, descending, backward) in product(filters, ORDERS):
            if by is ActivationSortKey.ACTIVATED_AT:
                # The filter's index has this order, so there is nothing to look for before.
                continue
            listed = activations.listing(partner_id, chosen, by, descending=descending)
            expected = await read_by_pages(connection, replace(listed, search=None), backward=backward)
            assert await read_by_pages(connection, listed, backward=backward) == expected, f"{chosen} by {by}"
