"""Memory allocation of the C library: large blocks get pages of their own, which are returned once they are free."""

import ctypes
import sys

_MMAP_THRESHOLD = -3
"""`M_MMAP_THRESHOLD` of mallopt(3)."""

_PAGES_FROM_BYTES = 1024 * 1024


def give_pages_to_long_blocks() -> None:
    """Keep glibc from raising the size from which blocks get pages of their own."""
    if sys.platform == "linux":
        # C libraries other than glibc may not have it.
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_MMAP_THRESHOLD, _PAGES_FROM_BYTES)
