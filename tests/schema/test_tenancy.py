"""Another partner's ids answer exactly as ids that do not exist."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import NamedTuple

import httpx
import pytest

from db.engine import Database
from resolvers import ids
from resolvers.portal import Portal
from server.graphql.documents import Documents
from tests.api import Api, Json, serving
from tests.factories import new_caller, new_partner, new_product, with_tokens
from tests.schema.introspection import call, id_arguments, input_name, outline, type_of_id
from tests.schema.lists import Ids, absent, one_of_each
from tests.schema.recipes import EXPORTS, MUTATIONS, OF_VENDOR, SESSIONS
from tests.statements import every_statement

pytestmark = pytest.mark.walled

_FORBIDDEN = tuple(f"Mutation.{name}(" for name in (*OF_VENDOR, *SESSIONS, *EXPORTS))
_OF_FILTERS = tuple(f"Mutation.{name}Webhook(input.filter." for name in ("create", "update"))
"""Filters of webhooks find nothing when they are saved; `test_sending.py` shows that they send nothing of others."""
_ELSEWHERE = ("Subscription.", *_FORBIDDEN, *_OF_FILTERS)
PLACES = sorted(place for place in id_arguments() if not place.startswith(_ELSEWHERE))
"""Where a caller can give an id: a field, and the path of the argument."""

NOTHING_TO_FIND = {
    *("Query.clientByCnpj(partnerId)", "Query.priceTableDiff(priceTableId)"),
    *("Query.activations(filter.cancelledById)", "Mutation.cancelActivations(input.filter.cancelledById)"),
    *(f"Query.events(filter.{name})" for name in ("userId", "priceTableId", "productId")),
}
"""Places whose field also finds nothing with the partner's own id.

`call` names no client, drafts are not shown, and `one_of_each` cancels nothing, and changes no user, price or product.
"""

REFUSED = {"Query.priceTable(partnerId)"}
"""Places whose field is not null: an unknown id is an error of the request."""

_OF_THE_MOMENT = {"x-request-id", "date", "ratelimit"}
"""Headers that are others in each answer.

`RateLimit` counts down. How many points a request spends depends on its document and variables, which are the same but
for the id, and on the objects in its body, which is compared.
"""

Ask = Callable[[str], Awaitable[Json]]
"""Send a request with an id in the place, and return the body of its answer."""


def _shared(place: str) -> bool:
    """Whether all partners may name the same object: the vendor's products, which may have a price for only some."""
    return type_of_id(place) == "Product" and "(input." in place


class Owner(NamedTuple):
    """Partner with one object of each type, and their ids."""

    api: Api
    ids: Ids


async def _owner(http: httpx.AsyncClient, portal: Portal) -> Owner:
    api = await new_caller(http, portal, await new_partner(portal))
    return Owner(api, await one_of_each(api))


async def _asked(api: Api, place: str, queried: Ids) -> tuple[Ask, str]:
    """Return how to ask with an id in the place, and an id of the partner that it fits: for queries, a given one."""
    field, _, path = place.rstrip(")").partition("(")
    if field.startswith("Query."):
        query = f"query ($id: ID!) {{ {call(field, {path: '$id'})} {outline(field)} }}"
        return lambda given: api.post(query, id=given), queried[type_of_id(place)]
    name = field.removeprefix("Mutation.")
    recipe = MUTATIONS[name]
    errors = "userErrors { __typename code message path }"
    mutation = f"mutation ($input: {input_name(name)}!) {{ {name}(input: $input) {{ {recipe.selection} {errors} }} }}"
    _, *keys = path.split(".")
    if keys[0] == "filter":
        chosen = (await one_of_each(api))[type_of_id(place)]
        by_filter = {"filter": {keys[1]: chosen}, "expectedCount": 1}
        return lambda id_: api.post(mutation, input=_replaced(by_filter, keys, id_)), chosen
    given = await recipe.given(api)
    if keys == ["partnerId"]:
        given = {**given, "partnerId": ids.encode("Partner", api.partner_id)}
    own, *_ = _values(given, keys)
    return lambda id_: api.post(mutation, input=_replaced(given, keys, id_)), own


def _values(given: object, keys: list[str]) -> list[str]:
    if isinstance(given, list):
        return [value for each in given for value in _values(each, keys)]
    return _values(given[keys[0]], keys[1:]) if isinstance(given, Mapping) else [str(given)]


def _replaced(given: object, keys: list[str], value: str) -> object:
    """Return the input with another value at a path, which may go through lists."""
    if isinstance(given, list):
        return [_replaced(each, keys, value) for each in given]
    if isinstance(given, Mapping):
        return {**given, keys[0]: _replaced(given[keys[0]], keys[1:], value)}
    return value


class Exchange(NamedTuple):
    """All that a caller can learn from an answer, and the statements that it took, which its time depends on."""

    status: int
    headers: dict[str, str]
    content: bytes
    body: Json
    statements: list[str]


async def _exchange(api: Api, ask: Ask, given: str) -> Exchange:
    """Ask with an id, and return everything about the answer that does not depend on the moment."""
    seen: list[httpx.Response] = []

    async def keep(response: httpx.Response) -> None:
        await response.aread()
        seen.append(response)

    hooks = api.http.event_hooks
    api.http.event_hooks = {"response": [keep]}
    try:
        with every_statement(api.portal.database) as sent:
            body = await ask(given)
    finally:
        api.http.event_hooks = hooks
    (response,) = seen
    headers = {name: value for name, value in response.headers.items() if name not in _OF_THE_MOMENT}
    # The viewer of a token is remembered for a few seconds, whatever is asked for.
    asked = [statement for statement in sent if "tokens.digest" not in statement]
    return Exchange(response.status_code, headers, response.content, body, asked)


@pytest.fixture(scope="module")
async def foreign(database: Database, documents: Documents) -> AsyncIterator[Owner]:
    """Another partner, which no test changes."""
    portal = Portal(database, secret=b"s" * 32)
    async with serving(portal, documents) as http:
        yield await _owner(http, portal)


@pytest.fixture(scope="module")
async def own(database: Database, documents: Documents) -> AsyncIterator[Owner]:
    """Partner of the callers, which mutations do not change."""
    portal = Portal(database, secret=b"s" * 32)
    async with serving(portal, documents) as http:
        yield await _owner(http, portal)


@pytest.mark.parametrize("place", PLACES)
async def test_another_partners_id_answers_as_one_that_nothing_has(
    api: Api, own: Owner, foreign: Owner, place: str
) -> None:
    caller = own.api if place.startswith("Query.") else api
    answer, id_ = await _asked(caller, place, own.ids)
    type_name, before = type_of_id(place), await _state(foreign.api)
    foreign_id = foreign.ids[type_name]

    nothing = await answer(absent(type_name, caller.partner_id))

    exchanges = [await _exchange(caller, answer, given) for given in (absent(type_name, caller.partner_id), foreign_id)]
    assert _shared(place) or exchanges[0] == exchanges[1]
    assert _shared(place) or exchanges[1].body == nothing
    assert await answer("nonsense") == nothing
    assert await answer(foreign.ids["User"]) == nothing
    assert ("errors" in nothing) is (place in REFUSED)
    assert await _state(foreign.api) == before
    found = await answer(id_)
    assert "errors" not in found
    assert place in NOTHING_TO_FIND or found != nothing


async def test_lists_and_counts_show_nothing_of_another_partner(api: Api, other_api: Api) -> None:
    await one_of_each(other_api)
    await with_tokens(api, 1)

    found = await api.data("""{ clients(filter: { status: null }) { totalCount nodes { id } }
        activations { totalCount nodes { id } } orders { totalCount nodes { id } }
        events { totalCount nodes { id } } licenseStock { id } viewer { apiTokens { name } } }""")

    empty = {"totalCount": 0, "nodes": []}
    assert found.pop("viewer") == {"apiTokens": [{"name": "test"}]}
    assert found == {"clients": empty, "activations": empty, "orders": empty, "events": empty, "licenseStock": []}


async def test_numbers_of_another_partner_find_nothing(api: Api, other_api: Api) -> None:
    foreign = await one_of_each(other_api)
    seen = await _details(other_api, foreign)
    query = """query ($cnpj: CNPJ!, $text: String!, $code: String!, $key: String!) {
        orderByNumber(number: 1) { id } clientByCnpj(cnpj: $cnpj) { id }
        clients(filter: { cnpj: $text }) { totalCount } found: clients(filter: { search: $text }) { totalCount }
        byCode: activations(filter: { authorizationCode: $code }) { totalCount }
        byKey: activations(filter: { activationKey: $key }) { totalCount }
        byCnpj: activations(filter: { cnpj: $text }) { totalCount }
        bySearch: activations(filter: { search: $key }) { totalCount } }"""
    given = {"cnpj": seen["client"]["cnpj"], "text": seen["client"]["cnpj"]}
    given |= {"code": seen["authorizationCode"], "key": seen["activationKey"]}

    theirs, ours = await other_api.data(query, **given), await api.data(query, **given)

    assert all(theirs.values())
    assert ours.pop("orderByNumber") is ours.pop("clientByCnpj") is None
    assert all(found == {"totalCount": 0} for found in ours.values())
    assert all(theirs[name] == {"totalCount": 1} for name in ours)


async def test_partners_can_have_the_same_client_and_the_same_key(api: Api, other_api: Api) -> None:
    foreign = await one_of_each(other_api)
    seen = await _details(other_api, foreign)
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 1)

    client = await api.client(cnpj=seen["client"]["cnpj"])

    assert await api.activation(client, product, activationKey=seen["activationKey"])


async def _details(api: Api, objects: Ids) -> Json:
    query = "query ($id: ID!) { activation(id: $id) { activationKey authorizationCode client { cnpj } } }"
    return (await api.data(query, id=objects["Activation"]))["activation"]


async def _state(api: Api) -> Json:
    return await api.data("""{ clients { nodes { name status } } activations { nodes { status client { id } } }
        orders { nodes { status } } events { totalCount } licenseStock { purchased activated }
        viewer { apiTokens { revokedAt } } }""")
