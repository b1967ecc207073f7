"""Kinds of files that are no sheets, known by their first bytes or by the parts of an archive."""

import re
from collections.abc import Mapping
from io import SEEK_SET
from typing import BinaryIO
from zipfile import ZipFile

from domain.languages import Text
from domain.sheet_files import (
    ARCHIVE,
    BINARY_WORKBOOK,
    OPEN_DOCUMENT,
    PDF,
    XML,
    BrokenWorkbook,
    OldWorkbook,
    OtherFormat,
    WebPage,
)

_BOM = b"\xef\xbb\xbf"
_WEB_PAGE = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html|table|meta|head|style)", re.IGNORECASE)
_BEGINNINGS: Mapping[bytes, Text] = {b"%PDF": PDF, b"<?xml": XML}

_COMPOUND = b"\xd0\xcf\x11\xe0"
"""First bytes of a compound file: a workbook of Excel 97, or a newer one that has a password (MS-CFB)."""

_SHIFT_AT, _DIRECTORY_AT = 30, 48
_DIRECTORY_BYTES = 4_096
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
_TYPES = "[Content_Types].xml"
_OTHER_OFFICE = ("word/", "ppt/", "visio/")
"""Folders of files of other programs of Office."""


def check(opened: BinaryIO, beginning: bytes) -> None:
    """Raise a refusal if the file, which begins so, is neither a text nor a workbook; leave it at its beginning."""
    if beginning.startswith(_COMPOUND):
        raise BrokenWorkbook if _is_encrypted(opened, beginning) else OldWorkbook
    plain = beginning.removeprefix(_BOM)
    if _WEB_PAGE.match(plain):
        raise WebPage
    for first, kind in _BEGINNINGS.items():
        if plain.lstrip().startswith(first):
            raise OtherFormat(kind)


def check_archive(archive: ZipFile) -> None:
    """Raise a refusal if the archive is known to be no workbook."""
    names = set(archive.namelist())
    if "mimetype" in names:
        with archive.open("mimetype") as opened:
            raise OtherFormat(OPEN_DOCUMENT if opened.read(len(_OPEN_DOCUMENT)) == _OPEN_DOCUMENT else ARCHIVE)
    if "xl/workbook.bin" in names:
        raise OtherFormat(BINARY_WORKBOOK)
    if _TYPES not in names or any(name.startswith(_OTHER_OFFICE) for name in names):
        raise OtherFormat(ARCHIVE)


def _is_encrypted(opened: BinaryIO, beginning: bytes) -> bool:
    """Return whether the directory of the compound file has the part of an encrypted workbook."""
    size = 1 << min(int.from_bytes(beginning[_SHIFT_AT : _SHIFT_AT + 2], "little"), 12)
    sector = int.from_bytes(beginning[_DIRECTORY_AT : _DIRECTORY_AT + 4], "little")
    opened.seek((sector + 1) * size, SEEK_SET)
    directory = opened.read(_DIRECTORY_BYTES)
    opened.seek(0)
    return _ENCRYPTED in directory
