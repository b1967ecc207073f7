"""Cases of schemathesis for every query and mutation: never a 5xx, never INTERNAL, never another partner's data."""

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import schemathesis
from graphql import introspection_from_schema
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes, scalar

from resolvers.portal import Portal
from server.graphql.documents import Documents
from tests.api import Api, serving
from tests.factories import new_caller, new_partner
from tests.schema.introspection import GRAPHQL

CASES = int(os.environ.get("ATTACK_CASES", "150"))
SEED = int(os.environ.get("ATTACK_SEED", "20261127"))
SERVER_ERROR = 500
CONFIDENTIAL = "Sapataria Confidencial"

pytestmark = pytest.mark.edge

scalar("CNPJ", st.sampled_from(["16.727.230/0001-97", "1", "A1.B2C.3D4/0001-00", "ç"]).map(nodes.String))
scalar(
    "DateTime", (st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.text(max_size=9)).map(nodes.String)
)
scalar("Money", (st.decimals(allow_nan=True).map(str) | st.text(max_size=9)).map(nodes.String))

SCHEMA = schemathesis.graphql.from_dict(dict(introspection_from_schema(GRAPHQL)))
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]


@pytest.fixture
async def attacker(portal: Portal, documents: Documents) -> AsyncIterator[Api]:
    """Manager of a partner, on a database that has another partner's confidential client."""
    async with serving(portal, documents) as http:
        other = await new_caller(http, portal, await new_partner(portal, name="Beta"))
        await other.client(name=CONFIDENTIAL)
        yield await new_caller(http, portal, await new_partner(portal))


@seed(SEED)
@settings(
    max_examples=CASES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(case=st.sampled_from(OPERATIONS).flatmap(lambda operation: operation.as_strategy()))
async def test_no_case_fails(attacker: Api, case: schemathesis.Case[Any]) -> None:
    answer = await attacker.http.post(
        "/graphql", json={"query": case.body}, headers={"Authorization": f"Bearer {attacker.token}"}
    )

    assert answer.status_code < SERVER_ERROR, (SEED, case.body)
    assert "INTERNAL" not in answer.text, (SEED, case.body)
    assert CONFIDENTIAL not in answer.text


def test_every_field_of_the_roots_gets_cases() -> None:
    assert GRAPHQL.query_type is not None
    assert GRAPHQL.mutation_type is not None
    fields = [f"Query.{name}" for name in GRAPHQL.query_type.fields]
    fields += [f"Mutation.{name}" for name in GRAPHQL.mutation_type.fields]

    assert sorted(operation.label for operation in OPERATIONS) == sorted(fields)
