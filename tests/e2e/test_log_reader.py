"""A server whose log is a pipe with a reader that stops."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import plain
from tests.e2e.processes import serving

_REQUESTS = 300
"""Their lines are longer than a pipe."""


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A pipe by its name, and the descriptor of its reader."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path, reading
    os.close(reading)


def lines(reading: int, last: str) -> Iterator[str]:
    os.set_blocking(reading, True)
    with os.fdopen(os.dup(reading), encoding="utf-8") as log:
        for line in log:
            yield line
            if last in line:
                return


@pytest.mark.parametrize("workers", [1, 2])
def test_a_reader_of_the_log_that_stops_holds_nothing_up(
    environment: dict[str, str], pipe: tuple[Path, int], tmp_path: Path, workers: int
) -> None:
    path, reading = pipe
    with (
        serving(environment | {"LOG_FORMAT": "json"}, tmp_path / "out", errors=path, workers=workers) as (url, process),
        plain.Client() as client,
    ):
        statuses = {client.get(f"{url}/none/{number}").status_code for number in range(_REQUESTS)}
        logged = [line for line in lines(reading, f"/none/{_REQUESTS - 1}") if "/none/" in line]
        for number in range(_REQUESTS):
            client.get(f"{url}/more/{number}")

    assert statuses == {404}
    assert [f"/none/{number}" in line for number, line in enumerate(logged)] == [True] * _REQUESTS
    assert process.returncode == 0
