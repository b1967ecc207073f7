"""What is wrong with a file that is to be a sheet, in words for a person."""

import errno
from collections.abc import Iterable, Mapping

from domain.languages import Text
from domain.refusals import Refusal


class SheetRefused(Refusal):
    """The file can't be read as a sheet."""


_REASONS: Mapping[int | None, Text] = {
    errno.ENOENT: Text(pt="ele não existe", en="it does not exist"),
    errno.ENOTDIR: Text(pt="o caminho não é uma pasta", en="its path is no folder"),
    errno.EISDIR: Text(pt="é uma pasta", en="it is a folder"),
    errno.EACCES: Text(pt="falta a permissão", en="the permission is missing"),
    errno.EPERM: Text(pt="falta a permissão", en="the permission is missing"),
    errno.ENAMETOOLONG: Text(pt="o nome é longo demais", en="its name is too long"),
    errno.EIO: Text(pt="o disco ou a rede falhou", en="the disk or the network failed"),
    errno.ENOSPC: Text(pt="o disco está cheio", en="the disk is full"),
    errno.EDQUOT: Text(pt="a cota do disco acabou", en="the quota of the disk is used up"),
    errno.EROFS: Text(pt="o disco só permite leitura", en="the disk is read-only"),
    errno.EPIPE: Text(pt="quem o lia terminou", en="its reader has ended"),
}


def _reason(error: OSError) -> Text:
    other = f"“{error.strerror or error}”"
    unusual = Text(pt=f"o sistema respondeu {other}", en=f"the system answered {other}")
    return _REASONS.get(error.errno, unusual)


class UnreadableFile(SheetRefused):
    """The operating system refuses to read the file."""

    text = Text(pt="O arquivo não pode ser lido: {reason}.", en="The file can't be read: {reason}.")

    def __init__(self, error: OSError) -> None:
        super().__init__(reason=_reason(error))


class UnwritableReport(SheetRefused):
    """The operating system refuses to write the report of an import."""

    text = Text(
        pt="O relatório {file} não pode ser gravado: {reason}.", en="The report {file} can't be written: {reason}."
    )

    def __init__(self, file: str, error: OSError) -> None:
        no_folder = Text(pt="a pasta dele não existe", en="its folder does not exist")
        super().__init__(file=file, reason=no_folder if error.errno == errno.ENOENT else _reason(error))


class ReportOverFile(SheetRefused):
    """A report would take the place of a file whose good rows are not imported."""

    text = Text(
        pt=(
            "O relatório não pode substituir o próprio arquivo, porque as linhas corretas talvez não sejam importadas. "
            "Dê outro nome ao relatório."
        ),
        en=(
            "The report can't replace the imported file itself, because its good rows may not be imported. "
            "Give the report another name."
        ),
    )


class ReportOverDatabase(SheetRefused):
    """A report would take the place of the database, or of its secret."""

    text = Text(
        pt="O relatório não pode substituir o banco de dados nem a chave secreta dele. Dê outro nome ao relatório.",
        en="The report can't replace the database or its secret. Give the report another name.",
    )


class ChangedFile(SheetRefused):
    """The file became shorter while it was read."""

    text = Text(
        pt="O arquivo mudou durante a leitura. Importe-o novamente.",
        en="The file changed while it was read. Import it again.",
    )


class NoText(SheetRefused):
    """The file has characters that no text has."""

    text = Text(
        pt="O arquivo não é um texto. Exporte a planilha como CSV ou XLSX.",
        en="The file is not a text. Export the sheet as CSV or XLSX.",
    )


class NoBase64(SheetRefused):
    """The content is announced as Base64, and isn't."""

    text = Text(pt="O conteúdo não está em Base64.", en="The content is not in Base64.")


class OldWorkbook(SheetRefused):
    """The file is a workbook in the format of Excel 97."""

    text = Text(
        pt="O arquivo está no formato antigo do Excel (XLS). Salve-o como XLSX ou CSV.",
        en="The file is in the old format of Excel (XLS). Save it as XLSX or CSV.",
    )


class WebPage(SheetRefused):
    """The file is a web page, as some ERPs write under the name of a workbook."""

    text = Text(
        pt="O arquivo é uma página da web com nome de planilha. Abra-o no Excel e salve-o como XLSX ou CSV.",
        en="The file is a web page with the name of a sheet. Open it in Excel and save it as XLSX or CSV.",
    )


class OtherFormat(SheetRefused):
    """The file is of another format, such as PDF."""

    text = Text(
        pt="O arquivo é {kind}. Abra-o no programa que o fez e salve a planilha como XLSX ou CSV.",
        en="The file is {kind}. Open it in the program that made it, and save the sheet as XLSX or CSV.",
    )

    def __init__(self, kind: Text) -> None:
        """Take what the file is, with its article."""
        super().__init__(kind=kind)


ARCHIVE = Text(pt="compactado (ZIP) ou de outro programa", en="an archive (ZIP), or of another program")
BINARY_WORKBOOK = Text(pt="uma planilha binária do Excel (XLSB)", en="a binary workbook of Excel (XLSB)")
OPEN_DOCUMENT = Text(pt="uma planilha do LibreOffice (ODS)", en="a sheet of LibreOffice (ODS)")
PDF = Text(pt="um PDF", en="a PDF")
XML = Text(pt="um XML", en="an XML file")


class BrokenWorkbook(SheetRefused):
    """The workbook is damaged, encrypted, or no workbook."""

    text = Text(
        pt="A planilha XLSX está danificada ou protegida por senha. Salve-a novamente, sem senha, ou como CSV.",
        en="The XLSX workbook is damaged or has a password. Save it again without one, or as CSV.",
    )


class LargeWorkbook(SheetRefused):
    """The workbook is too large when unpacked."""

    text = Text(
        pt=(
            "A planilha XLSX é grande demais: seu conteúdo ocupa mais de {megabytes} MB ou tem células demais. "
            "Salve-a como CSV ou divida-a."
        ),
        en=(
            "The XLSX workbook is too large: it unpacks to more than {megabytes} MB, or has too many cells. "
            "Save it as CSV or split it."
        ),
    )


class TooManyLines(SheetRefused):
    """The sheet has more lines than one import reads."""

    text = Text(
        pt="O arquivo tem mais de {highest} linhas, contando as em branco. Exclua as linhas em branco ou divida-o.",
        en="The file has more than {highest} lines, blank ones included. Delete the blank ones, or split it.",
    )


class LongLine(SheetRefused):
    """A line of the file is longer than any row."""

    text = Text(
        pt="A linha {line:plain} é longa demais para uma linha de planilha.",
        en="Line {line:plain} is too long for a row of a sheet.",
    )


class EmptySheet(SheetRefused):
    """The sheet has no header."""

    text = Text(
        pt="O arquivo está vazio: falta a linha com os nomes das colunas.",
        en="The file is empty: it has to have a line that names the columns.",
    )


class MissingColumns(SheetRefused):
    """No line of the sheet names all required columns."""

    text = Text(
        pt="O arquivo precisa de uma linha de títulos com todas as colunas obrigatórias. Falta {columns:e}.",
        en="The file needs a line of headers with all required columns. It lacks {columns:and}.",
    )

    def __init__(self, columns: Iterable[Text]) -> None:
        """Take a header of each missing column."""
        super().__init__(columns=[Text(f"“{column.pt}”", f"“{column.en}”") for column in columns])


class NoRows(SheetRefused):
    """A sheet of prices has a header, and no row below it."""

    text = Text(
        pt="O arquivo não tem nenhuma linha abaixo da linha de títulos.",
        en="The file has no row below its line of headers.",
    )


class RepeatedColumn(SheetRefused):
    """Two columns have the same header."""

    text = Text(
        pt="Duas colunas se chamam “{header}”. Apague a que não vale.",
        en="Two columns are called “{header}”. Remove the one that does not count.",
    )


class TooManyRows(SheetRefused):
    """The sheet has more rows than one import takes."""

    text = Text(
        pt="O arquivo tem mais de 5.000 linhas. Divida-o em partes e importe uma por vez.",
        en="The file has more than 5,000 rows. Split it, and import one part at a time.",
    )


class DotBothWays(SheetRefused):
    """A sheet has the dot as decimal and as thousands separator, in one column or two."""

    text = Text(
        pt=(
            "O ponto separa os decimais na linha {decimal:plain} da coluna “{decimals_in}”, e os milhares na linha "
            "{thousands:plain} da coluna “{thousands_in}”. Use a vírgula para os decimais."
        ),
        en=(
            "The dot separates the decimals in line {decimal:plain} of the column “{decimals_in}”, and the thousands "
            "in line {thousands:plain} of the column “{thousands_in}”. Write the decimals with a comma."
        ),
    )
