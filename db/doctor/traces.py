"""Search of a text in every column of every table, and in the bytes of SQLite's files."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from db.engine import Connection
from db.engine.paging import Pages, columns_of, keys_of
from db.tables import metadata
from domain import cnpj
from domain.erasure import Identity, identifies
from domain.text import fold, plain, upper
from domain.webhook_texts import decoded

_BLOCK = 1 << 23
_BLANK = re.compile(r"(?:\(\?:\\\s\))+")
_ACCENTED: dict[str, list[str]] = {}
for _character in map(chr, (*range(0x61, 0x7B), *range(0xC0, 0x180))):
    _ACCENTED.setdefault(plain(_character), []).append(_character)
_WORD = re.compile(r"[^\W_]+")
_ENCODED = re.compile(r"%u?[0-9A-Fa-f]{2}|\\[uxU0-3]|&#?\w+|xn--")


class Trace(NamedTuple):
    """Place where a text was found: a column of a row, or a byte of a file."""

    where: str
    row: str


class Searched(NamedTuple):
    """What is searched for, and the stored words that it is only a part of."""

    identity: Identity | None
    """None for a text that is searched for as it is, such as “da”."""
    needles: frozenset[str]
    longer_words: set[bytes]

    def may_be_in(self, text: str) -> bool:
        """Return whether the text has what is searched for, or longer words that it is a part of."""
        folded = plain(text)
        has_part = any(plain(needle) in folded for needle in self.needles)
        return has_part or (self.identity is not None and self.identity.found_in(text))

    def is_in(self, text: str) -> bool:
        """Return whether the text has what is searched for; keep the longer words that it is a part of."""
        if self.identity is None or self.identity.found_in(text):
            return True
        parts = [plain(needle) for needle in self.needles]
        words = (word for word in _WORD.findall(text) if any(part in plain(word) for part in parts))
        self.longer_words.update(word.encode() for word in words)
        return False


def searched(text: str) -> Searched:
    """Return what to search for: a CNPJ in any mask, or a text as whole words in any case and accents."""
    number = cnpj.parse(text)
    if number is not None:
        masked = f"{number[:2]}.{number[2:5]}.{number[5:8]}/{number[8:12]}-{number[12:]}"
        return Searched(Identity(number), frozenset({number, masked}), set())
    identity = Identity("", (text,)) if identifies(text) else None
    needles = {text, text.lower(), text.upper(), upper(text), text.title(), fold(text)}
    return Searched(identity, frozenset(filter(None, needles)), set())


async def in_columns(connection: Connection, wanted: Searched) -> list[Trace]:
    """Return the columns that have the text, with the keys of their rows."""
    found: list[Trace] = []
    for table in metadata.sorted_tables:
        keys, columns = keys_of(table), columns_of(table)
        pages = Pages(sa.select(*columns), keys)
        while rows := await pages.following(connection):
            # Most pages don't have it, which one search shows.
            if wanted.may_be_in("\n".join(_text(value) for row in rows for value in row)):
                found += (
                    Trace(f"{table.name}.{column.name}", ", ".join(map(_key_text, keys, row)))
                    for row in rows
                    for column, value in zip(columns, row, strict=True)
                    if wanted.may_be_in(_text(value)) and wanted.is_in(_text(value))
                )
    return found


def in_files(files: Iterable[Path], wanted: Searched) -> Iterator[Trace]:
    """Yield the bytes of the files that have the text, but not those of a stored word that it is a part of."""
    pattern = re.compile("|".join(map(_loosely, wanted.needles)).encode(), re.IGNORECASE)
    margin = 8 * max(map(len, (*wanted.needles, *wanted.longer_words, b"")))
    for file in files:
        if file.exists():
            yield from (Trace(file.name, f"byte {place}") for place in _places(file, pattern, margin, wanted))


def _loosely(needle: str) -> str:
    """Return a pattern of the text's bytes with any accents, and anything short between its words."""
    characters = ("|".join(_ACCENTED.get(each, [re.escape(each)])) for each in plain(needle))
    return _BLANK.sub(lambda _: "[^0-9a-z]{1,3}", "".join(f"(?:{each})" for each in characters))


def _places(file: Path, pattern: re.Pattern[bytes], margin: int, wanted: Searched) -> Iterator[int]:
    data, first, searched_to = b"", 0, 0
    with file.open("rb") as opened:
        while True:
            block = opened.read(_BLOCK)
            data += block
            end = first + len(data)
            # A text may lie across two blocks: what is near the end of one is searched with the next.
            limit = end - margin if block else end
            for match in pattern.finditer(data):
                is_new = searched_to <= first + match.start() < limit
                if is_new and not _is_longer_word(data, match, wanted.longer_words):
                    yield first + match.start()
            if not block:
                return
            searched_to = max(searched_to, limit)
            kept_from = max(first, limit - margin)
            data, first = data[kept_from - first :], kept_from


def _is_longer_word(data: bytes, match: re.Match[bytes], words: set[bytes]) -> bool:
    found = match[0].lower()
    for word in words:
        place = word.lower().find(found)
        first = match.start() - place
        if place >= 0 and first >= 0 and data[first : first + len(word)] == word:
            return True
    return False


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bytes():
            return value.decode(errors="replace")
        case str() if _ENCODED.search(value) is not None:
            # As URLs and programs write it.
            return f"{value}\n{decoded(value)}"
        case _:
            return str(value)


def _key_text(column: sa.Column[Any], value: object) -> str:
    return f"{column.name} {value.hex() if isinstance(value, bytes) else value}"
