"""What is wrong with a row or a cell of a sheet, in words for a person."""

from collections.abc import Iterable, Mapping, Sequence

from domain.languages import Language, Noun, Text, listed
from domain.refusals import Refusal, UserErrorCode


class TooFewCells(Refusal):
    """A row has fewer cells than the header, as Excel writes it if the last cells of many rows are empty."""

    text = Text(
        pt=(
            "A linha tem {cells:célula|células}, e a linha de títulos tem {headers}; salve a planilha como XLSX ou "
            "complete a linha com um separador para cada célula vazia."
        ),
        en=(
            "The row has {cells:cell|cells}, and the line of headers {headers}; save the sheet as XLSX, or add a "
            "delimiter to the row for each empty cell."
        ),
    )


class WrongCellCount(Refusal):
    """A row has more cells than the header."""

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


class OfCells(Refusal):
    """A cell of any column is wrong; one sentence names all columns that are wrong alike."""


class Mojibake(OfCells):
    """A text was decoded with the wrong encoding before it was written to the file."""

    text = Text(
        pt="Os acentos de “{written}” em {field} estão trocados; provavelmente é “{meant}”.",
        en="The accents of “{written}” in {field} are garbled; it is probably “{meant}”.",
    )


class LostCharacters(OfCells):
    """A text has the replacement character."""

    text = Text(
        pt="Os acentos de “{written}” em {field} se perderam; digite o texto novamente.",
        en="The accents of “{written}” in {field} are lost; type the text again.",
    )


class ErrorValue(OfCells):
    """A spreadsheet had an error in place of a value."""

    text = Text(
        pt="Em {field}, a planilha mostra o erro {written} no lugar de um valor; corrija-o ou digite o valor.",
        en="In {field}, the spreadsheet shows the error {written} in place of a value; correct it, or type the value.",
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
        pt="O CNPJ informado é o CPF de uma pessoa; um cliente é uma empresa.",
        en="The CNPJ given is the CPF of a person; a client is a company.",
    )


class NoTradeName(Refusal):
    """A row of the open data has no name at all."""

    text = Text(
        pt="O estabelecimento não tem nome fantasia, e o arquivo da Receita não traz a razão social; informe um nome.",
        en="The establishment has no trade name, and the file has no other; give a name.",
    )


class TwoStates(Refusal):
    """A city is written with another state than that of the row."""

    text = Text(
        pt="A cidade está com a UF {of_city}, e a coluna da UF tem {of_column}; corrija uma delas.",
        en="The city has the state {of_city}, and the column of states has {of_column}; correct one of them.",
    )


class NoStateOfCity(OfCells):
    """A city is written with a state that is none."""

    text = Text(
        pt="Em {field}, “{written}” não é a sigla de um estado brasileiro; escreva como em Recife/PE.",
        en="In {field}, “{written}” is not the abbreviation of a Brazilian state; write it as in Recife/PE.",
    )


class NoWholeNumber(Refusal):
    """A cell has no whole number of the range."""

    text = Text(
        pt="{field} deve ter um número inteiro de {lowest} a {highest}.",
        en="{field} must have a whole number from {lowest} to {highest}.",
    )


class NoAnswer(Refusal):
    """A cell is neither yes nor no."""

    text = Text(pt="Informe sim ou não para {field}.", en="Give sim or não (yes or no) for {field}.")


class NoAmount(Refusal):
    """A cell has no amount of money."""

    text = Text(
        pt="{field} deve ter um valor como 1.234,50, de no máximo {highest}.",
        en="{field} must have an amount such as 1.234,50 or 1234.50, at most {highest}.",
    )


class UnknownProduct(Refusal):
    """No product has the code or name."""

    text = Text(
        pt="Informe o código ou o nome de um produto para {field}; existem {codes}.",
        en="Give the code or the name of a product for {field}; there are {codes}.",
    )


class AmbiguousProduct(Refusal):
    """Several products have the name."""

    text = Text(
        pt="{field} tem o nome de vários produtos ({codes}); informe o código.",
        en="{field} has the name of several products ({codes}); give the code.",
    )


class UnknownOrderType(Refusal):
    """The type of an order is unknown."""

    text = Text(
        pt="{field} deve ter Compra ou Adicional.",
        en="{field} must have Compra or Adicional (Purchase or Additional seats).",
    )


class RepeatedTier(Refusal):
    """A product has two tiers from the same quantity."""

    text = Text(
        pt="O produto já tem um preço a partir de {quantity:unidade|unidades}.",
        en="The product already has a price from {quantity:unit|units} on.",
    )


class TooManyTiers(Refusal):
    """A product has more tiers for one order type than a price table takes."""

    text = Text(
        pt="Cada produto tem no máximo {highest} faixas por tipo de pedido.",
        en="Each product has at most {highest} tiers for an order type.",
    )


class RepeatedCode(Refusal):
    """A product is in an earlier row."""

    text = Text(
        pt="O código {code} já está na linha {line:plain}.", en="The code {code} is in line {line:plain} already."
    )


def sentences(refusals: Iterable[Refusal], language: Language, columns: Mapping[str, Text]) -> str:
    """Return the messages of refusals, each once; fields are called by the headers of their columns.

    What is wrong with several cells alike, such as an error of a formula, is one sentence with all of their columns.
    """
    alike: dict[object, list[Refusal]] = {}
    for refusal in refusals:
        key = (type(refusal), *refusal.facts.items()) if isinstance(refusal, OfCells) else refusal
        alike.setdefault(key, []).append(refusal)
    return " ".join(dict.fromkeys(_sentence(each, language, columns) for each in alike.values()))


def _sentence(alike: Sequence[Refusal], language: Language, columns: Mapping[str, Text]) -> str:
    refusal = alike[0]
    if isinstance(refusal, OfCells):
        quoted = [[f"“{_name(each, columns).within(language)}”" for each in alike] for language in Language]
        return refusal.about(Noun(listed(quoted[0], "e"), listed(quoted[1], "and")), language)
    name = columns.get(".".join(refusal.path))
    if name is None:
        return refusal.message(language)
    return refusal.about(Noun(pt=f"a coluna “{name.pt}”", en=f"the column “{name.en}”"), language)


def _name(refusal: Refusal, columns: Mapping[str, Text]) -> Text:
    path = ".".join(refusal.path)
    return columns.get(path) or Text(path, path)
