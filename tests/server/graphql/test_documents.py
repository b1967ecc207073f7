"""Documents that exceed limits or hide what they select."""

import pytest
from graphql import GraphQLField, GraphQLObjectType, get_introspection_query, get_named_type, is_list_type
from graphql.type import GraphQLNonNull

from domain.access import ALL, Permission
from domain.field_permissions import FIELD_PERMISSIONS, PUBLIC_FIELDS
from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import Documents
from server.graphql.limits import DEPTH_MAX, FIELDS_MAX, FRAGMENTS_MAX, TOKENS_MAX
from tests.api import Api
from tests.factories import new_caller
from tests.schema.introspection import GRAPHQL, node_types, object_types


def _doubling(times: int) -> str:
    """Return fragments that each spread the next one twice: a few hundred bytes that select 2^times fields."""
    parts = [f"fragment F{n} on Query{{...F{n + 1} ...F{n + 1}}}" for n in range(times)]
    return "{...F0}" + "".join(parts) + f"fragment F{times} on Query{{__typename}}"


@pytest.mark.parametrize("query", [_doubling(20), _doubling(100)])
async def test_fragments_that_double_are_refused(api: Api, query: str) -> None:
    error = await api.error(query)

    assert error["extensions"]["code"] == "COST_EXCEEDED"


REPEATED = {
    "side by side": "{" + "viewer{role}" * 400 + "}",
    "below each other": "{" + ("viewer{" + "user{name}" * 15 + "}") * 15 + "}",
    "in inline fragments": "{" + "...{viewer{role}}" * 200 + "}",
    "in fragments": "{"
    + "".join(f"...F{n} " for n in range(50))
    + "}"
    + "".join(f"fragment F{n} on Query{{" + "viewer{role}" * 4 + "}" for n in range(50)),
    "under an alias": "{" + "v:viewer{role}" * 400 + "}",
}


@pytest.mark.parametrize("query", REPEATED.values(), ids=REPEATED)
async def test_what_would_have_to_be_compared_with_itself_many_times_is_refused(api: Api, query: str) -> None:
    error = await api.error(query)

    assert error["extensions"]["code"] == "COST_EXCEEDED"
    assert "repeat" in error["message"]


async def test_fragments_that_nest_fields_below_each_other_are_too_deep(api: Api) -> None:
    nest = "movedTo{" * 6
    parts = [f"fragment F{n} on Activation{{{nest}...F{n + 1}{'}' * 6}}}" for n in range(1, 150)]
    query = "{activation(id:0){...F1}}" + "".join(parts) + "fragment F150 on Activation{id}"

    assert (await api.error(query))["extensions"]["code"] == "COST_EXCEEDED"


async def test_a_chain_of_fragments_is_followed_to_its_limit_and_refused_beyond(api: Api) -> None:
    def chain(length: int) -> str:
        parts = [f"fragment F{n} on Query{{...F{n + 1}}}" for n in range(1, length)]
        return "{...F1}" + "".join(parts) + f"fragment F{length} on Query{{__typename}}"

    assert await api.data(chain(FRAGMENTS_MAX)) == {"__typename": "Query"}

    assert (await api.error(chain(FRAGMENTS_MAX + 1)))["extensions"]["code"] == "COST_EXCEEDED"


@pytest.mark.parametrize(
    "query",
    [
        "{activation(id:1){...A}}fragment A on Activation{movedTo{...A} again:movedTo{...A}}",
        "{" + "viewer{...A}" * 400 + "}fragment A on Viewer{role ...A}",
    ],
)
async def test_a_fragment_that_spreads_itself_hides_nothing_from_the_limits(api: Api, query: str) -> None:
    errors = (await api.post(query))["errors"]

    assert {error["extensions"]["code"] for error in errors} == {"BAD_USER_INPUT"}
    assert all("within itself" in error["message"] for error in errors)


async def test_a_field_may_be_repeated_as_programs_do_that_put_documents_together(api: Api) -> None:
    query = "{" + "".join(f"...F{n} " for n in range(30)) + "}"
    query += "".join(f"fragment F{n} on Query{{viewer{{role user{{name}}}}}}" for n in range(30))

    assert (await api.data(query))["viewer"]["user"] == {"name": "Ana"}


async def test_the_introspection_of_every_tool_is_answered(api: Api) -> None:
    query = get_introspection_query(input_value_deprecation=True, directive_is_repeatable=True, specified_by_url=True)

    assert (await api.data(query))["__schema"]["queryType"]["name"] == "Query"


async def test_fields_that_double_below_each_other_are_refused_at_once(api: Api) -> None:
    parts = [f"fragment F{n} on Activation{{a:movedTo{{...F{n + 1}}} b:movedTo{{...F{n + 1}}}}}" for n in range(15)]
    query = "{activations{nodes{...F0}}}" + "".join(parts) + "fragment F15 on Activation{id}"

    assert (await api.error(query))["extensions"]["code"] == "COST_EXCEEDED"


async def test_what_nests_too_deep_is_refused(api: Api) -> None:
    def nested(depth: int) -> str:
        return "{activation(id:0){" + "movedTo{" * (depth - 2) + "id" + "}" * depth

    assert await api.data(nested(DEPTH_MAX)) == {"activation": None}

    assert (await api.error(nested(DEPTH_MAX + 1)))["extensions"]["code"] == "COST_EXCEEDED"


async def test_depth_is_counted_through_fragments(api: Api) -> None:
    parts = [f"fragment F{n} on Activation{{movedTo{{...F{n + 1}}}}}" for n in range(DEPTH_MAX)]
    query = "{activation(id:0){...F0}}" + "".join(parts) + f"fragment F{DEPTH_MAX} on Activation{{id}}"

    assert (await api.error(query))["extensions"]["code"] == "COST_EXCEEDED"


async def test_too_many_fields_are_refused(api: Api) -> None:
    many = "fragment Many on Viewer{" + "".join(f"a{n}:role " for n in range(99)) + "}"
    most = "".join(f"v{n}:viewer{{...Many}}" for n in range(FIELDS_MAX // 100))
    assert len(await api.data(f"{{{most}}} {many}")) == FIELDS_MAX // 100

    error = await api.error(f"{{{most} __typename}} {many}")

    assert error["extensions"]["code"] == "COST_EXCEEDED"


async def test_too_many_tokens_are_refused(api: Api) -> None:
    error = await api.error("{" + "a:id " * TOKENS_MAX + "}")

    assert error["extensions"]["code"] in {"BAD_USER_INPUT", "COST_EXCEEDED"}
    assert error["message"]


@pytest.mark.parametrize(
    "query",
    [
        "{...A} fragment A on Query{...A}",
        "{...A} fragment A on Query{...B} fragment B on Query{...A viewer{role}}",
        "{viewer{user{...A}}} fragment A on User{id ...B} fragment B on User{...A}",
        "{...Nowhere}",
    ],
)
async def test_fragments_that_end_nowhere_are_refused(api: Api, query: str) -> None:
    body = await api.post(query)

    assert "data" not in body
    assert {error["extensions"]["code"] for error in body["errors"]} == {"BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("query A{viewer{role}} query B{viewer{role}}", None),
        ("query A{viewer{role}} query B{viewer{role}}", "C"),
        ("query A{viewer{role}}", "B"),
        ("fragment A on Query{viewer{role}}", None),
    ],
)
async def test_an_operation_that_is_not_there_can_not_be_chosen(api: Api, query: str, name: str | None) -> None:
    headers = {"Authorization": f"Bearer {api.token}"}

    response = await api.http.post("/graphql", json={"query": query, "operationName": name}, headers=headers)

    body = response.json()
    assert "data" not in body
    assert {error["extensions"]["code"] for error in body["errors"]} == {"BAD_USER_INPUT"}


@pytest.mark.parametrize("query", ["{viewer{role}}", "query{viewer{role}}"])
async def test_no_name_chooses_an_operation_without_one(api: Api, query: str) -> None:
    headers = {"Authorization": f"Bearer {api.token}"}

    refused = await api.http.post("/graphql", json={"query": query, "operationName": "Outro"}, headers=headers)
    unnamed = await api.http.post("/graphql", json={"query": query, "operationName": None}, headers=headers)

    (error,) = refused.json()["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "operationName"}
    assert error["message"] == "“operationName” must be left out, because the document's only operation has no name."
    assert unnamed.json()["data"] == {"viewer": {"role": "MANAGER"}}


async def test_each_operation_of_a_document_needs_its_own_permissions_only(api: Api) -> None:
    caller = await new_caller(api.http, api.portal, api.partner_id, chosen=frozenset({Permission.CLIENTS_READ}))
    query = "query A{clients{totalCount}} query B{orders{totalCount}}"
    headers = {"Authorization": f"Bearer {caller.token}"}

    async def ask(name: str) -> object:
        given = {"query": query, "operationName": name}
        return (await caller.http.post("/graphql", json=given, headers=headers)).json()

    assert await ask("A") == {"data": {"clients": {"totalCount": 0}}}
    refused = await ask("B")
    assert isinstance(refused, dict)
    assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingPermissions": ["ORDERS_READ"]}


@pytest.mark.parametrize(
    "query",
    [
        "{clients{totalCount} found:orders{totalCount}}",
        "{clients{totalCount} ...A} fragment A on Query{...B} fragment B on Query{orders{totalCount}}",
        "{clients{totalCount} ...on Query{...{a:orders{totalCount}}}}",
        "{clients{totalCount} orders @include(if:true){totalCount}}",
        "{viewer{partner{priceTable{...on Node{...on PriceTable{items{orderType}}}}}}}",
        "{viewer{partner{...on Node{...A}}}} fragment A on Node{...on Partner{priceTable{a:items{orderType}}}}",
    ],
)
async def test_what_is_hidden_still_needs_its_permission(api: Api, query: str) -> None:
    caller = await new_caller(api.http, api.portal, api.partner_id, chosen=ALL - {Permission.ORDERS_READ})

    body = await caller.post(query)

    assert "data" not in body
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingPermissions": ["ORDERS_READ"]}


def test_only_so_many_documents_are_kept() -> None:
    kept = Documents(GRAPHQL_SCHEMA)
    first = kept.get("{a0:__typename}")
    assert kept.get("{a0:__typename}") is first

    for number in range(1, 1_001):
        kept.get(f"{{a{number}:__typename}}")

    assert kept.get("{a0:__typename}") is not first


def test_a_document_that_is_asked_for_again_stays() -> None:
    kept = Documents(GRAPHQL_SCHEMA)
    first = kept.get("{a0:__typename}")

    for number in range(1, 1_500):
        kept.get(f"{{a{number}:__typename}}")
        assert kept.get("{a0:__typename}") is first


def test_large_documents_are_cached_only_within_the_total_length() -> None:
    kept = Documents(GRAPHQL_SCHEMA)
    texts = [f"{{a{number}:__typename}}" + " " * 90_000 for number in range(12)]
    found = [kept.get(text) for text in texts]

    assert kept.get(texts[-1]) is found[-1]
    assert kept.get(texts[0]) is not found[0]


def test_a_very_long_document_is_not_kept() -> None:
    kept, long = Documents(GRAPHQL_SCHEMA), "{__typename}" + " " * 100_000

    assert kept.get(long) is not kept.get(long)


def test_every_root_field_and_every_to_many_relation_declares_its_permission() -> None:
    # A session needs no permission for itself and its user, and each viewer may know the partners that it sees.
    unguarded = {
        "Query.node",
        "Query.nodes",
        "Query.partner",
        "Query.partners",
        "Mutation.renewSession",
        "Mutation.changePassword",
        # Another user's sessions need one, which its use case asks for.
        "Mutation.signOutEverywhere",
        "Mutation.enrollTotp",
        "Mutation.confirmTotp",
        "Mutation.disableTotp",
        "Mutation.renewRecoveryCodes",
        # A value of the event, which needs one itself.
        "Event.erased",
    } | PUBLIC_FIELDS
    guarded = unguarded | set(FIELD_PERMISSIONS)
    known = set(node_types())

    wanted = {
        f"{each.name}.{name}"
        for each in object_types()
        for name, field in each.fields.items()
        if each.name in {"Query", "Mutation"} or (each.name in {*known, "Viewer"} and _to_many(field))
    }

    assert wanted - guarded == set()
    assert {place for place in FIELD_PERMISSIONS if _missing(place)} == set()


def _to_many(field: GraphQLField) -> bool:
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    named = get_named_type(field.type)
    return isinstance(named, GraphQLObjectType) and (is_list_type(kind) or named.name.endswith("Connection"))


def _missing(place: str) -> bool:
    parent, name = place.split(".")
    found = GRAPHQL.type_map.get(parent)
    # A subscription may be served by a schema that declares so later.
    return parent != "Subscription" and (not isinstance(found, GraphQLObjectType) or name not in found.fields)
