"""The TypeScript of the documentation compiles, and its clients work against the server."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from domain.access import DEMO_PASSWORD
from tests import cnpjs
from tests.docs.conftest import Demo
from tests.docs.pages import ROOT, blocks, text
from tests.e2e.node import node_with

PACKAGES = ROOT / "tests" / "typescript"
GUIDES = "docs/guides"
PROJECTS = {
    "trusted": ["trusted-documents"],
    "spa": ["spa", "apollo", "urql"],
    "relay": ["relay"],
    "live": ["subscriptions"],
}
_HASH = re.compile(r"documentId=(sha256:\w+)")
_SETTINGS = re.compile(r"^`(\S+\.json)`:\n\n```json\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def node() -> str:
    return node_with(PACKAGES)


def _project(folder: Path, name: str) -> Path:
    """Make a client's project: the files of the pages, the schema, and what is strict about the compiler."""
    (folder / "src").mkdir()
    for page in (f"{GUIDES}/{each}.md" for each in PROJECTS[name]):
        for block in blocks("ts", page=page):
            assert block.file is not None, f"{page}:{block.line} does not name its file"
            (folder / block.file).write_text(block.text, encoding="utf-8")
        for file, settings in _SETTINGS.findall(text(page)):
            (folder / file).write_text(settings, encoding="utf-8")
    shutil.copy(ROOT / "schema.graphql", folder)
    shutil.copy(PACKAGES / "tsconfig.json", folder)
    (folder / "node_modules").symlink_to(PACKAGES / "node_modules")
    return folder


def _run(node: str, project: Path, program: str, *arguments: str, **variables: str) -> str:
    """Return what a program of the project prints; it must succeed."""
    command = [node, f"node_modules/.bin/{program}", *arguments]
    ended = subprocess.run(
        command,
        cwd=project,
        env={**os.environ, **variables},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, f"{program}: {ended.stdout}{ended.stderr}"
    return ended.stdout


def test_every_page_with_typescript_is_in_a_project() -> None:
    pages = {f"{GUIDES}/{page}.md" for project in PROJECTS.values() for page in project}

    # `test_webhooks.py` runs the other one.
    assert {block.page for block in blocks("ts")} - {f"{GUIDES}/webhooks.md"} == pages


def test_the_client_of_trusted_documents_asks_for_what_the_page_names(node: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "trusted")
    shutil.copy(PACKAGES / "scalars.ts", project / "src")

    for program in ("graphql-codegen", "tsc"):
        _run(node, project, program)

    registered = json.loads((project / "src" / "gql" / "persisted-documents.json").read_text(encoding="utf-8"))
    example = json.loads((ROOT / "examples" / "persisted-documents.json").read_text(encoding="utf-8"))
    (named,) = _HASH.findall(text(f"{GUIDES}/trusted-documents.md"))
    assert registered[named] == example[named]


def test_relay_compiles_its_operations_into_a_manifest(node: str, demo: Demo, tmp_path: Path) -> None:
    project = _project(tmp_path, "relay")
    manifest = project / "persisted-documents.json"
    manifest.write_text("{}\n")

    for program in ("relay-compiler", "tsc"):
        _run(node, project, program)

    assert len(json.loads(manifest.read_text(encoding="utf-8"))) == 3
    assert "3 registered" in demo.command("documents", "register", str(manifest))


def test_the_page_that_follows_events_misses_and_repeats_none(node: str, demo: Demo, tmp_path: Path) -> None:
    project = _project(tmp_path, "live")
    shutil.copy(PACKAGES / "live.ts", project / "src" / "main.ts")
    _run(node, project, "tsc")
    given = {"email": "gerente@alfa.example", "password": DEMO_PASSWORD}
    signed_in = demo.ask("mutation ($input: SignInInput!) { signIn(input: $input) { token } }", {"input": given})
    session = str(signed_in["data"]["signIn"]["token"])
    numbers = " ".join(cnpjs.another() for _ in range(3))

    printed = _run(node, project, "jiti", "src/main.ts", URL=f"{demo.url}/graphql", TOKEN=session, CNPJS=numbers)

    assert json.loads(printed) == {"seen": [1, 2, 3], "code": 4401}


def test_apollo_and_urql_page_update_lists_end_sessions_and_send_hashes(node: str, demo: Demo, tmp_path: Path) -> None:
    project = _project(tmp_path, "spa")
    shutil.copy(PACKAGES / "spa.ts", project / "src" / "main.ts")
    for program in ("graphql-codegen", "tsc"):
        _run(node, project, program)
    demo.command("documents", "register", str(project / "src" / "gql" / "persisted-documents.json"))
    numbers = {"CNPJ_OF_APOLLO": cnpjs.another(), "CNPJ_OF_URQL": cnpjs.another()}

    printed = _run(node, project, "jiti", "src/main.ts", URL=f"{demo.url}/graphql", TOKEN=demo.token, **numbers)

    seen = json.loads(printed)
    trusted = {"edges": 4, "ended": True, "trusted": 2, "sentText": False, "requests": 1}
    assert seen["apollo"] == {**trusted, "names": [[], ["Apollo Client"], []]}
    assert seen["urql"] == {**trusted, "names": [[], ["Cliente urql"]]}
    assert seen["formats"] == {"money": "R$\xa09.007.199.254.740.993,10", "cnpj": "12.ABC.345/01DE-35"}
