"""Files that are no sheets are refused with what they are, and what would be right."""

import zipfile
from collections.abc import Mapping
from io import BytesIO

import pytest

from domain.languages import Language
from domain.sheet_files import SheetRefused
from resolvers.sheets import clients
from resolvers.sheets.reader import sheet


def archive(parts: Mapping[str, str]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        for name, content in parts.items():
            written.writestr(name, content)
    return file.getvalue()


def compound(part: str, *, shift: int = 9, sector: int = 0) -> bytes:
    """Return a compound file whose directory, in this sector, has the part."""
    header = bytearray(1 << shift)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[30:32] = shift.to_bytes(2, "little")
    header[48:52] = sector.to_bytes(4, "little")
    return bytes(header) + bytes(sector << shift) + part.encode("utf-16-le")


TYPES = {"[Content_Types].xml": "<x/>"}


@pytest.mark.parametrize(
    ("content", "portuguese"),
    [
        (archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "uma planilha do LibreOffice (ODS)"),
        (archive({**TYPES, "xl/workbook.bin": ""}), "uma planilha binária do Excel (XLSB)"),
        (archive({"clientes.csv": "CNPJ;Nome"}), "compactado (ZIP) ou de outro programa"),
        (archive({"mimetype": "application/epub+zip"}), "compactado (ZIP) ou de outro programa"),
        (archive({**TYPES, "word/document.xml": ""}), "compactado (ZIP) ou de outro programa"),
        (archive(TYPES), "danificada ou protegida por senha"),
        (compound("EncryptedPackage"), "danificada ou protegida por senha"),
        (compound("EncryptedPackage", shift=12, sector=3), "danificada ou protegida por senha"),
        (compound("Workbook"), "formato antigo do Excel (XLS)"),
        (b"%PDF-1.7\n", "um PDF"),
        (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook>', "um XML"),
        (b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n<nfeProc>', "um XML"),
        (b"\xef\xbb\xbf<html><table><tr><td>CNPJ", "uma página da web"),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html>', "uma página da web"),
    ],
)
def test_a_file_of_another_kind_is_called_by_it(content: bytes, portuguese: str) -> None:
    with pytest.raises(SheetRefused) as refused, sheet(BytesIO(content), clients.LAYOUT):
        pass

    assert portuguese in refused.value.message(Language.PORTUGUESE)
    assert "XLSX" in refused.value.message(Language.ENGLISH)
