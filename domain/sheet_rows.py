"""What is wrong with a row or a cell of a sheet, in words for a person."""

from collections.abc import Iterable, Mapping

from domain.languages import Fact, Language, Noun, Text
from domain.refusals import Refusal, UserErrorCode


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


class ErrorValue(Refusal):
    """A spreadsheet had an error in place of a value."""

    text = Text(
        pt="A planilha mostra o erro {written} no lugar de um valor; corrija a célula ou digite o valor.",
        en="The spreadsheet shows the error {written} in place of a value; correct the cell, or type the value.",
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


class TwoStates(Refusal):
    """A city is written with another state than that of the row."""

    text = Text(
        pt="A cidade está com a UF {of_city}, e a coluna da UF tem {of_column}; corrija uma delas.",
        en="The city has the state {of_city}, and the column of states has {of_column}; correct one of them.",
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


class TooManyTiers(Refusal):
    """A product has more tiers for one order type than a price table takes."""

    text = Text(
        pt="Cada produto tem no máximo {highest} faixas por tipo de pedido.",
        en="Each product has at most {highest} tiers for an order type.",
    )


class RepeatedCode(Refusal):
    """A product is in an earlier row."""

    text = Text(pt="{code} já está na linha {line:plain}.", en="{code} is in line {line:plain} already.")


def sentences(refusals: Iterable[Refusal], language: Language, labels: Mapping[str, Text]) -> str:
    """Return the messages of refusals; fields are called by the labels of their columns."""
    return " ".join(_sentence(refusal, language, labels) for refusal in refusals)


def _sentence(refusal: Refusal, language: Language, labels: Mapping[str, Text]) -> str:
    label = labels.get(".".join(refusal.path))
    if label is None:
        return refusal.message(language)
    return refusal.about(Noun(pt=f"a coluna “{label.pt}”", en=f"the column “{label.en}”"), language)
