"""The page about faults names a test for each, which exists and notes its figure."""

import ast

from tests.docs.faults import PAGE, faults, is_figure, with_figures
from tests.docs.pages import ROOT, text

NOTED = "recovered"
"""Fixture that notes after how many seconds all was well."""


def noting(path: str) -> dict[str, bool]:
    """Return the names of a file's tests, and whether they note seconds."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {test.name: any(given.arg == NOTED for given in test.args.args) for test in tests}


def function(test: str) -> str:
    """Return the name of a test without its case."""
    return test.partition("[")[0]


def test_each_fault_has_a_test_and_each_figure_is_noted_by_it() -> None:
    for fault, _, seconds, test in faults(text(PAGE)):
        path, _, name = function(test).partition("::")
        found = noting(path)
        assert name in found, fault
        assert found[name] is is_figure(seconds), fault


def test_each_test_that_notes_seconds_is_on_the_page() -> None:
    named = {function(test) for *_, test in faults(text(PAGE))}

    noted = {
        f"{file.relative_to(ROOT)}::{name}"
        for file in (ROOT / "tests").rglob("test_*.py")
        if "node_modules" not in file.parts
        for name, notes in noting(str(file.relative_to(ROOT))).items()
        if notes
    }

    assert noted - named == set()


def test_figures_of_a_run_are_written_into_their_rows() -> None:
    page = "\n".join(
        f"| {row} |"
        for row in (
            "fault | seen | seconds | test",
            "--- | --- | --- | ---",
            "it stops | nothing | 0.4 | `a.py::test_of_both`",
            "it is slow | nothing | 0.4 | `a.py::test_of_one[slow]`",
            "it hangs | nothing | at once | `a.py::test_of_words`",
            "it is away | nothing | 0.4 | `a.py::test_of_none`",
        )
    )

    written = with_figures(
        page,
        {
            "a.py::test_of_both[1]": 0.71,
            "a.py::test_of_both[2]": 0.5,
            "a.py::test_of_both[2]: until it took writes": 3.0,
            "a.py::test_of_one[slow]": 0.01,
            "a.py::test_of_one[fast]": 2.0,
            "a.py::test_of_words": 1.0,
        },
    )

    assert [seconds for _, _, seconds, _ in faults(written)] == ["0.8", "0.1", "at once", "0.4"]
