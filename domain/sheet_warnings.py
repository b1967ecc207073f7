"""What a person should look at in a sheet, though nothing is refused."""

from collections.abc import Sequence

from domain.languages import Fact, Text
from domain.refusals import Refusal

WARNED_LINES_MAX = 5
"""Maximum number of lines that a warning names."""


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


class UnreadPages(Warned):
    """Other sheets of a workbook have the required columns too."""

    text = Text(
        pt="Só a aba “{read}” foi lida. Também têm as colunas: {others}. Importe cada uma em um arquivo próprio.",
        en="Only the sheet “{read}” was read. Others have the columns too: {others}. Import each in a file of its own.",
    )


class CodedCities(Warned):
    """The open data of Receita Federal has municipalities as codes."""

    text = Text(
        pt="O arquivo da Receita traz os municípios como códigos: o município dos clientes fica vazio.",
        en="The file of Receita Federal has municipalities as codes: the clients' city is left empty.",
    )


class AmbiguousDots(Warned):
    """All numbers of a sheet that have a dot have three digits after it."""

    text = Text(
        pt=(
            "Em números como “{written}” ({which}), o ponto foi lido como separador de milhares, e nada no arquivo o "
            "confirma. Se ele separa decimais, use a vírgula."
        ),
        en=(
            "In numbers such as “{written}” ({which}), the dot was read as a separator of thousands, and nothing in "
            "the file confirms it. If it separates decimals, write them with a comma."
        ),
    )
