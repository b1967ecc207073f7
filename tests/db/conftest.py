"""Fixtures for tests of the database."""

from collections.abc import Iterator
from threading import Lock

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory


@pytest.fixture(scope="session", autouse=True)
def steps_loaded_once() -> Iterator[None]:
    """Keep the steps of a version loaded: Alembic imports all of them for each migration, which takes as long as some.

    A migration of an operator is the only one of its process.
    """
    load, loading = ScriptDirectory.from_config, Lock()
    loaded = dict[tuple[str | None, ...], ScriptDirectory]()

    def load_once(config: Config) -> ScriptDirectory:
        key = config.get_main_option("script_location"), config.get_main_option("version_locations")
        with loading:
            if key not in loaded:
                scripts = load(config)
                # It reads them when they are asked for, and not in several threads at once.
                list(scripts.walk_revisions())
                loaded[key] = scripts
        return loaded[key]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ScriptDirectory, "from_config", load_once)
        yield
