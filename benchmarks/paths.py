"""Paths of the benchmarks."""

from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parent
CACHE = HERE / ".cache"
"""Files that are made once and kept outside of Git: databases, peers' packages, logs, measurements."""

PEERS = HERE / "peers"
