"""Times of events on PostgreSQL: no change has one from before it waited for a lock that others share."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias
from uuid import uuid4

import pytest
import sqlalchemy as sa

from db.tables import events
from tests import cnpjs
from tests.api import Api
from tests.clock import Clock
from tests.schema import recipes
from tests.schema.recipes import MUTATIONS
from tests.units import fetch_value, fetch_values, reading

POSTGRESQL = pytest.mark.parametrize("engine", ["postgresql"], indirect=True, scope="session")
"""SQLite has one writer at a time."""

Given: TypeAlias = Mapping[str, object]

_LOCKED = "partners|products|price_tables|users|clients|activations|orders|webhooks"
_LOCK = re.compile(rf"SELECT .*\bFROM ({_LOCKED})\b.* FOR (NO KEY UPDATE|SHARE)", re.DOTALL)
_OF_ACTOR = re.compile(r"SELECT users\.id\s+FROM users .* FOR SHARE", re.DOTALL)

WITHOUT_EVENT = {"pingWebhook", "redeliver"}

LOCKS_LATER = {"cancelClient"}
"""Mutations that search by the time before they lock what they find; `test_end_times.py` has the times of these."""


class World:
    """Objects that the vendor changes."""

    def __init__(self, api: Api, vendor: Api, product: str, table: str, other: str) -> None:
        self.partner, self.vendor, self.product, self.table, self.other = api.partner, vendor, product, table, other
        self.code = uuid4().hex
        self.document = f"x-{self.code}:role"

    def of_product(self, **given: object) -> Given:
        """Return an input for the product."""
        return {"productId": self.product, **given}

    def of_table(self, **given: object) -> Given:
        """Return an input for the price table."""
        return {"priceTableId": self.table, **given}

    def of_partner(self, **given: object) -> Given:
        """Return an input for the partner."""
        return {"partnerId": self.partner, **given}

    def products(self) -> Given:
        """Return an input with a sheet of one product."""
        return {"content": f"codigo;nome;usuarios_incluidos\n{self.code};Gama;1\n"}

    def prices(self) -> Given:
        """Return an input with a sheet of the price of that product."""
        header = "produto;tipo;quantidade minima;valor mensal;adesao"
        return self.of_table(content=f"{header}\n{self.code};Compra;1;1,00;0\n")

    def draft(self) -> Given:
        """Return an input for the draft of the price table."""
        tier = {"minimumQuantity": 1, "unitMonthlyPrice": "999.00", "unitSetupFee": "0.00"}
        return self.of_table(prices=[{"productId": self.product, "orderType": "PURCHASE", "tiers": [tier]}])


Step: TypeAlias = tuple[str, Callable[[World], Given]]

_DRAFT: Step = "draftPriceTable", World.draft
_REGISTER: Step = "registerDocuments", lambda world: {"manifest": f'{{"{world.document}": "{{ viewer {{ role }} }}"}}'}
_IMPORT: Step = "importProducts", World.products

OF_VENDOR: Mapping[str, list[Step]] = {
    "createPartner": [
        ("createPartner", lambda world: world.of_table(name="Gama", cnpj=cnpjs.another())),
    ],
    "updatePartner": [("updatePartner", lambda world: world.of_partner(name="Gama"))],
    "erasePartnerContacts": [
        ("updatePartner", lambda world: world.of_partner(contacts=[{"name": "Bia"}])),
        ("erasePartnerContacts", World.of_partner),
    ],
    "suspendPartner": [("suspendPartner", lambda world: world.of_partner(reason="Fim"))],
    "reinstatePartner": [
        ("suspendPartner", lambda world: world.of_partner(reason="Fim")),
        ("reinstatePartner", World.of_partner),
    ],
    "closePartner": [("closePartner", World.of_partner)],
    "setPartnerPolicy": [("setPartnerPolicy", lambda world: world.of_partner(fourEyes=True))],
    "createProduct": [("createProduct", lambda world: {"code": world.code, "name": "Gama", "includedSeats": 1})],
    "updateProduct": [("updateProduct", lambda world: world.of_product(name="Gama"))],
    "retireProduct": [("retireProduct", World.of_product)],
    "reinstateProduct": [("retireProduct", World.of_product), ("reinstateProduct", World.of_product)],
    "importProducts": [_IMPORT],
    "createPriceTable": [("createPriceTable", lambda _: {"name": str(uuid4())})],
    "renamePriceTable": [("renamePriceTable", lambda world: world.of_table(name=str(uuid4())))],
    "draftPriceTable": [_DRAFT],
    "importPrices": [_IMPORT, ("importPrices", World.prices)],
    "publishPriceTable": [_DRAFT, ("publishPriceTable", World.of_table)],
    "discardPriceTableDraft": [_DRAFT, ("discardPriceTableDraft", World.of_table)],
    "assignPriceTables": [
        (
            "assignPriceTables",
            lambda world: world.of_partner(priceTableIds=[world.other], preselectedId=world.other),
        )
    ],
    "registerDocuments": [_REGISTER],
    "removeDocuments": [_REGISTER, ("removeDocuments", lambda world: {"ids": [world.document]})],
}
"""What is done before each mutation of the vendor's users, and the mutation."""


@pytest.fixture
async def world(clock: Clock, api: Api, vendor: Api, product: str) -> World:
    assert clock.now == api.portal.now()
    table = (await api.data("{ priceTable { id } }"))["priceTable"]["id"]
    made = await vendor.done("createPriceTable", "priceTable { id }", {"name": str(uuid4())})
    return World(api, vendor, product, table, made["priceTable"]["id"])


@contextmanager
def late_locks(clock: Clock, api: Api) -> Iterator[None]:
    """Let a minute pass whenever a transaction waits for the locks of rows, except for that of its actor."""
    waited_for: set[str] = set()

    def observe(text: str) -> None:
        # What it has locked, it may lock again without waiting.
        if _LOCK.match(text) and not _OF_ACTOR.match(text) and text not in waited_for:
            waited_for.add(text)
            clock.forward(minutes=1)

    observers = api.portal.database.observers
    observers.append(observe)
    try:
        yield
    finally:
        observers.remove(observe)


async def _last(api: Api, partner_id: int) -> int:
    """Return the number of the partner's last event."""
    async with reading(api.portal.database) as connection:
        return int(await fetch_value(connection, sa.select(sa.func.max(events.c.number)).where(_of(partner_id))) or 0)


async def _times(api: Api, partner_id: int, after: int) -> set[object]:
    """Return the times of the partner's events after this number."""
    times = sa.select(events.c.occurred_at).where(_of(partner_id), events.c.number > after)
    async with reading(api.portal.database) as connection:
        return {*await fetch_values(connection, times)}


def _of(partner_id: int) -> sa.ColumnElement[bool]:
    return events.c.partner_id == partner_id


@POSTGRESQL
@pytest.mark.parametrize("name", sorted({*MUTATIONS} - LOCKS_LATER))
async def test_a_partner_s_change_is_dated_after_its_locks(clock: Clock, api: Api, name: str) -> None:
    given = await MUTATIONS[name].given(api)
    last = await _last(api, api.partner_id)
    clock.forward(minutes=1)

    with late_locks(clock, api):
        assert await api.codes(name, given) == []

    assert await _times(api, api.partner_id, last) == ({clock.now} if name not in WITHOUT_EVENT else set())


@POSTGRESQL
@pytest.mark.parametrize("name", sorted(OF_VENDOR))
async def test_the_vendor_s_change_is_dated_after_its_locks(clock: Clock, api: Api, world: World, name: str) -> None:
    vendor = world.vendor
    *steps, (_, given) = OF_VENDOR[name]
    for step, of_step in steps:
        assert await vendor.codes(step, of_step(world)) == []
    concerned = api.partner_id, vendor.partner_id
    last = [await _last(api, each) for each in concerned]
    clock.forward(minutes=1)

    with late_locks(clock, api):
        assert await vendor.codes(name, given(world)) == []

    times = [await _times(api, *each) for each in zip(concerned, last, strict=True)]
    assert set().union(*times) <= {clock.now}


@pytest.mark.edge
def test_every_mutation_of_the_vendor_is_tried() -> None:
    assert {*OF_VENDOR} == recipes.OF_VENDOR
