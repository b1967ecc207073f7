"""Mutations of a load that only the vendor's users do, each with objects of its own."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

import orjson

from domain.access import Role
from tests import cnpjs
from tests.api import Api
from tests.durability.kinds import Kind, Makers, Ready
from tests.factories import new_caller
from tests.schema.inputs import Given
from tests.schema.introspection import inputs_of
from tests.schema.pricing import draft, new_table, priced
from tests.schema.recipes import OF_PARTNERS, OF_PRODUCTS

Make = Callable[[Api], Awaitable[Given]]
"""Makes what a mutation needs as an administrator of the vendor, and returns its input."""


def _new(name: str, column: str) -> Make:
    """Return a maker of nothing, for an object with a name or code that no other has."""

    async def make(_: Api) -> Given:
        return {**OF_PRODUCTS.get(name, {}), column: uuid4().hex}

    return make


async def _partner(vendor: Api) -> str:
    given = {"name": "Gama", "cnpj": cnpjs.another(), "manager": {"email": f"{uuid4()}@gama.example", "name": "Bia"}}
    return str((await vendor.done("createPartner", "partner { id }", given))["partner"]["id"])


def _of_partner(name: str) -> Make:
    async def make(vendor: Api) -> Given:
        return {"partnerId": await _partner(vendor), **OF_PARTNERS[name]}

    return make


async def _new_partner(_: Api) -> Given:
    manager = {"email": f"{uuid4()}@gama.example", "name": "Bia"}
    return {"name": "Gama", "cnpj": cnpjs.another(), "manager": manager}


async def _with_contacts(vendor: Api) -> Given:
    partner = await _partner(vendor)
    await vendor.done("updatePartner", "__typename", {"partnerId": partner, "contacts": [{"name": "Bia"}]})
    return {"partnerId": partner}


async def _suspended(vendor: Api) -> Given:
    partner = await _partner(vendor)
    await vendor.done("suspendPartner", "__typename", {"partnerId": partner, "reason": "inadimplência"})
    return {"partnerId": partner}


async def _product(vendor: Api) -> Given:
    given = {"code": uuid4().hex, "name": "Delta", "includedSeats": 2}
    return {"productId": (await vendor.done("createProduct", "product { id }", given))["product"]["id"]}


async def _changed_product(vendor: Api) -> Given:
    return {**await _product(vendor), **OF_PRODUCTS["updateProduct"]}


async def _retired(vendor: Api) -> Given:
    product = await _product(vendor)
    await vendor.done("retireProduct", "__typename", product)
    return product


async def _products(_: Api) -> Given:
    return {"content": f"codigo;nome;usuarios_incluidos\n{uuid4().hex};Gama;1\n"}


async def _table(vendor: Api) -> Given:
    return {"priceTableId": await new_table(vendor)}


async def _renamed(vendor: Api) -> Given:
    return {**await _table(vendor), "name": uuid4().hex}


async def _prices(vendor: Api) -> Given:
    prices = [priced(str((await _product(vendor))["productId"]), (1, "1.00"))]
    return {**await _table(vendor), "prices": prices}


async def _drafted(vendor: Api) -> Given:
    table = await new_table(vendor)
    await draft(vendor, table, priced(str((await _product(vendor))["productId"]), (1, "1.00")))
    return {"priceTableId": table}


async def _price_sheet(vendor: Api) -> Given:
    code = uuid4().hex
    await vendor.done("createProduct", "__typename", {"code": code, "name": "Delta", "includedSeats": 2})
    sheet = f"produto;tipo;quantidade minima;valor mensal;adesao\n{code};Compra;1;1,00;0\n"
    return {**await _table(vendor), "content": sheet}


async def _assigned(vendor: Api) -> Given:
    partner, table = await _partner(vendor), (await _drafted(vendor))["priceTableId"]
    await vendor.done("publishPriceTable", "__typename", {"priceTableId": table})
    return {"partnerId": partner, "priceTableIds": [table], "preselectedId": table}


async def _manifest(_: Api) -> Given:
    return {"manifest": orjson.dumps({uuid4().hex: "{ viewer { role } }"}).decode()}


async def _registered(vendor: Api) -> Given:
    document = uuid4().hex
    given = {"manifest": orjson.dumps({document: "{ viewer { role } }"}).decode()}
    await vendor.done("registerDocuments", "__typename", given)
    return {"ids": [document]}


_MAKERS: Mapping[str, Make] = {
    "createPartner": _new_partner,
    "updatePartner": _of_partner("updatePartner"),
    "erasePartnerContacts": _with_contacts,
    "suspendPartner": _of_partner("suspendPartner"),
    "reinstatePartner": _suspended,
    "closePartner": _of_partner("closePartner"),
    "setPartnerPolicy": _of_partner("setPartnerPolicy"),
    "createProduct": _new("createProduct", "code"),
    "updateProduct": _changed_product,
    "retireProduct": _product,
    "reinstateProduct": _retired,
    "importProducts": _products,
    "createPriceTable": _new("createPriceTable", "name"),
    "renamePriceTable": _renamed,
    "draftPriceTable": _prices,
    "importPrices": _price_sheet,
    "publishPriceTable": _drafted,
    "discardPriceTableDraft": _drafted,
    "assignPriceTables": _assigned,
    "registerDocuments": _manifest,
    "removeDocuments": _registered,
}


def _kind(name: str, make: Make) -> Kind:
    async def ready(makers: Makers) -> Ready:
        vendor = makers.vendor
        given = await make(vendor)
        return Ready(await new_caller(vendor.http, vendor.portal, vendor.partner_id, role=Role.VENDOR_ADMIN), given)

    return Kind(ready, "__typename", takes_key="idempotencyKey" in inputs_of(name))


OF_VENDOR: Mapping[str, Kind] = {name: _kind(name, make) for name, make in _MAKERS.items()}
"""Every mutation that only the vendor's users do."""


async def _export(makers: Makers) -> Ready:
    partner = makers.partner
    return Ready(await new_caller(partner.http, partner.portal, partner.partner_id), {"list": {"clients": {}}})


EXPORTS: Mapping[str, Kind] = {"createExport": Kind(_export, "__typename", takes_key=True)}
"""Mutations that make files."""
