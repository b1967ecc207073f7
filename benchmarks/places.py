"""Where things are."""

from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parent
CACHE = HERE / ".cache"
"""What is made once and kept: databases, peers' packages, logs, measurements. Git does not see it."""

PEERS = HERE / "peers"
