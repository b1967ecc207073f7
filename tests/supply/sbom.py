"""`make sbom`: writes what the portal is made of (CycloneDX), and its licences, from what is installed."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

PROJECT = Path(__file__).parents[2]

Bom: TypeAlias = dict[str, Any]
"""Bill of materials, as JSON."""

_OWN = "breadth"
"""Package of this repository, which no lock names."""

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==[^ ]+( ;)?", re.MULTILINE)
_CLASSIFIER = "License :: OSI Approved"


def pinned(lock: str, *, everywhere: bool = False) -> set[str]:
    """Return the names that a lock pins; if asked, without those of some platforms only."""
    text = (PROJECT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    return {canonical(name) for name, condition in _PINNED.findall(text) if not (everywhere and condition)}


def canonical(name: str) -> str:
    """Return the form of a package's name by which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> Bom:
    """Return the bill of all packages of this environment, with those that each needs."""
    # Its own check of what it writes takes many times as long.
    options = ["--pyproject", "pyproject.toml", "--output-reproducible", "--no-validate"]
    command = [sys.executable, "-m", "cyclonedx_py", "environment", *options, sys.executable]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True)
    found: Bom = json.loads(done.stdout)
    return found


def delivered(bom: Bom) -> Bom:
    """Return the part of the bill that the portal is delivered with: not what tests and documentation need."""
    names = pinned("run") | {_OWN}
    components = [each for each in bom["components"] if canonical(each["name"]) in names]
    kept = {each["bom-ref"] for each in components} | {bom["metadata"]["component"]["bom-ref"]}
    dependencies = [
        {**each, "dependsOn": [ref for ref in each.get("dependsOn", ()) if ref in kept]}
        for each in bom["dependencies"]
        if each["ref"] in kept
    ]
    return {**bom, "components": [_published(each) for each in components], "dependencies": dependencies}


def _published(component: Bom) -> Bom:
    """Return a component without the folder that it was installed from."""
    references = [each for each in component.get("externalReferences", ()) if not each["url"].startswith("file:")]
    return {**component, "externalReferences": references}


def licences(bom: Bom) -> Mapping[str, list[str]]:
    """Return the licences that each package declares, by its name."""
    return {canonical(each["name"]): _licences(each) for each in bom["components"]}


def _licences(component: Bom) -> list[str]:
    declared = [each.get("expression") or _name(each["license"]) for each in component.get("licenses", ())]
    # The classifier of any licence says nothing.
    named = (each.removeprefix(f"{_CLASSIFIER} :: ") for each in declared if each != _CLASSIFIER)
    return [each.removeprefix("License :: ") for each in named]


def _name(licence: Bom) -> str:
    return str(licence.get("id") or licence["name"])


def main(folder: Path) -> None:
    """Write the bill into a folder, and a list of the licences in all bills that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    bom = delivered(installed())
    (folder / "portal.cdx.json").write_text(json.dumps(bom, indent=2) + "\n", encoding="utf-8")
    lines = [
        f"{each['name']} {each['version']}: {'; '.join(_licences(each))}\n"
        for file in sorted(folder.glob("*.cdx.json"))
        for each in json.loads(file.read_text(encoding="utf-8"))["components"]
    ]
    (folder / "licences.txt").write_text("".join(sorted(lines, key=str.casefold)), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
