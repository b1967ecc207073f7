"""The threat model names a test for each threat, and each of them exists."""

import ast
import re

from domain.token_forms import API, CHALLENGE, INVITATION, RANDOM_LENGTH, RESET, SESSION, with_checksum
from tests.docs.pages import ROOT, text

PAGE = "docs/security.md"


def threats() -> list[list[str]]:
    """Return the cells of each threat."""
    part = text(PAGE).partition("## Threats and tests")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return rows[2:]


def functions_of(path: str) -> set[str]:
    """Return the names of a file's tests."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_threat_has_a_test_that_exists() -> None:
    named = [(threat, re.findall(r"`([^`]+)`", tests)) for threat, _, tests in threats()]

    assert len(named) > 15
    assert [threat for threat, tests in named if not tests] == []
    for _, tests in named:
        for each in tests:
            path, _, name = each.partition("::")
            assert (ROOT / path).exists(), each
            assert not name or name in functions_of(path), each


def test_the_pattern_of_tokens_finds_every_kind() -> None:
    (pattern,) = re.findall(r"^\\b\S+$", text(PAGE), re.MULTILINE)

    for prefix in (SESSION, API, CHALLENGE, INVITATION, RESET):
        token = with_checksum(prefix, "x" * RANDOM_LENGTH)
        assert re.findall(pattern, f"TOKEN={token}\n") == [token]
        assert f"`{prefix}`" in text(PAGE)
