"""A filter has the same clients however they are read."""

from dataclasses import replace
from datetime import datetime
from itertools import product
from random import Random

import pytest

from db import clients, tables
from db.clients import ClientFilter, ClientSortKey
from db.engine import Database, Transaction, searches
from domain.clients import ClientStatus
from domain.tenancy import ALL_PARTNERS, Scope
from tests import cnpjs
from tests.db.read_lists import read_by_pages
from tests.factories import NOON, add_partner
from tests.units import insert, reading, writing

RNG = Random(1)  # noqa: S311 — examples.
ANY = frozenset(ClientStatus)
SOON = NOON.replace(minute=1)
FILTERS = (
    ClientFilter(name="sol"),
    ClientFilter(search="lua", search_cnpj="LUA", status=None),
    ClientFilter(name="sol", state="SP", registered_from=SOON),
    ClientFilter(name="sol", updated_since=SOON),
    ClientFilter(city="lin", status=ANY),
    ClientFilter(city="lin", has_active_activations=False),
    ClientFilter(has_active_activations=False),
    ClientFilter(has_active_activations=False, status=None),
    ClientFilter(registered_from=SOON, registered_to=SOON),
    ClientFilter(registered_from=SOON, updated_since=SOON),
)
ORDERS = tuple(product(ClientSortKey, (False, True), (False, True)))
"""Sort keys, whether they are descending, and whether the list is read from its end."""


def _time() -> datetime:
    return NOON.replace(minute=RNG.randrange(3))


async def _add(tx: Transaction) -> int:
    """Add a partner with clients that match by several values."""
    partner_id = await add_partner(tx)
    lines = []
    for _ in range(30):
        name, is_active = RNG.choice(("sol", "lua", "sol e lua")), RNG.random() < 0.8
        lines.append(
            {
                "partner_id": partner_id,
                "cnpj": cnpjs.another() if is_active else None,
                "name": name if is_active else None,
                "name_folded": name if is_active else "",
                "names_folded": name if is_active else "",
                "trade_name_folded": "",
                "city_folded": RNG.choice(("olinda", "recife")) if is_active else "",
                "state": RNG.choice(("PE", "SP")),
                "status": ClientStatus.ACTIVE if is_active else ClientStatus.CANCELLED,
                "registered_at": _time(),
                "cancelled_at": None if is_active else SOON,
                "updated_at": _time(),
                "last_activated_at": _time(),
                "active_activations": RNG.randrange(2) if is_active else 0,
            }
        )
    await insert(tx, tables.clients, lines)
    return partner_id


@pytest.mark.parametrize("few", [2, 300])
async def test_a_filter_has_the_same_clients_with_its_search(
    own_database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(searches, "FEW_MAX", few)
    async with writing(own_database) as tx:
        first, _ = [await _add(tx) for _ in range(2)]

    scopes: tuple[Scope, ...] = first, ALL_PARTNERS
    async with reading(own_database) as connection:
        for scope, chosen in product(scopes, FILTERS):
            for by, descending, backward in RNG.sample(ORDERS, 8):
                listed = clients.listing(scope, chosen, by, descending=descending)
                if listed.search is None:
                    continue
                expected = await read_by_pages(connection, replace(listed, search=None), backward=backward)
                assert await read_by_pages(connection, listed, backward=backward) == expected, (
                    f"{scope} {chosen} by {by}"
                )
