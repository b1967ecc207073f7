"""Idempotency keys over HTTP, on both engines, with a test clock."""

from hashlib import new
from uuid import uuid4

import pytest
import sqlalchemy as sa

from db.tables import idempotency_keys, users
from domain.access import Role
from resolvers import mutations
from resolvers.api_tokens import ApiTokenCreated
from resolvers.input_texts import as_text
from resolvers.invitations import PersonInvited
from resolvers.outcomes import SecretShownOnce, stored
from resolvers.password_changes import ResetLinkCreated
from resolvers.webhook_changes import WebhookCreated
from tests import cnpjs
from tests.api import Api, Json
from tests.clock import Clock
from tests.factories import new_product
from tests.schema.inputs import Given
from tests.schema.introspection import input_name
from tests.schema.recipes import MUTATIONS
from tests.units import execute, fetch_all, reading, writing

KEYED = [name for name, recipe in MUTATIONS.items() if recipe.other is not None]
"""Every mutation that takes a key."""

each_mutation = pytest.mark.parametrize("name", KEYED)


async def keyed(api: Api, name: str) -> Given:
    """Return the input of a mutation with a key of its own."""
    return {**await MUTATIONS[name].given(api), "idempotencyKey": f"key {uuid4()}"}


async def do(api: Api, name: str, given: Given) -> Json:
    """Return the payload of a mutation that is not refused."""
    return await api.done(name, MUTATIONS[name].selection, given)


async def event_count(api: Api) -> int:
    """Return the number of the partner's events."""
    return int((await api.data("{ events { totalCount } }"))["events"]["totalCount"])


@each_mutation
async def test_a_replay_answers_with_the_same_objects_and_does_nothing(api: Api, name: str) -> None:
    given = await keyed(api, name)
    first = await do(api, name, given)
    done = await event_count(api)

    again = await do(api, name, given)

    assert again == first
    assert await event_count(api) == done


async def test_a_replay_shows_the_objects_as_they_are_now(api: Api) -> None:
    given = await keyed(api, "createOrder")
    order = (await do(api, "createOrder", given))["order"]
    await api.approve(order["id"])

    again = await do(api, "createOrder", given)

    assert again["order"] == order | {"status": "COMPLETED"}


@each_mutation
async def test_the_same_key_with_another_input_is_refused(api: Api, name: str) -> None:
    given = await keyed(api, name)
    await do(api, name, given)
    done = await event_count(api)

    payload = await api.mutate(name, "__typename", {**given, **(MUTATIONS[name].other or {})})

    (error,) = payload["userErrors"]
    assert (error["code"], error["path"]) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])
    assert error["__typename"] == "ConflictError"
    assert await event_count(api) == done


async def test_a_refusal_is_not_recorded(api: Api) -> None:
    product = await new_product(api.portal, api.partner_id)
    given = {"clientId": await api.client(), "productId": product, "activationKey": "KEY-1", "idempotencyKey": "a"}
    assert await api.codes("activateLicense", given) == ["OUT_OF_STOCK"]
    await api.buy(product, 1)

    payload = await do(api, "activateLicense", given)

    assert payload["activation"]["status"] == "ACTIVE"


async def test_a_key_belongs_to_its_partner(api: Api, other_api: Api) -> None:
    given = {"name": "Padaria", "idempotencyKey": "same"}

    await do(api, "registerClient", given | {"cnpj": cnpjs.another()})
    payload = await do(other_api, "registerClient", given | {"cnpj": cnpjs.another()})

    assert payload["client"]["name"] == "Padaria"
    assert await event_count(other_api) == 1


async def test_a_key_belongs_to_its_mutation(api: Api) -> None:
    given = {"orderId": await api.order((await new_product(api.portal, api.partner_id), 1)), "idempotencyKey": "same"}
    await do(api, "registerClient", {**await MUTATIONS["registerClient"].given(api), "idempotencyKey": "same"})

    payload = await do(api, "approveOrder", given)

    assert payload["order"]["status"] == "COMPLETED"


async def test_a_key_is_free_again_after_24_hours(api: Api, clock: Clock) -> None:
    given = await keyed(api, "createOrder")
    numbers = [(await do(api, "createOrder", given))["order"]["number"]]

    for seconds in (24 * 3600 - 1, 1):
        clock.forward(seconds=seconds)
        numbers.append((await do(api, "createOrder", given))["order"]["number"])

    assert numbers == [1, 1, 2]


@each_mutation
async def test_a_replay_needs_the_permission_still(api: Api, name: str, clock: Clock) -> None:
    given = await keyed(api, name)
    await do(api, name, given)

    async with writing(api.portal.database) as tx:
        await execute(tx, sa.update(users).where(users.c.id == api.user_id).values(role=Role.VIEWER))
    clock.forward(seconds=5)
    query = f"mutation ($input: {input_name(name)}!) {{ {name}(input: $input) {{ __typename }} }}"
    error = await api.error(query, input=given)

    assert error["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.edge
@each_mutation
async def test_a_key_that_can_not_be_kept_is_refused(api: Api, name: str) -> None:
    given = await MUTATIONS[name].given(api)

    for key in ("", " \n", "k" * 256, "k\0", "k\ud800"):
        payload = await api.mutate(name, "__typename", {**given, "idempotencyKey": key})

        (error,) = payload["userErrors"]
        assert (error["code"], error["path"]) == ("INVALID_INPUT", ["idempotencyKey"]), ascii(key)
        assert "the idempotency key" in error["message"].lower()


async def test_a_key_of_255_characters_is_taken(api: Api) -> None:
    given = {**await MUTATIONS["registerClient"].given(api), "idempotencyKey": "ç" * 255}

    assert await do(api, "registerClient", given) == await do(api, "registerClient", given)


async def test_nothing_of_key_or_input_is_kept_in_the_clear(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"cnpj": cnpjs.another(), "name": "Padaria São João", "idempotencyKey": "padaria-2026"}
    recorded = [given["idempotencyKey"].encode()]

    def record(value: object) -> str:
        recorded.append(as_text(value).encode())
        return as_text(value)

    monkeypatch.setattr(mutations, "as_text", record)
    await do(api, "registerClient", given)

    async with reading(api.portal.database) as connection:
        mine = idempotency_keys.c.partner_id == api.partner_id
        kept = await fetch_all(connection, sa.select(idempotency_keys).where(mine))

    assert len(kept) == 1
    # A digest without the secret would be found by trying all numbers.
    tried = {value for each in recorded for value in (each, b"idempotency input\0" + each)}
    hashed = {new(name, value).digest() for name in ("sha256", "blake2s", "sha3_256") for value in tried}
    assert not hashed & {kept[0].key_digest, kept[0].input_digest}
    assert kept[0].input_digest in {api.portal.digest("idempotency input", each) for each in recorded}
    assert not [value for value in given.values() if value in str(kept) or repr(value.encode())[2:-1] in str(kept)]


@pytest.mark.parametrize("outcome", [ApiTokenCreated, PersonInvited, ResetLinkCreated, WebhookCreated])
def test_an_outcome_with_a_secret_is_never_recorded(
    outcome: type[ApiTokenCreated | PersonInvited | ResetLinkCreated | WebhookCreated],
) -> None:
    with pytest.raises(TypeError, match="has a secret"):
        stored(outcome(1, SecretShownOnce("geheim")))
