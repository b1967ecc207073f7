"""Memory of the processes that run tests: files in it, and the size of its pages."""

import os
import shutil
import tempfile
from pathlib import Path

_FILES = Path("/dev/shm")  # noqa: S108 — the files in it get folders of their own.
_FREE_BYTES_MIN = 4 << 30

_LARGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1", "PYTHONMALLOC": "malloc"}
"""Settings with which `make test` starts the processes that run tests."""


def keep_files() -> None:
    """Keep temporary files in memory if there is enough of it, unless TMPDIR names another folder.

    A commit of a file in memory does not wait for a disk, which several test processes share.
    """
    if "TMPDIR" not in os.environ and _FILES.is_dir() and shutil.disk_usage(_FILES).free > _FREE_BYTES_MIN:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_FILES)


def forget_large_pages() -> None:
    """Remove the settings of malloc, so that the servers that this worker starts have those of production."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        for name, value in _LARGE_PAGES.items():
            if os.environ.get(name) == value:
                del os.environ[name]
