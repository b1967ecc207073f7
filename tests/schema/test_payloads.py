"""A payload has each object that its mutation changed, so that a client's cache needs no other query."""

from collections.abc import Iterator
from functools import cache

import pytest
from graphql import GraphQLNamedType, GraphQLObjectType, get_named_type

from resolvers import ids
from tests.api import Api, Json
from tests.schema.introspection import GRAPHQL, node_types, payload_of
from tests.schema.recipes import MUTATIONS, UNSEEN

_IMMUTABLE = {"Event", "StockMovement"}
"""Types whose objects never change: new ones are found in their lists."""

_BELOW = 2
"""Depth of relations below the object of a payload: `activation { client { … } }`."""

_RESULTS = 1
"""How much deeper the objects of a bulk mutation are: `results { activation { client { … } } }`."""

_FOUND = """{ clients(first: 100, filter: { status: null }) { nodes { id } } activations(first: 100) { nodes { id } }
    orders(first: 100) { nodes { id items { id } } } licenseStock { id } products { id } priceTable { id }
    users(first: 100) { nodes { id } } invitations(first: 100) { nodes { id } }
    webhooks(first: 20) { nodes { id deliveries(first: 20) { nodes { id } } } }
    viewer { partner { id } apiTokens { id } } }"""


_NODES_MAX = 100


@pytest.mark.parametrize("name", [name for name in MUTATIONS if name not in UNSEEN])
async def test_a_payload_shows_what_was_changed_as_it_is_now(api: Api, name: str) -> None:
    given = await MUTATIONS[name].given(api)
    before = await _objects(api)

    below = _BELOW + (_RESULTS if "results" in payload_of(name).fields else 0)
    payload = await api.done(name, _selection(payload_of(name), below), given)

    after = await _objects(api)
    changed = {
        key: {field: value for field, value in after[key].items() if before.get(key, {}).get(field) != value}
        for key in after
        if after[key] != before.get(key)
    }
    assert changed
    shown = dict(_shown(payload))
    assert {key: _among(shown.get(key, {}), fields) for key, fields in changed.items()} == changed


async def _objects(api: Api) -> dict[str, Json]:
    """Return every object of the partner that can change, by id."""
    by_type: dict[str, list[str]] = {name: [] for name in node_types() if name not in _IMMUTABLE}
    for key, _ in _shown(await api.data(_FOUND)):
        found = ids.decode(key)
        assert found is not None
        by_type[found.type].append(key)
    objects = {}
    for start in range(0, max(map(len, by_type.values())), _NODES_MAX):
        chosen = {name: keys[start : start + _NODES_MAX] for name, keys in by_type.items()}
        for nodes in (await api.data(_every_type(), **chosen)).values():
            objects.update({node["id"]: node for node in nodes})
    return objects


@cache
def _every_type() -> str:
    """Return the query of all objects with some ids of each type."""
    names = [name for name in node_types() if name not in _IMMUTABLE]
    asked = [
        f"{name}: nodes(ids: ${name}) {{ ... on {name} {{ {_selection(GRAPHQL.type_map[name], 0)} }} }}"
        for name in names
    ]
    return f"query ({', '.join(f'${name}: [ID!]!' for name in names)}) {{ {' '.join(asked)} }}"


def _selection(of: GraphQLNamedType, below: int) -> str:
    """Select every leaf of a type, and related objects to this depth; below, only their ids."""
    assert isinstance(of, GraphQLObjectType)
    chosen = []
    for name, field in of.fields.items():
        named = get_named_type(field.type)
        if field.args or name == "userErrors":
            continue
        if not isinstance(named, GraphQLObjectType):
            chosen.append(name)
        elif below > 0 or "id" in named.fields:
            chosen.append(f"{name} {{ {_selection(named, below - 1) if below > 0 else 'id'} }}")
    return " ".join(chosen)


def _shown(answer: Json) -> Iterator[tuple[str, Json]]:
    """Yield every object of an answer with its id, the ones with most fields last."""
    yield from sorted(_objects_in(answer), key=lambda found: len(found[1]))


def _objects_in(answer: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(answer, list):
        for each in answer:
            yield from _objects_in(each)
    elif isinstance(answer, dict):
        if "id" in answer:
            yield answer["id"], answer
        for each in answer.values():
            yield from _objects_in(each)


def _among(shown: Json, fields: Json) -> Json:
    """Return those fields of the answer's objects, with ids in place of other objects."""
    return {field: _reference(shown[field]) for field in fields if field in shown}


def _reference(value: Json) -> Json:
    if isinstance(value, list):
        return [_reference(each) for each in value]
    return {"id": value["id"]} if isinstance(value, dict) and "id" in value else value
