"""Users of a partner or the vendor: rules for email addresses, roles and passwords."""

from domain.access import DEMO_PASSWORD, VENDOR_ROLES, Role
from domain.languages import Text
from domain.refusals import Refusal, UserErrorCode
from domain.text import trimmed

NAME_LENGTH = 200
EMAIL_LENGTH = 254
PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 1_000


class InvalidEmail(Refusal):
    """The email address is invalid."""

    text = Text(
        pt="O e-mail deve ser um endereço, como maria@alfa.example.",
        en="The e-mail must be an address, such as maria@alfa.example.",
    )


class EmailTaken(Refusal):
    """A user of this or another partner has the same email address."""

    text = Text(pt="Já existe um usuário com este e-mail.", en="There is a user with this e-mail address already.")


class UnknownUser(Refusal):
    """No user has the email address."""

    text = Text(pt="Não há usuário com este e-mail.", en="There is no user with this e-mail address.")


class UserDisabled(Refusal):
    """The user is disabled."""

    text = Text(pt="O usuário está desativado; reative-o primeiro.", en="The user is disabled; enable the user first.")


class WrongPassword(Refusal):
    """The current password is wrong."""

    code = UserErrorCode.INVALID_CREDENTIALS
    text = Text(pt="A senha atual está incorreta.", en="The current password is wrong.")


class RoleOfVendor(Refusal):
    """A user of a partner can't have a role of the vendor."""

    text = Text(pt="Este papel é só para os usuários do fornecedor.", en="This role is only for users of the vendor.")


class RoleOfPartner(Refusal):
    """A user of the vendor can't have a role of a partner."""

    text = Text(pt="Este papel é só para os usuários de um parceiro.", en="This role is only for users of a partner.")


class InvalidPassword(Refusal):
    """The password is too short or too long."""

    text = Text(
        pt="A senha deve ter de {lowest} a {highest} caracteres; nenhuma foi definida.",
        en="A password has {lowest} to {highest} characters; none was set.",
    )


class PublicPassword(Refusal):
    """The password is the public one of the demo data."""

    text = Text(
        pt="Esta é a senha pública dos dados de demonstração; com ela não se entra no portal.",
        en="This is the public password of the demo data, which the portal does not accept; none was set.",
    )


def email(text: str) -> str:
    """Return the address as it is stored and looked up: in lower case, without surrounding blanks."""
    return trimmed(text).lower()


def check_email(address: str, *path: str) -> None:
    """Raise InvalidEmail if the address is invalid."""
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or any(character.isspace() for character in address):
        raise InvalidEmail(path)


def check_password(password: str, *path: str) -> None:
    """Raise InvalidPassword or PublicPassword if the password is not allowed."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise InvalidPassword(path, lowest=PASSWORD_LENGTH_MIN, highest=PASSWORD_LENGTH_MAX)
    if password == DEMO_PASSWORD:
        raise PublicPassword(path)


def check_role(role: Role, *path: str, of_vendor: bool) -> None:
    """Raise RoleOfVendor or RoleOfPartner if the role is not one of the user's organization."""
    if of_vendor and role not in VENDOR_ROLES:
        raise RoleOfPartner(path)
    if not of_vendor and role in VENDOR_ROLES:
        raise RoleOfVendor(path)
