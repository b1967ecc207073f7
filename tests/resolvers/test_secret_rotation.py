"""A portal with two secrets reads what either has stored; after the rotation it needs the previous one no longer."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

import httpx
import pytest

from db import sealed_values, second_factors
from db.engine import Database
from db.sealed_values import Holder
from resolvers import ids, secret_rotation, webhook_keys
from resolvers.portal import Portal
from resolvers.secret_rotation import Need
from server.graphql.documents import Documents
from tests import cnpjs
from tests.api import Api, Json, serving
from tests.clock import Clock
from tests.databases import Databases
from tests.factories import App, add_app, new_caller, new_partner, new_product
from tests.schema.second_factors import STATE, Person, new_person
from tests.units import writing

OLD, NEW = b"o" * 32, b"n" * 32
REGISTER = "mutation ($input: RegisterClientInput!) { registerClient(input: $input) { client { id } } }"
ACTIVATE = """mutation ($input: CancelActivationsInput!) { cancelActivations(input: $input) {
    results { status } userErrors { code } } }"""
NONE = Need(0, 0)


@dataclass(frozen=True, slots=True)
class Processes:
    """Processes on one database: with the old secret, with both, and with the new one."""

    old: httpx.AsyncClient
    both: httpx.AsyncClient
    new: httpx.AsyncClient
    portals: tuple[Portal, Portal, Portal]


@pytest.fixture
async def processes(
    engine: str, databases: Databases, documents: Documents, clock_of_all: Clock
) -> AsyncIterator[Processes]:
    database = Database(databases.migrated(engine))
    portals = (
        Portal(database, OLD),
        Portal(database, NEW, previous_secret=OLD),
        Portal(database, NEW),
    )
    for portal in portals:
        portal.now, portal.monotonic = clock_of_all, clock_of_all.monotonic
    async with AsyncExitStack() as stack:
        old, both, new = [await stack.enter_async_context(serving(each, documents)) for each in portals]
        yield Processes(old, both, new, portals)
    await database.close()


@pytest.fixture
def clock_of_all() -> Clock:
    return Clock()


@pytest.fixture
async def person(processes: Processes) -> Person:
    portal, *_ = processes.portals
    return await new_person(processes.old, portal, await new_partner(portal))


def at(http: httpx.AsyncClient, person: Person) -> Person:
    return person._replace(api=replace(person.api, http=http))


async def with_app(person: Person, portal: Portal) -> App:
    async with writing(portal.database) as tx:
        return await add_app(tx, portal, person.api.partner_id, person.api.user_id)


async def with_codes_of_an_earlier_version(person: Person, portal: Portal) -> None:
    """Replace the recovery codes by “A”, stored as earlier versions did it."""
    owner = person.api.partner_id, person.api.user_id
    digest = portal.digest("recovery code", f"{owner[0]} {owner[1]} 000000000000000A".encode())
    async with writing(portal.database) as tx:
        await second_factors.put_recovery_codes(tx, *owner, [digest])


async def test_codes_and_challenges_of_the_old_secret_work_until_it_is_dropped(
    processes: Processes, person: Person, clock_of_all: Clock
) -> None:
    app = await with_app(person, processes.portals[0])
    challenge, another = await person.challenge(), await person.challenge()

    code = app.code(clock_of_all.now)
    assert await at(processes.new, person).confirm(another, code) == "SIGN_IN_EXPIRED"
    assert await at(processes.new, person).confirm(await at(processes.new, person).challenge(), code) == "INVALID_CODE"
    assert await at(processes.both, person).confirm(challenge, code) == ""
    assert await at(processes.both, person).confirm(another, app.recovery_codes[0]) == ""


async def test_after_the_rotation_all_works_without_the_old_secret(
    processes: Processes, person: Person, clock_of_all: Clock
) -> None:
    _, both, new = processes.portals
    app = await with_app(person, processes.portals[0])
    made = await person.api.done("createWebhook", "webhook { id } secret", {"url": "https://erp.example/webhooks"})
    webhook = {"webhookId": made["webhook"]["id"]}
    await person.api.done("rotateWebhookSecret", "webhook { id }", webhook)
    before = await secret_rotation.needs(both)

    assert await secret_rotation.rotate(both) == 3
    assert await secret_rotation.rotate(both) == 0

    assert before.values == dict.fromkeys(Holder, Need(previous=1, none=0))
    assert (await secret_rotation.needs(new)).values == dict.fromkeys(Holder, NONE)
    later = at(processes.new, person)
    assert await later.confirm(await later.challenge(), app.code(clock_of_all.now)) == ""
    assert await later.confirm(await later.challenge(), app.recovery_codes[0]) == ""
    (kept,) = await new.database.read(partial(sealed_values.every, holder=Holder.FORMER_WEBHOOK))
    assert kept.row_id == ids.number("Webhook", webhook["webhookId"])
    assert webhook_keys.unsealed([NEW], kept.partner_id, kept.sealed).shown_secret == made["secret"]


async def test_values_that_neither_secret_decrypts_are_counted_and_left(processes: Processes, person: Person) -> None:
    _, both, _ = processes.portals
    await with_app(person, Portal(both.database, b"x" * 32))
    (before,) = await both.database.read(partial(sealed_values.every, holder=Holder.APP))

    assert await secret_rotation.rotate(both) == 0

    assert (await secret_rotation.needs(both)).values[Holder.APP] == Need(previous=0, none=1)
    assert await both.database.read(partial(sealed_values.every, holder=Holder.APP)) == [before]


async def test_a_value_that_changes_during_the_rotation_is_left_as_it_is(processes: Processes, person: Person) -> None:
    _, both, _ = processes.portals
    await with_app(person, processes.portals[0])
    (before,) = await both.database.read(partial(sealed_values.every, holder=Holder.APP))
    async with writing(both.database) as tx:
        assert await sealed_values.replace(tx, Holder.APP, [(before, b"changed")]) == 1

    async with writing(both.database) as tx:
        assert await sealed_values.replace(tx, Holder.APP, [(before, b"late")]) == 0

    (after,) = await both.database.read(partial(sealed_values.every, holder=Holder.APP))
    assert after.sealed == b"changed"


async def test_recovery_codes_of_an_earlier_version_need_the_previous_secret(
    processes: Processes, person: Person
) -> None:
    old, both, new = processes.portals
    await with_app(person, old)
    await with_codes_of_an_earlier_version(person, old)

    assert (await secret_rotation.needs(both)).users_with_codes == 1
    assert (await secret_rotation.needs(new)).users_with_codes == 0
    await secret_rotation.rotate(both)
    typed = "0000-0000-0000-000A"
    without, with_both = at(processes.new, person), at(processes.both, person)
    assert await without.confirm(await without.challenge(), typed) == "INVALID_CODE"
    assert await with_both.confirm(await with_both.challenge(), typed) == ""
    assert (await with_both.api.data(STATE))["viewer"]["secondFactor"]["recoveryCodesLeft"] == 0


async def registered(api: Api, given: Json) -> str:
    return str((await api.data(REGISTER, input=given))["registerClient"]["client"]["id"])


@pytest.mark.parametrize(("first", "then"), [("old", "both"), ("both", "old"), ("both", "new"), ("new", "both")])
async def test_an_idempotency_key_is_one_key_for_processes_with_either_secret(
    processes: Processes, person: Person, first: str, then: str
) -> None:
    given = {"cnpj": cnpjs.another(), "name": "Padaria", "idempotencyKey": str(uuid4())}
    one, two = (replace(person.api, http=getattr(processes, name)) for name in (first, then))

    client = await registered(one, given)

    assert await registered(two, given) == client
    # The first record was copied, so that it works without the other secret too.
    assert await registered(replace(person.api, http=processes.both), given) == client
    assert await two.codes("registerClient", {**given, "name": "Outra"}) == ["IDEMPOTENCY_CONFLICT"]


@pytest.mark.parametrize("mode", ["ALL_OR_NOTHING", "EACH"])
@pytest.mark.parametrize(("first", "then"), [("old", "both"), ("both", "old"), ("both", "new")])
async def test_keys_of_many_items_are_known_with_either_secret(
    processes: Processes, person: Person, first: str, then: str, mode: str
) -> None:
    one, two = (replace(person.api, http=getattr(processes, name)) for name in (first, then))
    items = await _activations(one, processes.portals[0])
    given = {"activationIds": items, "reason": "OTHER", "mode": mode, "idempotencyKey": str(uuid4())}

    done = [await caller.data(ACTIVATE, input=given) for caller in (one, two)]

    assert done[0] == done[1]
    assert [each["status"] for each in done[0]["cancelActivations"]["results"]] == ["DONE"] * 2


async def _activations(api: Api, portal: Portal) -> list[str]:
    product = await new_product(portal, api.partner_id)
    await api.buy(product, 2)
    client = await api.client()
    return [await api.activation(client, product) for _ in range(2)]


async def test_an_export_link_of_the_old_secret_works_with_both(processes: Processes, person: Person) -> None:
    made = await person.api.done("createExport", "export { url }", {"list": {"clients": {}}})
    url = made["export"]["url"]

    statuses = [(await http.get(url)).status_code for http in (processes.both, processes.new)]

    assert statuses == [200, 404]


async def test_the_caller_of_another_process_stays_signed_in(processes: Processes) -> None:
    portal, *_ = processes.portals
    caller = await new_caller(processes.old, portal, await new_partner(portal))

    assert await replace(caller, http=processes.new).data("{ viewer { role } }") == {"viewer": {"role": "MANAGER"}}
