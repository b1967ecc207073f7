"""`make audit`: compares the locks with the known vulnerabilities of PyPI and npm.

It exits with 1 if one is found, and with 2 if a database of vulnerabilities can't be reached: then nothing is known.
"""

import subprocess
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

PROJECT = Path(__file__).parents[2]
LOCKS = ("run", "test", "docs", "supply")
FOLDERS = ("server/graphiql", "tests/audit", "tests/typescript")

_UNREACHABLE = (
    "could not be audited",
    "Dependency not found on PyPI",
    "ConnectionError",
    "Max retries exceeded",
    "audit endpoint returned an error",
    "ENOTFOUND",
    "ECONNREFUSED",
    "EAI_AGAIN",
    "ENOAUDIT",
)
"""Parts of messages about a database that did not answer, or does not know any of the packages."""


class Verdict(Enum):
    """Result of an audit, by its exit status."""

    CLEAN = 0
    VULNERABLE = 1
    UNKNOWN = 2


def verdict(status: int, said: str) -> Verdict:
    """Return the result of an auditing program by its exit status and all that it said."""
    if any(part in said for part in _UNREACHABLE):
        return Verdict.UNKNOWN
    return Verdict.CLEAN if status == 0 else Verdict.VULNERABLE


def _audited(name: str, command: Sequence[str], folder: Path) -> Verdict:
    try:
        # pip-audit ends with 0 if it knows nothing about any package, and says so.
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
        status, said = done.returncode, done.stdout + done.stderr
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        status, said = 1, f"could not be audited: {error}"
    found = verdict(status, said)
    print(f"{name}: {found.name.lower()}")  # noqa: T201 — a program.
    if found is not Verdict.CLEAN:
        print(said[:4_000])  # noqa: T201 — a program.
    return found


def main(pip_audit: str) -> int:
    """Audit all locks, and return the exit status."""
    program = str(Path(pip_audit).absolute())
    found = [
        _audited(lock, [program, "--requirement", f"requirements/{lock}.txt", "--disable-pip", "--strict"], PROJECT)
        for lock in LOCKS
    ]
    npm = ["npm", "audit", "--audit-level=moderate"]
    found += [_audited(folder, npm, PROJECT / folder) for folder in FOLDERS]
    if Verdict.VULNERABLE in found:
        return Verdict.VULNERABLE.value
    if Verdict.UNKNOWN in found:
        print("Not everything could be audited: run it where PyPI and npm can be reached.", file=sys.stderr)  # noqa: T201
        return Verdict.UNKNOWN.value
    return Verdict.CLEAN.value


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
