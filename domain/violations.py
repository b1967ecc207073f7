"""Refusals of a value by its form, independent of stored data."""

from domain.languages import Text
from domain.refusals import Refusal, UserErrorCode


class Empty(Refusal):
    """A required text is empty."""

    text = Text(pt="Informe um valor para “{field}”.", en="Give a value for “{field}”.")


class TooLong(Refusal):
    """A text is too long."""

    text = Text(
        pt="“{field}” pode ter no máximo {longest} caracteres.",
        en="“{field}” can have at most {longest} characters.",
    )


class Unstorable(Refusal):
    """A text has a character that a database can't store."""

    text = Text(
        pt="“{field}” contém um caractere que não pode ser gravado (NUL ou substituto isolado).",
        en="“{field}” contains a character that can't be stored (NUL or a lone surrogate).",
    )


class HiddenCharacter(Refusal):
    """A text has a control or other invisible character."""

    text = Text(
        pt="“{field}” contém um caractere invisível ({character}); apague-o ou digite o texto novamente.",
        en="“{field}” contains an invisible character ({character}); delete it or type the text again.",
    )


class SeveralLines(Refusal):
    """A text of one line has line breaks."""

    text = Text(pt="“{field}” deve ter uma só linha.", en="“{field}” must be on one line.")


class OutOfRange(Refusal):
    """A number is out of range."""

    text = Text(
        pt="“{field}” deve estar entre {lowest} e {highest}.",
        en="“{field}” must be between {lowest} and {highest}.",
    )


class InvalidItemCount(Refusal):
    """A list has too few or too many entries."""

    text = Text(
        pt="“{field}” deve ter de {lowest} a {highest} itens.",
        en="“{field}” must have {lowest} to {highest} entries.",
    )


class InvalidState(Refusal):
    """The abbreviation of a state is unknown."""

    text = Text(
        pt="“{field}” deve ser a sigla de uma UF, como SP.",
        en="“{field}” must be the abbreviation of a Brazilian state, such as SP.",
    )


class InvalidActivationKey(Refusal):
    """An activation key has the wrong form."""

    text = Text(
        pt="A chave de ativação tem de 4 a 64 letras (A–Z), algarismos e hifens, sem espaços.",
        en="An activation key has 4 to 64 letters (A–Z), digits and hyphens, and no spaces.",
    )


class InvalidExpiry(Refusal):
    """The expiry of a token is in the past."""

    text = Text(pt="“{field}” deve estar no futuro.", en="“{field}” must be in the future.")


class InvalidCnpj(Refusal):
    """A CNPJ has a wrong length, invalid characters or wrong check digits."""

    code = UserErrorCode.INVALID_CNPJ
    text = Text(
        pt="O CNPJ deve ter 14 caracteres e dígitos verificadores corretos, como 16.727.230/0001-97.",
        en="A CNPJ has 14 characters and correct check digits, such as 16.727.230/0001-97.",
    )
