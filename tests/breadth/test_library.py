"""The executor is a library: without import cycles, and it can be built and installed by itself."""

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib.metadata import version
from inspect import isfunction
from pathlib import Path
from types import ModuleType

import pytest

import breadth
import breadth.lookahead
import breadth.strawberry
from breadth._versions import GRAPHQL_CORE, STRAWBERRY, Release, UntestedVersionError, check, require

LIBRARY = Path(breadth.__file__).parent
REQUIREMENTS = Path(__file__).parents[2] / "requirements"
PUBLIC = [breadth, breadth.lookahead, breadth.strawberry]


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
    copy = tmp_path / "library"
    copy.mkdir()
    for path in LIBRARY.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = copy / path.relative_to(LIBRARY)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())

    # The hooks that `python -m build` calls, without an environment of their own.
    build = (
        "import sys; from hatchling.build import build_sdist, build_wheel; "
        "build_sdist(sys.argv[1]); build_wheel(sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=copy, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("breadth-*.whl")
    (archive,) = tmp_path.glob("breadth-*.tar.gz")
    used = "import sys; sys.path.insert(0, sys.argv[1]); import breadth.strawberry; print(breadth.__file__)"
    imported_from = subprocess.run(
        [sys.executable, "-P", "-c", used, str(wheel)], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout

    assert imported_from.startswith(str(wheel))
    with tarfile.open(archive) as members:
        packed = {name.split("/", 1)[-1] for name in members.getnames()}
    assert {"pyproject.toml", "README.md", "py.typed", "plan/field.py"} <= packed
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"breadth/{path.relative_to(LIBRARY)}" for path in modules().values()} <= names


@pytest.mark.parametrize(
    ("installed", "works"),
    [("3.3.1", True), ("3.3.2", True), ("3.3.99rc1", True), ("3.3.0", False), ("3.2.9", False), ("3.4.0", False)],
)
def test_a_version_that_it_was_not_tested_with_is_refused(
    installed: str, monkeypatch: pytest.MonkeyPatch, *, works: bool
) -> None:
    monkeypatch.delenv("BREADTH_ALLOW_UNTESTED", raising=False)
    if works:
        check("graphql-core", installed, (3, 3, 1), (3, 3))
    else:
        with pytest.raises(UntestedVersionError, match=rf"graphql-core {re.escape(installed)}.*3\.3"):
            check("graphql-core", installed, (3, 3, 1), (3, 3))


def test_the_environment_may_allow_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREADTH_ALLOW_UNTESTED", "1")

    check("graphql-core", "4.0", (3, 3), (3, 3))


def test_a_version_without_a_name_that_is_used_is_refused() -> None:
    with pytest.raises(UntestedVersionError, match=r"Path\._gone.*pathlib"):
        require("pathlib", Path, "_gone")


@pytest.mark.parametrize(("package", "releases"), [("graphql-core", GRAPHQL_CORE), ("strawberry-graphql", STRAWBERRY)])
def test_the_installed_versions_are_among_the_tested_ones(package: str, releases: tuple[Release, Release]) -> None:
    check(package, version(package), *releases)


@pytest.mark.parametrize(("lock", "which"), [("breadth-oldest", 0), ("breadth-newest", 1)])
def test_the_tests_run_with_the_oldest_and_newest_version(lock: str, which: int) -> None:
    pins = (REQUIREMENTS / f"{lock}.txt").read_text()

    for package, releases in (("graphql-core", GRAPHQL_CORE), ("strawberry-graphql", STRAWBERRY)):
        assert re.search(rf"^{package}=={releases[which][0]}\.{releases[which][1]}\.", pins, re.MULTILINE)


def test_the_package_asks_for_the_tested_versions() -> None:
    project = tomllib.loads((LIBRARY / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["strawberry"]]

    assert asked == [
        f"{package}>={'.'.join(map(str, oldest))},<{newest[0]}.{newest[1] + 1}"
        for package, (oldest, newest) in (("graphql-core", GRAPHQL_CORE), ("strawberry-graphql", STRAWBERRY))
    ]


@pytest.mark.parametrize("module", PUBLIC)
def test_the_readme_lists_the_public_names(module: ModuleType) -> None:
    section = (LIBRARY / "README.md").read_text().split(f"### `{module.__name__}`\n")[1].split("\n#")[0]
    listed = re.findall(r"^\| `(\w+)", section, re.MULTILINE)

    assert listed == sorted(module.__all__, key=lambda name: (name.lower(), name))


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_documented(module: ModuleType) -> None:
    for name in module.__all__:
        public = getattr(module, name)
        if isfunction(public):
            assert public.__doc__, name
        elif isinstance(public, type):
            own = {key: member for key, member in vars(public).items() if not key.startswith("_")}
            undocumented = [
                key
                for key, member in own.items()
                if (isfunction(member) or isinstance(member, property)) and not member.__doc__
            ]
            assert public.__doc__, name
            assert not undocumented, name
