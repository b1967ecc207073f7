"""The page about faults names a test for each, which exists and notes its figure."""

import ast

from tests.docs.pages import ROOT, text

PAGE = "docs/operate/faults.md"
NOTED = "recovered"
"""Fixture that notes after how many seconds all was well."""


def faults() -> list[list[str]]:
    """Return the cells of each fault."""
    rows = [line.strip("| ").split(" | ") for line in text(PAGE).splitlines() if line.startswith("| ")]
    return rows[2:]


def noting(path: str) -> dict[str, bool]:
    """Return the names of a file's tests, and whether they note seconds."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {test.name: any(given.arg == NOTED for given in test.args.args) for test in tests}


def test_each_fault_has_a_test_and_each_figure_is_noted_by_it() -> None:
    for fault, _, seconds, test in faults():
        path, _, name = test.strip("`").partition("::")
        found = noting(path)
        assert name in found, fault
        assert found[name] is seconds.replace(".", "").isdecimal(), fault


def test_each_test_that_notes_seconds_is_on_the_page() -> None:
    named = {test.strip("`") for *_, test in faults()}

    noted = {
        f"{file.relative_to(ROOT)}::{name}"
        for file in (ROOT / "tests").rglob("test_*.py")
        if "node_modules" not in file.parts
        for name, notes in noting(str(file.relative_to(ROOT))).items()
        if notes
    }

    assert noted - named == set()
