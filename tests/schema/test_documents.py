"""Trusted documents by the API: what the vendor's administrators list, register and remove."""

import json
from asyncio import gather
from collections.abc import Mapping
from uuid import uuid4

import pytest

from db import documents as statements
from domain.access import Role
from domain.documents import Inspection
from resolvers import documents, ids
from tests import units
from tests.api import Api, Json
from tests.factories import new_caller
from tests.resolvers.test_races import raced
from tests.schema.recipes import OF_DOCUMENTS
from tests.statements import reading

LIST = """query ($filter: TrustedDocumentFilter) { trustedDocuments(filter: $filter, first: 100) {
    nodes { id text registeredAt operations errors } } }"""
COUNTS = "registeredCount alreadyRegisteredCount"
ROLE = "query Role { viewer { role } }"


async def _registered(vendor: Api, texts: Mapping[str, str]) -> Json:
    return await vendor.mutate("registerDocuments", COUNTS, {"manifest": json.dumps(texts)})


async def _listed(vendor: Api, beginning: str) -> Json:
    return (await vendor.data(LIST, filter={"idBeginsWith": beginning}))["trustedDocuments"]["nodes"]


async def _types(vendor: Api) -> list[str]:
    query = "query ($id: ID!) { events(filter: { partnerId: $id }, last: 2) { nodes { type } } }"
    found = await vendor.data(query, id=ids.encode("Partner", vendor.partner_id))
    return [node["type"] for node in found["events"]["nodes"]]


async def test_registrations_at_once_keep_to_the_limit(vendor: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async with units.reading(vendor.portal.database) as connection:
        there = (await statements.extent(connection)).documents
    monkeypatch.setattr(documents, "DOCUMENTS_MAX", there + 1)
    first, second = ({f"x-{uuid4().hex}:a": ROLE} for _ in range(2))

    refused = await raced(
        vendor,
        documents.register_documents,
        documents.RegisterDocuments(first),
        vendor.codes("registerDocuments", {"manifest": json.dumps(second)}),
    )

    assert refused == ["INVALID_INPUT"]


async def test_a_manifest_is_registered_run_listed_and_removed(vendor: Api) -> None:
    prefix = f"x-{uuid4().hex}:"
    texts = {f"{prefix}a": ROLE, f"{prefix}b": "{ viewer { role } }"}

    first, again = [await _registered(vendor, texts) for _ in range(2)]
    listed = await _listed(vendor, prefix)
    ran = await vendor.http.post(
        "/graphql", json={"documentId": f"{prefix}a"}, headers={"Authorization": f"Bearer {vendor.token}"}
    )
    removed = await vendor.mutate("removeDocuments", "removedCount", {"ids": [f"{prefix}a", f"{prefix}b"]})

    assert [(each["registeredCount"], each["alreadyRegisteredCount"]) for each in (first, again)] == [(2, 0), (0, 2)]
    assert [(each["id"], each["text"], each["operations"], each["errors"]) for each in listed] == [
        (f"{prefix}a", ROLE, ["Role"], []),
        (f"{prefix}b", "{ viewer { role } }", [], []),
    ]
    assert ran.json() == {"data": {"viewer": {"role": "VENDOR_ADMIN"}}}
    assert removed == {"removedCount": 2, "userErrors": []}
    assert await _listed(vendor, prefix) == []
    assert await _types(vendor) == ["DOCUMENTS_REGISTERED", "DOCUMENTS_REMOVED"]


async def test_a_list_inspects_each_document_once(vendor: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix, inspected = f"x-{uuid4().hex}:", list[str]()
    texts = {f"{prefix}{name}": f"query {name} {{ viewer {{ role }} }}" for name in "AB"}
    await _registered(vendor, texts)
    inspect = vendor.portal.inspect
    assert inspect is not None

    def counted(text: str) -> Inspection:
        inspected.append(text)
        return inspect(text)

    monkeypatch.setattr(vendor.portal, "inspect", counted)
    listed = await _listed(vendor, prefix)

    assert [(each["operations"], each["errors"]) for each in listed] == [(["A"], []), (["B"], [])]
    assert sorted(inspected) == sorted(texts.values())


async def test_one_invalid_document_keeps_all_of_a_manifest_out(vendor: Api) -> None:
    prefix = f"x-{uuid4().hex}:"
    bad = {f"{prefix}good": ROLE, f"{prefix}unknown": "{ nothing }", "\x1b[2J": ROLE}

    refused = await _registered(vendor, bad)

    messages = [error["message"] for error in refused["userErrors"]]
    assert messages[0] == f"Document {prefix}unknown: Cannot query field 'nothing' on type 'Query' (at 1:3)."
    assert messages[1].startswith("Document '\\x1b[2J': an id is")
    assert {tuple(error["path"]) for error in refused["userErrors"]} == {("manifest",)}
    assert refused["registeredCount"] is None
    assert await _listed(vendor, prefix) == []


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{}", '{"a": 1}', '{"operations": []}', json.dumps({f"a{n}": "{" for n in range(1_001)})]
)
async def test_what_is_no_manifest_is_refused(vendor: Api, manifest: str) -> None:
    refused = await vendor.mutate("registerDocuments", COUNTS, {"manifest": manifest})

    assert [(error["code"], error["path"]) for error in refused["userErrors"]] == [("INVALID_INPUT", ["manifest"])]


async def test_of_two_texts_for_one_id_at_once_one_is_registered(vendor: Api) -> None:
    document_id = f"x-{uuid4().hex}:a"

    both = await gather(*(_registered(vendor, {document_id: text}) for text in (ROLE, "{ viewer { role } }")))

    codes = [[error["code"] for error in each["userErrors"]] for each in both]
    assert sorted(codes) == [[], ["DOCUMENT_ID_IN_USE"]]
    assert len(await _listed(vendor, document_id)) == 1


@pytest.mark.parametrize("unknown", ["x-test:unknown", "a\0", "\ud800"], ids=ascii)
async def test_an_unknown_id_keeps_all_documents_registered(vendor: Api, unknown: str) -> None:
    document_id = f"x-{uuid4().hex}:a"
    await _registered(vendor, {document_id: ROLE})

    refused = await vendor.mutate("removeDocuments", "removedCount", {"ids": [document_id, unknown]})

    assert [(error["code"], error["path"]) for error in refused["userErrors"]] == [("NOT_FOUND", ["ids", "1"])]
    assert len(await _listed(vendor, document_id)) == 1


@pytest.mark.parametrize("name", sorted(OF_DOCUMENTS))
async def test_only_the_vendor_s_administrators_manage_documents(vendor: Api, api: Api, name: str) -> None:
    query = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ __typename }} }}"
    sales = await new_caller(vendor.http, vendor.portal, vendor.partner_id, role=Role.VENDOR_SALES)

    for caller in (api, sales):
        for error in (await caller.error(query, input=OF_DOCUMENTS[name]), await caller.error(LIST)):
            assert error["extensions"] == {"code": "FORBIDDEN", "missingPermissions": ["DOCUMENTS_MANAGE"]}
    assert await vendor.codes(name, OF_DOCUMENTS[name]) == []


@pytest.mark.usefixtures("clock")
async def test_many_documents_are_listed_by_as_few_statements_as_one(vendor: Api) -> None:
    prefix, counted = f"x-{uuid4().hex}:", []
    for number in (1, 30):
        await _registered(vendor, {f"{prefix}{each}": ROLE for each in range(number)})
        with reading(vendor.portal.database) as statements:
            assert len(await _listed(vendor, prefix)) == number
        counted.append(len(statements))

    assert len(set(counted)) == 1
