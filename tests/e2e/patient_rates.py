"""`portal serve` that waits for the store of rates as long as it takes.

On a busy machine a store may be slow once, and a process that limits by itself then grants a bucket of its own.
"""

from server.__main__ import main as portal
from server.rates import buckets, limiter, redis_buckets

PATIENT = "tests.e2e.patient_rates"
"""Program that waits."""

_SECONDS = 600


def main() -> None:
    """Serve."""
    limiter._CLAIM_SECONDS = buckets._SECONDS = _SECONDS  # noqa: SLF001 — no operator needs to choose it.
    redis_buckets._TIMEOUT_SECONDS = _SECONDS  # noqa: SLF001 — the same.
    buckets._SIZES = buckets._SIZES._replace(connect_seconds=_SECONDS)  # noqa: SLF001 — the same.
    portal()
