"""Lines of a file as texts, in whatever encodings they are."""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, TextIO

from domain.sheet_files import LongLine, NoText, TooManyLines, UnreadableFile
from domain.sheet_warnings import GuessedEncoding, OtherEncoding, Warned
from resolvers.sheets.encodings import DOS, WINDOWS, Encodings

_READ_AGAIN_MAX = 10_000_000
"""Maximum characters that are read again for rows of any length, so that wrong marks take a time that has an end."""

_ROW_MAX_AFTER = 20
"""Maximum number of lines of a row after that."""

LINE_LENGTH_MAX = 1 << 20
"""Maximum characters of a line, which is read into memory as a whole."""

_UTF_16 = {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
_END_OF_FILE = "\x1a"
"""Ctrl-Z, with which programs for MS-DOS end a text; they fill the rest of a block with it or with NUL."""

_FILLING = f"{_END_OF_FILE}\0"
_BLANK = f"{_FILLING} \t\r\n"


class Lines:
    """Counted lines of a file, some of which can be read again."""

    def __init__(self, lines: Iterable[str], *, row_max: int) -> None:
        """Take the maximum number of lines of a row, after which reading fails with csv.Error."""
        self._lines, self._row_max = iter(lines), row_max
        self._returned: deque[str] = deque()
        self._read_again = 0
        self.number = 0
        self.row: list[str] = []
        """Lines read since the row began."""

    def __iter__(self) -> Iterator[str]:
        """Return itself."""
        return self

    def __next__(self) -> str:
        """Return the next line, with its line break; raise csv.Error if the row has too many."""
        if len(self.row) > self._row_max:
            # A reader of CSV begins anew after its own error.
            message = "the row has too many lines"
            raise csv.Error(message)
        line = self._returned.popleft() if self._returned else next(self._lines)
        self.number += 1
        self.row.append(line)
        return line

    def give_back(self) -> None:
        """Read again all but the first line of the row."""
        self._returned.extendleft(reversed(self.row[1:]))
        self.number -= len(self.row) - 1
        self._read_again += sum(map(len, self.row))
        if self._read_again > _READ_AGAIN_MAX:
            self._row_max = min(self._row_max, _ROW_MAX_AFTER)


@contextmanager
def text(opened: BinaryIO, *, lines_max: int) -> Iterator["Text"]:
    """Read an open file as a text; Python knows the line breaks of all systems."""
    try:
        utf_16 = opened.read(2) in _UTF_16
    except OSError as error:
        raise UnreadableFile(error) from None
    file = io.TextIOWrapper(opened, encoding="utf-16" if utf_16 else "latin-1", newline="")
    try:
        yield Text(file, utf_16=utf_16, lines_max=lines_max)
    finally:
        file.detach()


class Text:
    """File of a text, which is surveyed once, and can then be read several times, one after the other."""

    def __init__(self, file: TextIO, *, utf_16: bool, lines_max: int) -> None:
        """Take the file as UTF-16, or else as Latin-1, which has a character for each byte."""
        self._file, self.utf_16, self._lines_max = file, utf_16, lines_max
        self._encodings = Encodings()
        if not self.utf_16:
            self._encodings.survey(_bytes(self._read()))
        self.count = self._note()
        """Number of lines."""

    def __iter__(self) -> Iterator[str]:
        """Read the file from its beginning."""
        lines = self._read() if self.utf_16 else (self._encodings.decoded(line).text for line in _bytes(self._read()))
        for number, line in enumerate(lines):
            yield _without_end_of_file(line if number else line.removeprefix("\ufeff"))

    @property
    def warnings(self) -> list[Warned]:
        """What a person should look at."""
        found = self._encodings
        utf_8 = found.counts.keys() - {WINDOWS, DOS}
        warnings: list[Warned] = []
        if DOS in found.counts:
            warnings.append(GuessedEncoding(found.first[DOS], found.counts[DOS]))
        if WINDOWS in found.counts and (utf_8 or DOS in found.counts):
            warnings.append(OtherEncoding(found.first[WINDOWS], found.counts[WINDOWS]))
        return warnings

    def _note(self) -> int:
        number = 0
        for number, line in enumerate(self._read(), 1):
            if not self.utf_16 and not line.isascii():
                self._encodings.note(line.encode("latin-1"), number)
        return number

    def _read(self) -> Iterator[str]:
        try:
            self._file.seek(0)
            number = 0
            while line := self._file.readline(LINE_LENGTH_MAX):
                number += 1
                if len(line) == LINE_LENGTH_MAX:
                    raise LongLine(line=number)
                if number > self._lines_max:
                    raise TooManyLines(highest=self._lines_max)
                yield line
        except UnicodeError:
            raise NoText from None
        except OSError as error:
            raise UnreadableFile(error) from None


def _bytes(lines: Iterable[str]) -> Iterator[bytes]:
    return (line.encode("latin-1") for line in lines)


def _without_end_of_file(line: str) -> str:
    if _END_OF_FILE not in line:
        return line
    if not line.strip(_BLANK):
        return "\n"
    return line if line.endswith(("\n", "\r")) else line.rstrip(_FILLING)
