"""Choice of the Python that `make` installs with."""

import sys
from pathlib import Path

import pytest

from benchmarks.pythons import ROUNDS, fastest, pace_of

FAST = 10.0**9
"""More than any Python does in a second."""
_COUNTED = "read n < {0}; n=$((n + 1)); echo $n > {0}"
"""Count the runs of a program, which finds nothing but what its shell can do itself."""


@pytest.fixture(autouse=True)
def no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the Pythons of this machine."""
    monkeypatch.setattr("benchmarks.pythons._FOLDERS", ())


def _python(folder: Path, name: str, answer: str) -> str:
    """Make a program that answers like a Python which was measured."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    file.chmod(0o755)
    return str(file)


def _measured(folder: Path, name: str, pace: float) -> str:
    return _python(folder, name, f'echo "$0"; echo {pace}')


@pytest.mark.parametrize(("gain", "chosen"), [(0.5, "python3"), (1.05, "python3"), (1.2, "python3.13")])
def test_another_python_is_chosen_if_it_is_much_faster(
    gain: float, chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preferred = _measured(tmp_path / "chosen", "python3", FAST)
    _measured(tmp_path / "other", "python3.13", gain * FAST)
    monkeypatch.setenv("PATH", f"{tmp_path / 'chosen'}:{tmp_path / 'other'}")

    assert Path(fastest(preferred)).name == chosen


def test_a_fast_python_is_chosen_though_the_machine_was_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preferred = _measured(tmp_path, "python3", FAST)
    count = tmp_path / "count"
    count.write_text("0\n", encoding="utf-8")
    slow = f"{_COUNTED.format(count)}; echo $0; if [ $n -gt 5 ]; then echo {2 * FAST}; else echo 1; fi"
    other = _python(tmp_path, "python3.13", slow)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert fastest(preferred) == other


def test_a_python_of_several_names_is_measured_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preferred = _measured(tmp_path, "python3", FAST)
    count = tmp_path / "count"
    count.write_text("0\n", encoding="utf-8")
    other = _python(tmp_path / "managed", "python", f"{_COUNTED.format(count)}; echo $0; echo 1")
    for name in ("python3.11", "python3.12", "python3.13"):
        _python(tmp_path, name, f"exec {other}")
    monkeypatch.setenv("PATH", str(tmp_path))

    fastest(preferred)

    assert int(count.read_text(encoding="utf-8")) == 3 + ROUNDS


@pytest.mark.parametrize("answer", ["exit 1", "echo old", "echo one; echo two", "echo one; echo 1; echo 2"])
def test_a_program_that_measures_nothing_is_passed_over(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preferred = _measured(tmp_path, "python3", FAST)
    _python(tmp_path, "python3.12", answer)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert fastest(preferred) == preferred


def test_a_python_that_cannot_be_measured_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert fastest("python-of-nowhere") == "python-of-nowhere"


def test_this_python_is_measured() -> None:
    measured = pace_of(sys.executable)

    assert measured is not None
    assert measured[1] > 1
