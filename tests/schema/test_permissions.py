"""Permission of each field: for each role, without a token, and for a token that lacks one permission."""

import pytest
from graphql import GraphQLObjectType, get_named_type

from domain.access import ALL, FIELD_PERMISSIONS, NODE_PERMISSIONS, PUBLIC_FIELDS, ROLE_PERMISSIONS, Role
from schema.root import schema
from tests.api import Api
from tests.factories import new_caller
from tests.schema.worlds import GRAPHQL

NOTHING = '"nothing"'
ITEMS = 'type: PURCHASE, items: [{productId: "nothing", quantity: 1}]'
RECIPES = {
    "Query.client": f"{{ client(id: {NOTHING}) {{ id }} }}",
    "Query.clientByCnpj": '{ clientByCnpj(cnpj: "16.727.230/0001-97") { id } }',
    "Query.clients": "{ clients { totalCount } }",
    "Query.activation": f"{{ activation(id: {NOTHING}) {{ id }} }}",
    "Query.activations": "{ activations { totalCount } }",
    "Query.licenseStock": "{ licenseStock { id } }",
    "Query.order": f"{{ order(id: {NOTHING}) {{ id }} }}",
    "Query.orderByNumber": "{ orderByNumber(number: 1) { id } }",
    "Query.orders": "{ orders { totalCount } }",
    "Query.products": "{ products { id } }",
    "Query.priceTable": "{ priceTable { id } }",
    "Query.quoteOrder": f"{{ quoteOrder(input: {{{ITEMS}}}) {{ userErrors {{ code }} }} }}",
    "Query.events": "{ events { totalCount } }",
    "Mutation.registerClient": 'registerClient(input: {cnpj: "16.727.230/0001-97", name: "Padaria"})',
    "Mutation.updateClient": f"updateClient(input: {{clientId: {NOTHING}}})",
    "Mutation.cancelClient": f"cancelClient(input: {{clientId: {NOTHING}}})",
    "Mutation.activateLicense": (
        f'activateLicense(input: {{clientId: {NOTHING}, productId: {NOTHING}, activationKey: "KEY-1"}})'
    ),
    "Mutation.cancelActivation": f"cancelActivation(input: {{activationId: {NOTHING}}})",
    "Mutation.moveActivation": (
        f'moveActivation(input: {{activationId: {NOTHING}, toClientId: {NOTHING}, activationKey: "KEY-1"}})'
    ),
    "Mutation.createOrder": f"createOrder(input: {{{ITEMS}}})",
    "Mutation.cancelOrder": f"cancelOrder(input: {{orderId: {NOTHING}}})",
    "Mutation.approveOrder": f"approveOrder(input: {{orderId: {NOTHING}}})",
    "Mutation.createApiToken": 'createApiToken(input: {name: "Script", permissions: [ORDERS_READ]})',
    "Mutation.revokeApiToken": f"revokeApiToken(input: {{apiTokenId: {NOTHING}}})",
}
"""Operation for each root field that requires a permission."""

RELATIONS = {
    "Client.activations": ("{ clients { nodes { # } } }", "activations { totalCount }"),
    "CancelClientPayload.cancelledActivations": (
        f"mutation {{ cancelClient(input: {{clientId: {NOTHING}}}) {{ # }} }}",
        "cancelledActivations { id }",
    ),
    "LicenseStock.movements": (
        f"mutation {{ approveOrder(input: {{orderId: {NOTHING}}}) {{ licenseStock {{ # }} }} }}",
        "movements { totalCount }",
    ),
    "Order.items": ("{ events { nodes { order { # } } } }", "items { id }"),
    "PriceTable.items": ("{ viewer { partner { priceTable { # } } } }", "items { orderType }"),
    "Viewer.apiTokens": ("{ viewer { # } }", "apiTokens { id }"),
}
"""Operation for each other field that requires a permission, on whose path no other field does; and its selection."""

ANY = {
    "Mutation.renewSession": "renewSession",
    "Query.node": f"{{ node(id: {NOTHING}) {{ id }} }}",
    "Query.nodes": f"{{ nodes(ids: [{NOTHING}]) {{ id }} }}",
}
"""Operation for each root field that needs a token, and no permission of its own."""


def root_fields() -> list[str]:
    """Return every field of Query and Mutation, by introspection."""
    asked = schema.execute_sync("{ __schema { types { name fields { name } } } }").data
    assert asked is not None
    types = {each["name"]: each["fields"] for each in asked["__schema"]["types"]}
    return [f"{root}.{field['name']}" for root in ("Query", "Mutation") for field in types[root]]


def operation(field: str) -> str:
    """Return the operation that selects the field."""
    recipe = (RECIPES | ANY)[field]
    return f"mutation {{ {recipe} {{ userErrors {{ code }} }} }}" if field.startswith("Mutation.") else recipe


GUARDED = [field for field in FIELD_PERMISSIONS if field.startswith(("Query.", "Mutation."))]
WITHIN = [field for field in FIELD_PERMISSIONS if field not in GUARDED]
PRIVATE = [field for field in root_fields() if field not in PUBLIC_FIELDS]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("field", GUARDED)
async def test_a_role_may_ask_for_a_field_or_hears_what_is_missing(api: Api, field: str, role: Role) -> None:
    caller = await new_caller(api.http, api.portal, api.partner_id, role=role)
    needed = FIELD_PERMISSIONS[field]

    body = await caller.post(operation(field))

    if needed in ROLE_PERMISSIONS[role]:
        assert "errors" not in body
    else:
        (error,) = body["errors"]
        assert error["extensions"] == {"code": "FORBIDDEN", "missingPermissions": [needed.value]}
        assert "data" not in body
        assert (await api.data("{ events { totalCount } }"))["events"]["totalCount"] == 0


@pytest.mark.parametrize("field", WITHIN)
async def test_a_relation_is_forbidden_to_a_token_that_may_do_all_else(api: Api, field: str) -> None:
    way, asked = RELATIONS[field]
    parent, _ = field.split(".")
    needed = FIELD_PERMISSIONS[field]
    caller = await new_caller(api.http, api.portal, api.partner_id, chosen=ALL - {needed})
    through_fragments = f"{way.replace('#', '... { ...Asked }')} fragment Asked on {parent} {{ {asked} }}"

    for query in (way.replace("#", asked), through_fragments):
        body = await caller.post(query)

        (error,) = body["errors"]
        assert error["extensions"] == {"code": "FORBIDDEN", "missingPermissions": [needed.value]}
        assert "data" not in body
        assert "errors" not in await api.post(query)
    assert "errors" not in await caller.post(way.replace("#", "__typename"))


@pytest.mark.parametrize("field", [field for field in FIELD_PERMISSIONS if not field.startswith("Mutation.")])
def test_a_field_requires_the_permission_of_its_objects_or_their_parent(field: str) -> None:
    parent, name = field.split(".")
    found = GRAPHQL.type_map[parent]
    assert isinstance(found, GraphQLObjectType)
    shown = get_named_type(found.fields[name].type).name.removesuffix("Connection")

    of_node = NODE_PERMISSIONS.get({"QuoteOrderPayload": "Order"}.get(shown, shown), NODE_PERMISSIONS.get(parent))

    assert FIELD_PERMISSIONS[field] == of_node


@pytest.mark.parametrize("field", PRIVATE)
async def test_without_a_token_no_field_answers_but_the_public_ones(anonymous: Api, field: str) -> None:
    body = await anonymous.post(operation(field))

    assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"]
    assert "data" not in body


async def test_nothing_runs_where_one_field_of_several_is_forbidden(api: Api) -> None:
    operator = await new_caller(api.http, api.portal, api.partner_id, role=Role.OPERATOR)
    allowed, forbidden = RECIPES["Mutation.registerClient"], RECIPES["Mutation.approveOrder"]
    errors = "{ userErrors { code } }"

    error = await operator.error(f"mutation {{ {allowed} {errors} {forbidden} {errors} }}")

    assert error["extensions"]["missingPermissions"] == ["ORDERS_APPROVE"]
    assert (await api.data("{ clients { totalCount } }"))["clients"]["totalCount"] == 0


async def test_without_a_token_the_viewer_is_null_and_introspection_works(anonymous: Api) -> None:
    data = await anonymous.data("{ __typename viewer { role } __schema { queryType { name } } }")

    assert data == {"__typename": "Query", "viewer": None, "__schema": {"queryType": {"name": "Query"}}}
