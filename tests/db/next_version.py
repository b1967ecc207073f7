"""The version after this one: steps that only tests know, which servers of this version can work beside."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config

from db.migrations import migrate
from db.migrations.concurrent import Index
from db.migrations.revisions import HEAD
from db.migrations.steps import STEPS, Step

BEFORE = HEAD
"""The last step of this version."""

EXPANDED, INDEXED, LAST = (f"{int(HEAD) + number:04}" for number in (1, 2, 3))

INDEXES = (
    Index("ix_clients_segment", "clients", ("partner_id", "segment", "id")),
    Index("ix_clients_active_segment", "clients", ("segment",), "status = 'ACTIVE'"),
)

_FOLDER = Path(__file__).with_name("next_steps")


@contextmanager
def next_version() -> Iterator[None]:
    """Let this process migrate to the steps of the next version meanwhile."""
    added = {
        EXPANDED: Step(None, ("activations", "clients", "events")),
        INDEXED: Step(),
        LAST: Step(None, ("orders",)),
    }
    of_this_version = migrate._config  # noqa: SLF001 — no caller chooses the steps.

    def config(connection: sa.Connection | None = None) -> Config:
        extended = of_this_version(connection)
        folders = [str(Path(migrate.__file__).with_name("versions")), str(_FOLDER)]
        extended.set_main_option("path_separator", "os")
        extended.set_main_option("version_locations", os.pathsep.join(folders))
        return extended

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(migrate, "_config", config)
        patched.setattr("db.migrations.steps.STEPS", {**STEPS, **added})
        patched.setattr("db.migrations.revisions.HEAD", LAST)
        patched.setattr("db.migrations.revisions._STEPS", frozenset({*STEPS, *added}))
        yield
