"""Every mutation appends an event, over HTTP on both engines."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

import sqlalchemy as sa

from db.tables import events
from tests import cnpjs
from tests.api import Api, Json
from tests.factories import add_unconfirmed_app
from tests.schema.introspection import mutations
from tests.schema.recipes import MUTATIONS, OF_VENDOR
from tests.units import fetch_value, reading, writing

SESSIONS_OF_THE_CALLER = {"signIn", "confirmSignIn", "renewSession", "signOut"}
"""Mutations without events: they are in the log, and a sign-in would wait for the changes of the whole partner."""

NOTHING_YET = {"enrollTotp", "requestPasswordReset"}
"""Mutations whose event comes later: with the first code of the app, and with the link, which is made in background."""

ELSEWHERE = {"acceptInvitation", "changePassword", "resetPassword", "signOutEverywhere"}
"""Mutations that need passwords: the tests of invitations, new passwords and users look at their events."""

SENT_ONLY = {"pingWebhook", "redeliver"}
"""Mutations that change nothing but the list of deliveries, which has them."""

Do = Callable[..., Awaitable[Json]]


async def _count(api: Api) -> int:
    async with reading(api.portal.database) as connection:
        mine = events.c.actor_id == api.user_id
        return int(await fetch_value(connection, sa.select(sa.func.count()).where(mine)))


async def _of_partner(api: Api, do: Do) -> None:
    for name, recipe in MUTATIONS.items():
        await do(api, name, await recipe.given(api))
    async with writing(api.portal.database) as tx:
        app = await add_unconfirmed_app(tx, api.portal, api.partner_id, api.user_id)
    confirmed = await do(api, "confirmTotp", {"code": app.code(api.portal.now())}, "recoveryCodes")
    await do(api, "createExport", {"list": {"clients": {}}})
    renewed = await do(api, "renewRecoveryCodes", {"code": confirmed["recoveryCodes"][0]}, "recoveryCodes")
    await do(api, "disableTotp", {"code": renewed["recoveryCodes"][0]})


async def _of_vendor(vendor: Api, do: Do) -> None:
    manager = {"email": f"{uuid4()}@gama.example", "name": "Bia Reis"}
    made = await do(
        vendor, "createPartner", {"name": "Gama", "cnpj": cnpjs.another(), "manager": manager}, "partner { id }"
    )
    partner = {"partnerId": made["partner"]["id"]}
    await do(vendor, "updatePartner", {**partner, "name": "Delta", "contacts": [{"name": "Bia"}]})
    await do(vendor, "erasePartnerContacts", partner)
    await do(vendor, "setPartnerPolicy", {**partner, "fourEyes": True})
    await do(vendor, "suspendPartner", {**partner, "reason": "inadimplência"})
    await do(vendor, "reinstatePartner", partner)
    new = {"code": uuid4().hex, "name": "Gama", "includedSeats": 1}
    product = {"productId": (await do(vendor, "createProduct", new, "product { id }"))["product"]["id"]}
    await do(vendor, "updateProduct", {**product, "name": "Delta"})
    await do(vendor, "retireProduct", product)
    await do(vendor, "reinstateProduct", product)
    code = uuid4().hex
    await do(vendor, "importProducts", {"content": f"codigo;nome;usuarios_incluidos\n{code};Gama;1\n"})
    name = {"name": f"Pauta {uuid4()}"}
    table = (await do(vendor, "createPriceTable", name, "priceTable { id }"))["priceTable"]["id"]
    await do(vendor, "renamePriceTable", {"priceTableId": table, "name": f"Pauta {uuid4()}"})
    tier = {"minimumQuantity": 1, "unitMonthlyPrice": "1.00", "unitSetupFee": "0.00"}
    drafted = {"priceTableId": table, "prices": [{**product, "orderType": "PURCHASE", "tiers": [tier]}]}
    await do(vendor, "draftPriceTable", drafted)
    sheet = f"produto;tipo;quantidade minima;valor mensal;adesao\n{code};Compra;1;1,00;0\n"
    await do(vendor, "importPrices", {"priceTableId": table, "content": sheet})
    await do(vendor, "discardPriceTableDraft", {"priceTableId": table})
    await vendor.done("draftPriceTable", "__typename", drafted)
    await do(vendor, "publishPriceTable", {"priceTableId": table})
    await do(vendor, "assignPriceTables", {**partner, "priceTableIds": [table], "preselectedId": table})
    await do(vendor, "closePartner", partner)
    await do(vendor, "registerDocuments", {"manifest": f'{{"{code}": "{{ viewer {{ role }} }}"}}'})
    await do(vendor, "removeDocuments", {"ids": [code]})


async def test_every_mutation_that_changes_something_appends_an_event(api: Api, vendor: Api) -> None:
    tried, silent = set[str](), list[str]()

    async def do(caller: Api, name: str, given: Mapping[str, object], selection: str = "__typename") -> Json:
        before = await _count(caller)
        payload = await caller.done(name, selection, given)
        tried.add(name)
        if await _count(caller) == before:
            silent.append(name)
        return payload

    await _of_partner(api, do)
    await _of_vendor(vendor, do)

    assert silent == sorted(SENT_ONLY)
    assert tried >= {*MUTATIONS, *OF_VENDOR}
    untried = set(mutations()) - tried - SESSIONS_OF_THE_CALLER - NOTHING_YET - ELSEWHERE
    assert not untried, f"Try these mutations here, and see that each appends an event: {sorted(untried)}."
