"""The name of a test is a sentence that is read at a glance."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
WORDS_MAX = 12

_TEST = re.compile(r"^ *(?:async )?def test_(\w+)\(", re.MULTILINE)


def test_a_name_has_at_most_twelve_words() -> None:
    files = [file for file in TESTS.rglob("test_*.py") if "node_modules" not in file.parts]
    names = [name for file in files for name in _TEST.findall(file.read_text(encoding="utf-8"))]

    assert len(names) > len(files)
    assert [name for name in names if len(name.split("_")) > WORDS_MAX] == []
