"""Node.js and packages of npm, for tests that need them."""

import os
import shutil
import sys
from pathlib import Path

import pytest


def node_with(folder: Path) -> str:
    """Return the path of Node.js, of the machine or of the virtual environment; skip the test if there is none.

    The test is also skipped if the packages of the folder are not installed. In CI it fails instead.
    """
    places = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    found = shutil.which("node", path=places)
    if found is not None and (folder / "node_modules").is_dir():
        return found
    missing = f"This needs Node.js 20.19 or newer, and what “make test” installs with it into {folder.name}."
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
