"""The audit suite of GraphQL over HTTP, the npm package graphql-http, tests the real server."""

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e import data
from tests.e2e.forks import ROOT
from tests.e2e.node import node_with
from tests.e2e.processes import serving

AUDIT = ROOT / "tests" / "audit"


class Result(NamedTuple):
    """Result of one audit: ok, notice (it MAY be so), warn (it SHOULD be so) or error (it MUST be so)."""

    id: str
    status: str
    name: str
    reason: str | None


@pytest.fixture
def node() -> str:
    return node_with(AUDIT)


def test_the_audit_finds_nothing(node: str, tmp_path: Path) -> None:
    results = _audited(node, tmp_path)

    assert len(results) == 61
    assert [result for result in results if result.status != "ok"] == []


def test_with_the_statuses_of_2026_the_audit_expects_400_instead_of_422(node: str, tmp_path: Path) -> None:
    results = _audited(node, tmp_path, STATUS_CODES="2026")

    assert {(result.id, result.status, result.reason) for result in results if result.status != "ok"} == {
        ("423L", "notice", "Response status code is not 400"),  # There is no query.
        ("86EE", "warn", "Response status code is not 400"),  # A variable can't be coerced.
    }


def _audited(node: str, directory: Path, **settings: str) -> list[Result]:
    # The audits sign in nowhere, and some ask by GET.
    environment = data.migrated(directory, INTROSPECTION="everyone", **settings)
    with serving(environment, directory / "log") as (url, _):
        command = [node, str(AUDIT / "audit.mjs"), f"{url}/graphql"]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60).stdout
    return [Result(**{key: result.get(key) for key in Result._fields}) for result in json.loads(printed)]
