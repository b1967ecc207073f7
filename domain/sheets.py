"""Sheets that partners import: what is wrong with a file, a row or a cell, in words for a person."""

import errno
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from domain.languages import Fact, Language, Noun, Text
from domain.refusals import Refusal, UserErrorCode

IMPORTED_ROWS_MAX = 5_000
"""Maximum number of rows of one import by the API."""

CONTENT_LENGTH = 2_000_000
"""Maximum characters of one import by the API: twice as many as 5,000 long rows have."""

WARNED_LINES_MAX = 5
"""Maximum number of lines that a warning names."""


class ImportedRowStatus(Enum):
    """What an import did with a row."""

    REGISTERED = "REGISTERED"
    ALREADY_REGISTERED = "ALREADY_REGISTERED"
    REPEATED = "REPEATED"
    INVALID = "INVALID"
    NOT_IMPORTED = "NOT_IMPORTED"


class ImportedProductStatus(Enum):
    """What an import did with a row of products."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    INVALID = "INVALID"
    NOT_IMPORTED = "NOT_IMPORTED"


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
}


class UnreadableFile(SheetRefused):
    """The operating system refuses to read the file."""

    text = Text(pt="O arquivo não pode ser lido: {reason}.", en="The file can't be read: {reason}.")

    def __init__(self, error: OSError) -> None:
        other = f"“{error.strerror or error}”"
        unusual = Text(pt=f"o sistema respondeu {other}", en=f"the system answered {other}")
        super().__init__(reason=_REASONS.get(error.errno, unusual))


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
        pt="Não foi encontrada uma linha de títulos com a coluna: {columns}.",
        en="The file has no line of headers with a column for: {columns}.",
    )

    def __init__(self, columns: Iterable[Sequence[str]]) -> None:
        """Take the possible headers of each missing column."""
        named = tuple(columns)
        either = (("; ".join(word.join(aliases) for aliases in named)) for word in (" ou ", " or "))
        super().__init__(columns=Text(*either))


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


class RowsRefused(Refusal):
    """Nothing is imported, because all rows were asked for and some are bad."""

    text = Text(
        pt="Nada foi importado, porque {bad:linha tem|linhas têm} erro.",
        en="Nothing was imported, because {bad:row has an error|rows have errors}.",
    )


class DotBothWays(SheetRefused):
    """A column has the dot as decimal and as thousands separator."""

    text = Text(
        pt=(
            "Na coluna “{header}”, o ponto separa os decimais na linha {decimal:plain} e os milhares na linha "
            "{thousands:plain}. "
            "Use a vírgula para os decimais."
        ),
        en=(
            "In the column “{header}”, the dot separates the decimals in line {decimal:plain} and the thousands in "
            "line "
            "{thousands:plain}. Write the decimals with a comma."
        ),
    )


class WrongCellCount(Refusal):
    """A row has more or fewer cells than the header."""

    text = Text(
        pt=(
            "A linha tem {cells:célula|células}, e a linha de títulos tem {headers}; uma célula que contém o separador "
            "precisa de aspas."
        ),
        en=(
            "The row has {cells:cell|cells}, and the line of headers {headers}; a cell with a delimiter in it needs "
            "quotation marks."
        ),
    )


class UnpairedQuotes(Refusal):
    """A row has an odd quotation mark."""

    text = Text(pt="As aspas da linha não estão em pares.", en="The quotation marks of the row are not paired.")


class NulInRow(Refusal):
    """A row has a NUL character."""

    text = Text(
        pt="A linha contém um caractere nulo (NUL); apague-o ou digite a linha novamente.",
        en="The row contains a NUL character; delete it or type the row again.",
    )


class Mojibake(Refusal):
    """A text was decoded with the wrong encoding before it was written to the file."""

    text = Text(
        pt="Os acentos de “{written}” estão trocados; provavelmente é “{meant}”.",
        en="The accents of “{written}” are garbled; it is probably “{meant}”.",
    )


class LostCharacters(Refusal):
    """A text has the replacement character."""

    text = Text(
        pt="Os acentos de “{written}” se perderam; digite o texto novamente.",
        en="The accents of “{written}” are lost; type the text again.",
    )


class CnpjRounded(Refusal):
    """A spreadsheet has rounded a CNPJ."""

    code = UserErrorCode.INVALID_CNPJ
    text = Text(
        pt=(
            "A planilha arredondou o CNPJ e seus dígitos se perderam; formate a coluna como texto, digite o número "
            "novamente e exporte outra vez."
        ),
        en=(
            "The spreadsheet has rounded the CNPJ, and its digits are lost; give the column the format of a text, "
            "type the number anew, and export again."
        ),
    )


class CpfGiven(Refusal):
    """The number is that of a person."""

    code = UserErrorCode.INVALID_CNPJ
    text = Text(
        pt="Este é o CPF de uma pessoa, e não um CNPJ; um cliente é uma empresa.",
        en="This is the CPF of a person, and no CNPJ; a client is a company.",
    )


class NoTradeName(Refusal):
    """A row of the open data has no name at all."""

    text = Text(
        pt="O estabelecimento não tem nome fantasia, e o arquivo da Receita não traz a razão social; informe um nome.",
        en="The establishment has no trade name, and the file has no other; give a name.",
    )


class InColumn(Refusal):
    """A cell has a wrong value; `column` is what the sentence calls it."""

    def __init__(self, column: Text, **facts: Fact) -> None:
        super().__init__((), column=column, **facts)


class NoWholeNumber(InColumn):
    """A cell has no whole number of the range."""

    text = Text(
        pt="A coluna “{column}” deve ter um número inteiro de {lowest} a {highest}.",
        en="The column “{column}” must have a whole number from {lowest} to {highest}.",
    )


class NoAnswer(InColumn):
    """A cell is neither yes nor no."""

    text = Text(
        pt="A coluna “{column}” deve ter sim ou não.", en="The column “{column}” must have sim or não (yes or no)."
    )


class NoAmount(InColumn):
    """A cell has no amount of money."""

    text = Text(
        pt="A coluna “{column}” deve ter um valor como 1.234,50, de no máximo {highest}.",
        en="The column “{column}” must have an amount such as 1.234,50 or 1234.50, at most {highest}.",
    )


class UnknownProduct(Refusal):
    """No product has the code or name."""

    text = Text(
        pt="Não existe produto com este código ou nome; existem {codes}.",
        en="There is no product with this code or name; there are {codes}.",
    )


class AmbiguousProduct(Refusal):
    """Several products have the name."""

    text = Text(
        pt="Vários produtos têm este nome ({codes}); informe o código.",
        en="Several products have this name ({codes}); give the code.",
    )


class UnknownOrderType(Refusal):
    """The type of an order is unknown."""

    text = Text(
        pt="O tipo do pedido deve ser Compra ou Adicional.",
        en="The order type must be Compra or Adicional (Purchase or Additional seats).",
    )


class RepeatedTier(Refusal):
    """A product has two tiers from the same quantity."""

    text = Text(
        pt="O produto já tem um preço a partir de {quantity:unidade|unidades}.",
        en="The product already has a price from {quantity:unit|units} on.",
    )


class RepeatedCode(Refusal):
    """A product is in an earlier row."""

    text = Text(pt="{code} já está na linha {line:plain}.", en="{code} is in line {line:plain} already.")


class Warned(Refusal):
    """What a person should look at, though nothing is refused."""

    def __init__(self, lines: Sequence[int] = (), count: int = 0, **facts: Fact) -> None:
        """Take the first lines that it is about, if any, and the number of all of them."""
        self.lines = tuple(lines[:WARNED_LINES_MAX])
        super().__init__((), which=_which(self.lines, count), **facts)


def _which(lines: Sequence[int], count: int) -> Text:
    """Return the lines in words, with the number of those that are not named."""
    named, plural, more = ", ".join(map(str, lines)), "s" if count > 1 else "", count - len(lines)
    also = Text(pt=f" e mais {more}", en=f" and {more} more") if more > 0 else Text("", "")
    return Text(pt=f"linha{plural} {named}{also.pt}", en=f"line{plural} {named}{also.en}")


class OtherEncoding(Warned):
    """Some lines have another encoding than others."""

    text = Text(
        pt="O arquivo mistura codificações. Em Windows-1252: {which}. Confira os acentos.",
        en="The file mixes encodings. In Windows-1252: {which}. Look at the accents.",
    )


class GuessedEncoding(Warned):
    """Lines are in an encoding of MS-DOS, which can only be guessed."""

    text = Text(
        pt="O arquivo parece ser de um programa de MS-DOS. Na página de código 850: {which}. Confira os acentos.",
        en="The file seems to be of a program for MS-DOS. In code page 850: {which}. Look at the accents.",
    )


class UnusedColumns(Warned):
    """Some columns are not known."""

    text = Text(pt="Colunas não usadas: {headers}.", en="Columns that are not used: {headers}.")


class CodedCities(Warned):
    """The open data of Receita Federal has municipalities as codes."""

    text = Text(
        pt="O arquivo da Receita traz os municípios como códigos: o município dos clientes fica vazio.",
        en="The file of Receita Federal has municipalities as codes: the clients' city is left empty.",
    )


def sentences(refusals: Iterable[Refusal], language: Language, labels: Mapping[str, Text]) -> str:
    """Return the messages of refusals; fields are called by the labels of their columns."""
    return " ".join(_sentence(refusal, language, labels) for refusal in refusals)


def _sentence(refusal: Refusal, language: Language, labels: Mapping[str, Text]) -> str:
    label = labels.get(".".join(refusal.path))
    if label is None:
        return refusal.message(language)
    return refusal.about(Noun(pt=f"a coluna “{label.pt}”", en=f"the column “{label.en}”"), language)
