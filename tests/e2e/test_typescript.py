"""The TypeScript of the README compiles with the output of GraphQL Code Generator."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.node import node_with
from tests.e2e.processes import ROOT

PACKAGES = ROOT / "tests" / "typescript"
_BLOCK = re.compile(r"^```ts\n// (\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_HASH = re.compile(r"documentId=(sha256:\w+)")


@pytest.fixture
def node() -> str:
    return node_with(PACKAGES)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Client project: the files of the README, the schema, and strict compiler options."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = dict(_BLOCK.findall(readme))
    assert set(blocks) == {"codegen.ts", "src/estoque.ts"}
    assert len(blocks) == readme.count("```ts\n")
    (tmp_path / "src").mkdir()
    for path, text in blocks.items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "schema.graphql", tmp_path)
    shutil.copy(PACKAGES / "tsconfig.json", tmp_path)
    shutil.copy(PACKAGES / "scalars.ts", tmp_path / "src")
    (tmp_path / "node_modules").symlink_to(PACKAGES / "node_modules")
    return tmp_path


def test_the_typescript_of_the_readme_compiles_and_requests_its_document(node: str, project: Path) -> None:
    for program in ("graphql-codegen", "tsc"):
        command = [node, f"node_modules/.bin/{program}"]
        ended = subprocess.run(command, cwd=project, check=False, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 0, f"{program}: {ended.stdout}{ended.stderr}"

    registered = json.loads((project / "src" / "gql" / "persisted-documents.json").read_text(encoding="utf-8"))
    example = json.loads((ROOT / "examples" / "persisted-documents.json").read_text(encoding="utf-8"))
    (named,) = _HASH.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert registered[named] == example[named]
