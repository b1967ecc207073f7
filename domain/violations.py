"""Refusals of a value by its form, independent of stored data."""

from domain.languages import Text
from domain.refusals import Refusal, UserErrorCode


class Empty(Refusal):
    """A required text is empty."""

    text = Text(
        pt="Informe {field}.",
        en="Give {field}.",
    )


class TooLong(Refusal):
    """A text is too long."""

    text = Text(
        pt="{field} pode ter no máximo {longest} caracteres.",
        en="{field} can have at most {longest} characters.",
    )


class Unstorable(Refusal):
    """A text has a character that a database can't store."""

    text = Text(
        pt="{field} contém um caractere que não pode ser gravado. Digite o texto novamente.",
        en="{field} contains a character that can't be stored. Type the text again.",
    )


class HiddenCharacter(Refusal):
    """A text has a control or other invisible character."""

    text = Text(
        pt="{field} contém um caractere invisível ({character}). Apague-o ou digite o texto novamente.",
        en="{field} contains an invisible character ({character}). Delete it or type the text again.",
    )


class SeveralLines(Refusal):
    """A text of one line has line breaks."""

    text = Text(
        pt="{field} deve ter uma só linha.",
        en="{field} must be on one line.",
    )


class OutOfRange(Refusal):
    """A number is out of range."""

    text = Text(
        pt="{field} deve estar entre {lowest} e {highest}.",
        en="{field} must be between {lowest} and {highest}.",
    )


class InvalidItemCount(Refusal):
    """A list has too few or too many entries."""

    text = Text(pt="Informe de {lowest} a {highest} {entries}.", en="Give {lowest} to {highest} {entries}.")


class TooManyItems(Refusal):
    """A list that may be empty has too many entries."""

    text = Text(pt="Informe no máximo {highest} {entries}.", en="Give at most {highest} {entries}.")


class InvalidState(Refusal):
    """The abbreviation of a state is unknown."""

    text = Text(
        pt="{field} deve ser a sigla de um estado brasileiro, como SP.",
        en="{field} must be the abbreviation of a Brazilian state, such as SP.",
    )


class InvalidActivationKey(Refusal):
    """An activation key has the wrong form."""

    text = Text(
        pt="A chave de ativação deve ter de 4 a 64 caracteres: letras sem acento, algarismos e hifens, sem espaços.",
        en=(
            "The activation key must have 4 to 64 characters: letters without accents, digits and hyphens, and no "
            "spaces."
        ),
    )


class InvalidExpiry(Refusal):
    """The expiry of a token is in the past."""

    text = Text(
        pt="{field} deve ser posterior a agora, {now}.",
        en="{field} must be later than now, {now}.",
    )


class InvalidCnpj(Refusal):
    """A CNPJ has a wrong length, invalid characters or wrong check digits."""

    code = UserErrorCode.INVALID_CNPJ
    text = Text(
        pt="O CNPJ deve ter 14 caracteres e dígitos verificadores corretos, como 16.727.230/0001-97.",
        en="The CNPJ must have 14 characters and correct check digits, such as 16.727.230/0001-97.",
    )
