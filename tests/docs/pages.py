"""The pages of the documentation, and the blocks of code in them."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\S+).*\n((?:.*\n)*?)```$", re.MULTILINE)
_LABEL = re.compile(r"(\w+):\n\n\Z")
_FILE = re.compile(r"(?://|#) (\S+\.\w+)\n")


class Block(NamedTuple):
    """A block of code, where it begins, and the word before it if that is a label such as “Answer:”."""

    page: str
    line: int
    language: str
    text: str
    label: str | None

    @property
    def file(self) -> str | None:
        """The name of the file that the first line of the block names in a comment."""
        named = _FILE.match(self.text)
        return named and named[1]


def paths() -> list[Path]:
    """Return all pages that are written by hand, and README and CONTRIBUTING."""
    written = (path for path in DOCS.rglob("*.md") if path.parent != DOCS / "reference")
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(written)]


def blocks(*languages: str, page: str | None = None) -> list[Block]:
    """Return the blocks in these languages, of one page or of all."""
    return [block for block in _all() if page in {None, block.page} and (not languages or block.language in languages)]


def text(page: str) -> str:
    """Return the text of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def the_file(name: str, page: str) -> str:
    """Return the text of the block that is this file."""
    (found,) = (block.text for block in blocks(page=page) if block.file == name)
    return found


@cache
def _all() -> Sequence[Block]:
    return [block for path in paths() for block in _blocks(path)]


def _blocks(path: Path) -> Iterator[Block]:
    page = path.relative_to(ROOT).as_posix()
    whole = path.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(whole):
        before = whole[: match.start()]
        label = _LABEL.search(before)
        yield Block(page, before.count("\n") + 1, match[1], match[2], label and label[1])
