"""Permission of each field: for each role, without a token, and for a token that lacks one permission."""

import pytest
from graphql import get_named_type

from domain.access import ALL, ROLE_PERMISSIONS, VENDOR_ROLES, Permission, Role
from domain.field_permissions import FIELD_PERMISSIONS, NODE_PERMISSIONS, PUBLIC_FIELDS
from tests import cnpjs
from tests.api import Api
from tests.factories import new_caller
from tests.schema.introspection import call, field_of, operation, root_fields, way_to

GUARDED = [field for field in FIELD_PERMISSIONS if field.startswith(("Query.", "Mutation."))]
WITHIN = [field for field in FIELD_PERMISSIONS if field not in GUARDED and not field.startswith("Subscription.")]
PRIVATE = [field for field in root_fields() if field not in PUBLIC_FIELDS]


@pytest.mark.parametrize("role", [role for role in Role if role not in VENDOR_ROLES])
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
    parent, _ = field.split(".")
    needed = FIELD_PERMISSIONS[field]
    mine = ROLE_PERMISSIONS[Role.MANAGER] - {needed}
    way = way_to(parent, {path for path, permission in FIELD_PERMISSIONS.items() if permission not in mine})
    asked = f"{call(field)} {{ __typename }}"
    caller = await new_caller(api.http, api.portal, api.partner_id, chosen=ALL - {needed})
    through_fragments = f"{way.replace('#', '... { ...Asked }')} fragment Asked on {parent} {{ {asked} }}"

    for query in (way.replace("#", asked), through_fragments):
        body = await caller.post(query)

        (error,) = body["errors"]
        assert error["extensions"] == {"code": "FORBIDDEN", "missingPermissions": [needed.value]}
        assert "data" not in body
        assert "errors" not in await api.post(query)
    assert "errors" not in await caller.post(way.replace("#", "__typename"))


def _permission_of_objects(field: str) -> Permission | None:
    parent, _ = field.split(".")
    shown = get_named_type(field_of(field).type).name.removesuffix("Connection")
    like = {
        "QuoteOrderPayload": "Order",
        "AuditChain": "Event",
        "OrdersTotal": "Order",
        "PartnerContact": "User",
        "PriceDifference": "PriceTable",
    }.get(shown, shown)

    of_node = NODE_PERMISSIONS.get(like, NODE_PERMISSIONS.get(parent.removesuffix("Version")))

    # A user is shown beside what they did; the lists of all users and contacts are for those who may read users.
    of_lists = {"User": Permission.USERS_READ, "TrustedDocument": Permission.DOCUMENTS_MANAGE}
    return of_lists.get(like, of_node)


def test_a_field_requires_the_permission_of_its_objects_or_their_parent() -> None:
    required = {field: each for field, each in FIELD_PERMISSIONS.items() if not field.startswith("Mutation.")}

    assert required == {field: _permission_of_objects(field) for field in required}


@pytest.mark.edge
@pytest.mark.parametrize("field", PRIVATE)
async def test_without_a_token_no_field_answers_but_the_public_ones(anonymous: Api, field: str) -> None:
    body = await anonymous.post(operation(field))

    assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"]
    assert "data" not in body


async def test_nothing_runs_where_one_field_of_several_is_forbidden(api: Api) -> None:
    operator = await new_caller(api.http, api.portal, api.partner_id, role=Role.OPERATOR)
    allowed = call("Mutation.registerClient", {"input.cnpj": f'"{cnpjs.another()}"'})
    forbidden = call("Mutation.approveOrder")
    errors = "{ userErrors { code } }"

    error = await operator.error(f"mutation {{ {allowed} {errors} {forbidden} {errors} }}")

    assert error["extensions"]["missingPermissions"] == ["ORDERS_APPROVE"]
    assert (await api.data("{ clients { totalCount } }"))["clients"]["totalCount"] == 0


async def test_without_a_token_the_viewer_is_null(anonymous: Api) -> None:
    assert await anonymous.data("{ __typename viewer { role } }") == {"__typename": "Query", "viewer": None}
