"""Plugin of pytest that measures which lines and branches the tests run: `python -m pytest -p tests.measured`.

SlipCover writes its counters into the code and takes out those that have counted, so that a run takes a tenth longer
and not twice as long. `python -m tests.measured` is `python -m server`, measured for the run that starts it, and
`measure_servers` lets a process fork servers that are measured.
"""

import ast
import atexit
import gc
import importlib
import json
import marshal
import multiprocessing
import os
import shutil
import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from functools import reduce
from hashlib import sha256
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from io import StringIO
from multiprocessing.util import Finalize, register_after_fork
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest
import slipcover  # type: ignore[import-untyped]  # It has no types.
from slipcover import branch
from slipcover.importer import SlipcoverLoader  # type: ignore[import-untyped]  # The same.

PACKAGES = ("breadth", "domain", "db", "resolvers", "schema", "demo", "server")
PERCENT_MIN = 95

_UNMEASURED = (
    "if TYPE_CHECKING:",  # Never runs.
    r"assert_never\(",  # Says that the line before it is never reached.
    "@overload",  # Has no body.
)
_SEEN = ".seen"
"""What ends the name of a file with the lines and branches that a server ran."""

_FOLDER = pytest.StashKey[Path]()
_FOUND = pytest.StashKey[dict[str, Any]]()

_UNMEASURED_FILES = ("db/migrations/versions/*", "server/graphiql/*")
"""Migrations, which Alembic loads by their paths and runs from the first line to the last; and packages of Node."""

_measure = slipcover.Slipcover(
    branch=True,
    # To take counters out, SlipCover looks through all functions, which takes as long as so many counts.
    d_miss_threshold=20_000,
    source=list(PACKAGES),
    omit=list(_UNMEASURED_FILES),
    exclude_also=list(_UNMEASURED),
)


class _Loader(SlipcoverLoader):  # type: ignore[misc]  # The same.
    """Loader that keeps the code with the marks of branches, to which SlipCover adds counters in each process."""

    def exec_module(self, module: ModuleType) -> None:
        _measure.register_module(module)
        exec(_measure.instrument(_marked(self.origin)), module.__dict__)  # noqa: S102 — as each loader does.


def _marked(source: Path) -> CodeType:
    """Return the compiled source, from the folder of compiled files unless it has changed since."""
    content = source.read_bytes()
    made_from = sha256(
        b"\0".join([content, str(source).encode(), sys.version.encode(), slipcover.__version__.encode()])
    )
    kept = source.parent / "__pycache__" / f"{source.stem}.marked-{made_from.hexdigest()[:20]}"
    with suppress(OSError, ValueError, EOFError, TypeError):
        found = marshal.loads(kept.read_bytes())  # noqa: S302 — our own.
        assert isinstance(found, CodeType)
        return found
    code = compile(branch.preinstrument(ast.parse(content)), str(source), "exec")
    kept.parent.mkdir(exist_ok=True)
    for old in kept.parent.glob(f"{source.stem}.marked-*"):
        old.unlink(missing_ok=True)
    # Other processes make it at the same time.
    draft = kept.with_name(f"{source.stem}.draft-{os.getpid()}")
    draft.write_bytes(marshal.dumps(code))
    draft.rename(kept)
    return code


class _Finder(MetaPathFinder):
    """Finder of packages, which loads them with counters."""

    def __init__(self, packages: Sequence[str] = PACKAGES) -> None:
        self._packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in self._packages:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(_measure, spec.loader, spec.origin)
        return spec


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Measure in each process that runs tests, before it imports any of the packages."""
    if not _only_starts_workers(early_config.known_args_namespace):
        sys.meta_path.insert(0, _Finder())
        # To write counters makes millions of objects and little garbage; after the collection it is enabled again.
        gc.disable()


def _only_starts_workers(options: Namespace) -> bool:
    return "PYTEST_XDIST_WORKER" not in os.environ and bool(getattr(options, "numprocesses", None))


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder for what the workers measure; they get it from the process that starts them."""
    if "MEASURED" not in os.environ:
        os.environ["MEASURED"] = tempfile.mkdtemp(prefix="measured-")
    config.stash[_FOLDER] = Path(os.environ["MEASURED"])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what a worker measured; in the process that started them, add everything up."""
    folder = session.config.stash[_FOLDER]
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is not None:
        (folder / f"{worker}.json").write_text(json.dumps(_coverage(folder)), encoding="utf-8")
        return
    if _only_starts_workers(session.config.option):
        parts = [json.loads(each.read_text(encoding="utf-8")) for each in folder.glob("*.json")]
    else:
        parts = [_coverage(folder)]
    found = reduce(slipcover.merge_coverage, parts)
    shutil.rmtree(folder)
    session.config.stash[_FOUND] = found
    if session.exitstatus == pytest.ExitCode.OK and found["summary"]["percent_covered"] < PERCENT_MIN:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _coverage(folder: Path) -> dict[str, Any]:
    """Return what this process measured, with what the servers that have ended did."""
    for part in folder.glob(f"*{_SEEN}"):
        claimed = part.with_suffix(f".claimed-{os.getpid()}")
        # Another process may claim it first.
        with suppress(FileNotFoundError):
            part.rename(claimed)
            for file, seen in marshal.loads(claimed.read_bytes()).items():  # noqa: S302 — our own.
                _measure.all_seen[file].update(seen)
            claimed.unlink()
    found = _measure.get_coverage()
    assert isinstance(found, dict)
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print a line for each module of which a line or branch did not run."""
    table = StringIO()
    slipcover.print_coverage(config.stash[_FOUND], outfile=table, skip_covered=True)
    terminalreporter.section("coverage")
    terminalreporter.write(table.getvalue())
    percent = config.stash[_FOUND]["summary"]["percent_covered"]
    terminalreporter.write_line(f"{percent:.1f} % of lines and branches ran; at least {PERCENT_MIN} % have to")


def measure_servers() -> None:
    """Measure the code of the server in this process and those that are forked from it, once it is imported.

    The other packages run in the processes of tests too, and take twice as long to import if they are measured.
    """
    sys.meta_path.insert(0, _Finder(("server",)))
    _measure.signal_child_process()
    # A process that multiprocessing forks forgets the finalizers that it has before it begins.
    register_after_fork(_measure, lambda _: Finalize(None, write_process, exitpriority=0))


def write_process() -> None:
    """Write which lines and branches this process ran, to which one that runs tests adds the others."""
    for file, seen in _measure._get_newly_seen().items():  # noqa: SLF001 — its results take 15 times as long.
        _measure.all_seen[file].update(seen)
    draft = Path(os.environ["MEASURED"], f"process-{os.getpid()}.draft")
    draft.write_bytes(marshal.dumps(dict(_measure.all_seen)))
    draft.rename(draft.with_suffix(_SEEN))


if __name__ in {"__main__", "__mp_main__"}:
    measure_servers()
    # A process that multiprocessing has started runs its own finalizers, and not those of atexit.
    if multiprocessing.parent_process() is None:
        atexit.register(write_process)
    else:
        Finalize(None, write_process, exitpriority=0)
if __name__ == "__main__":
    # What is imported before the processes are forked would be without counters.
    importlib.import_module("server.forking").PRELOADED.clear()
    importlib.import_module("server.__main__").main()
