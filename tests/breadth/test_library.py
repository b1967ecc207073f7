"""The executor is a library: without import cycles, and it can be built and installed by itself."""

import ast
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path

import pytest

import breadth
from breadth._versions import UntestedVersionError, check

LIBRARY = Path(breadth.__file__).parent


def modules() -> dict[str, Path]:
    """Return the modules by their names."""
    found = {}
    for path in LIBRARY.rglob("*.py"):
        parts = ("breadth", *path.relative_to(LIBRARY).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imported(path: Path, known: set[str]) -> Iterator[str]:
    """Return what a module imports of the library, in functions and for the type checker too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from names & known or {node.module}


def test_no_import_is_part_of_a_cycle() -> None:
    known = modules()
    graph = {name: set(imported(path, set(known))) for name, path in known.items()}

    order = list(TopologicalSorter(graph).static_order())

    assert set(order) == set(known)


def test_it_imports_nothing_but_the_standard_library_and_graphql() -> None:
    allowed = sys.stdlib_module_names | {"breadth", "graphql"}
    for name, path in modules().items():
        tops = {
            (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else node.names[0].name.split(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        strawberry = {"strawberry"} if name in {"breadth.strawberry", "breadth.coercion.inputs"} else set()

        assert tops <= allowed | strawberry, name


def test_a_wheel_is_built_from_the_directory_alone(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in LIBRARY.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = copy / path.relative_to(LIBRARY)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())

    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=copy, check=True, capture_output=True)

    (wheel,) = tmp_path.glob("breadth-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"breadth/{path.relative_to(LIBRARY)}" for path in modules().values()} <= names


@pytest.mark.parametrize(
    ("installed", "works"),
    [("3.3.0", True), ("3.3.2", True), ("3.3.99rc1", True), ("3.2.9", False), ("3.4.0", False), ("4.0", False)],
)
def test_a_version_that_it_was_not_tested_with_is_refused(installed: str, *, works: bool) -> None:
    if works:
        check("graphql-core", installed, oldest=(3, 3), newest=(3, 3))
    else:
        with pytest.raises(UntestedVersionError, match=rf"graphql-core {re.escape(installed)}.*3\.3"):
            check("graphql-core", installed, oldest=(3, 3), newest=(3, 3))


def test_it_was_tested_with_the_versions_that_are_installed() -> None:
    check("graphql-core", version("graphql-core"), oldest=(3, 3), newest=(3, 3))
    check("strawberry-graphql", version("strawberry-graphql"), oldest=(0, 341), newest=(0, 341))
