"""Every package that the portal is delivered with has a licence that was looked at, and so has what only builds it."""

import json
import re
from pathlib import Path

import pytest

from tests.supply import sbom
from tests.supply.sbom import PROJECT, Bom

LOCKS = [PROJECT / folder / "package-lock.json" for folder in ("server/graphiql", "tests/audit", "tests/typescript")]

ALLOWED = {
    *("MIT", "MIT License", "MIT-0", "0BSD", "ISC", "ISC License (ISCL)", "PSF-2.0", "Python-2.0"),
    *("Python Software Foundation License", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0"),
    *("Apache-2.0", "Apache Software License", "CC-BY-4.0", "DFSG approved", "CC0-1.0", "Unlicense", "ZPL-2.1"),
    # The Mozilla licence asks for the source of its own files only, which are unchanged here.
    *("MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),
}
"""Licences of packages that may be used, in any combination."""

LOOKED_AT = {
    "python-stdnum": "LGPL 2.1 or later: imported as it is published, so that anyone can replace it",
    "docutils": "mostly in the public domain: it makes the documentation, and is in no part of the product",
    "portal-do-parceiro": "this project",
    "breadth": "this project",
}
"""Packages with another licence, and why they may be used."""


def _is_allowed(licence: str) -> bool:
    named = re.split(r"\s+(?:OR|AND)\s+", licence)
    return licence in ALLOWED or all(each.strip("() ") in ALLOWED for each in named)


@pytest.fixture(scope="module")
def bom() -> Bom:
    """Bill of all that is installed."""
    return sbom.installed()


def test_each_package_of_python_has_an_allowed_licence(bom: Bom) -> None:
    licences = sbom.licences(bom)

    wrong = {
        name: declared
        for name, declared in licences.items()
        if not (declared and all(map(_is_allowed, declared))) and name not in LOOKED_AT
    }

    assert wrong == {}


def test_the_bill_of_the_portal_has_each_package_with_a_licence(bom: Bom) -> None:
    delivered = sbom.delivered(bom)

    licences = sbom.licences(delivered)

    # What is not for this platform is not installed.
    assert sbom.pinned("run", everywhere=True) <= licences.keys() <= sbom.pinned("run") | {"breadth"}
    assert all(licences.values())


def test_the_bill_of_the_portal_says_what_each_package_needs(bom: Bom) -> None:
    delivered = sbom.delivered(bom)

    needed = {sbom.canonical(each["ref"].partition("==")[0]): each["dependsOn"] for each in delivered["dependencies"]}

    names = {each["bom-ref"]: sbom.canonical(each["name"]) for each in delivered["components"]}
    assert {"strawberry-graphql", "starlette", "breadth"} <= {names[each] for each in needed["root-component"]}
    assert "anyio" in {names[each] for each in needed["starlette"]}


def test_the_list_of_licences_has_each_package_of_each_bill(tmp_path: Path) -> None:
    graphiql = {"components": [{"name": "monaco", "version": "1", "licenses": [{"license": {"id": "MIT"}}]}]}
    (tmp_path / "graphiql.cdx.json").write_text(json.dumps(graphiql))

    sbom.main(tmp_path)

    lines = (tmp_path / "licences.txt").read_text().splitlines()
    assert "monaco 1: MIT" in lines
    bom = json.loads((tmp_path / "portal.cdx.json").read_text())
    assert len(lines) == len(bom["components"]) + 1
    assert "file:" not in json.dumps(bom)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.parent.name)
def test_each_package_of_npm_has_an_allowed_licence(lock: Path) -> None:
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]

    licences = {name: str(each.get("license")) for name, each in packages.items() if name}

    assert {name: licence for name, licence in licences.items() if not _is_allowed(licence)} == {}
