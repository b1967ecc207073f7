"""Every package that the portal is delivered with has a licence that was looked at, and so has what only builds it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
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


def _names(lock: str) -> set[str]:
    text = (PROJECT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    return {_canonical(name) for name in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", text, re.MULTILINE)}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _licences() -> dict[str, str]:
    command = [sys.executable, "-m", "piplicenses", "--python", sys.executable, "--from=mixed", "--format=json"]
    found = subprocess.run([*command, "--with-system"], capture_output=True, text=True, check=True)
    return {_canonical(each["Name"]): each["License"] for each in json.loads(found.stdout)}


def _is_allowed(licence: str) -> bool:
    named = re.split(r"\s+(?:OR|AND)\s+|;", licence)
    return licence in ALLOWED or all(each.strip("() ") in ALLOWED for each in named)


def test_each_package_of_python_has_an_allowed_licence() -> None:
    licences = _licences()

    wrong = {name: licence for name, licence in licences.items() if not _is_allowed(licence) and name not in LOOKED_AT}

    assert wrong == {}
    # What is not for this platform is not installed.
    assert len(_names("run") - licences.keys()) <= 3


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.parent.name)
def test_each_package_of_npm_has_an_allowed_licence(lock: Path) -> None:
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]

    licences = {name: str(each.get("license")) for name, each in packages.items() if name}

    assert {name: licence for name, licence in licences.items() if not _is_allowed(licence)} == {}
