"""Users of a partner or the vendor: rules for email addresses, roles and passwords."""

import re
import unicodedata
from collections.abc import Sequence

from domain.access import DEMO_PASSWORD, VENDOR_ROLES, Role
from domain.languages import Text
from domain.refusals import Path, Refusal, UserErrorCode
from domain.text import fold, trimmed, visible

NAME_LENGTH = 200
EMAIL_LENGTH = 254
PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 1_000

_LIKE_ASCII = re.compile("([\u037e\u1fef\u212a])")
"""Characters that Unicode's NFC replaces by one of ASCII."""

_WORD = re.compile(r"\w+")
_WORD_LENGTH_MIN = 3
_REST_LENGTH_MIN = 8


class InvalidEmail(Refusal):
    """The email address is invalid."""

    text = Text(
        pt="O e-mail deve ser um endereço como maria@alfa.example.",
        en="The e-mail must be an address such as maria@alfa.example.",
    )


class EmailTaken(Refusal):
    """A user of this or another partner has the same email address."""

    code = UserErrorCode.EMAIL_TAKEN
    text = Text(pt="Já existe um usuário com este e-mail.", en="There is a user with this e-mail address already.")


class UnknownUser(Refusal):
    """No user has the email address."""

    text = Text(pt="Não há usuário com este e-mail.", en="There is no user with this e-mail address.")


class UserDisabled(Refusal):
    """The user is disabled."""

    code = UserErrorCode.USER_DEACTIVATED
    text = Text(
        pt="O usuário está desativado. Reative-o primeiro.",
        en="The user is deactivated. Reactivate the user first.",
    )


class OwnUser(Refusal):
    """Users don't deactivate themselves, change their own role, or make a link for their own password."""

    code = UserErrorCode.OWN_USER
    text = Text(
        pt="Você não pode fazer isto com seu próprio usuário. Peça a outra pessoa.",
        en="You can't do this to your own user. Ask someone else.",
    )


class LastManager(Refusal):
    """The organization would have no active user left who manages its users."""

    code = UserErrorCode.LAST_MANAGER
    text = Text(
        pt="Esta é a última pessoa ativa que administra os usuários. Dê antes o mesmo perfil a outra pessoa.",
        en="This is the last active person who manages users. Give someone else the same role first.",
    )


class WrongPassword(Refusal):
    """The current password is wrong."""

    code = UserErrorCode.INVALID_CREDENTIALS
    text = Text(pt="A senha atual está incorreta.", en="The current password is wrong.")


class GuessablePassword(Refusal):
    """The password is easy to guess."""

    text = Text(
        pt=(
            "Esta senha é fácil de adivinhar. Use mais palavras, que não sejam comuns nem façam parte do seu nome ou "
            "e-mail."
        ),
        en=(
            "This password is easy to guess. Use more words that are neither common nor part of your name or e-mail "
            "address."
        ),
    )


class RoleOfVendor(Refusal):
    """A user of a partner can't have a role of the vendor."""

    text = Text(
        pt="Este perfil é só para usuários do fornecedor.",
        en="This role is only for users of the vendor.",
    )


class RoleOfPartner(Refusal):
    """A user of the vendor can't have a role of a partner."""

    text = Text(
        pt="Este perfil é só para usuários de um parceiro.",
        en="This role is only for users of a partner.",
    )


class InvalidPassword(Refusal):
    """The password is too short or too long."""

    text = Text(
        pt="A senha deve ter de {lowest} a {highest} caracteres.",
        en="The password must have {lowest} to {highest} characters.",
    )


class PublicPassword(Refusal):
    """The password is the public one of the demo data."""

    text = Text(
        pt="Esta é a senha pública dos dados de demonstração. Escolha outra.",
        en="This is the public password of the demo data. Choose another one.",
    )


def email(text: str) -> str:
    """Return the address as it is stored and looked up: in lower case and NFC, without surrounding blanks.

    A character such as the Kelvin sign, which either would make a letter of ASCII, stays: it is another person's
    address.
    """
    small = "".join(each if not each.isascii() and each.lower().isascii() else each.lower() for each in trimmed(text))
    if small.isascii():
        return small
    parts = _LIKE_ASCII.split(small)
    return "".join(each if place % 2 else unicodedata.normalize("NFC", each) for place, each in enumerate(parts))


def check_email(address: str, *path: str) -> None:
    """Raise InvalidEmail if the address is invalid."""
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or any(character.isspace() for character in address):
        raise InvalidEmail(path)


def composed(password: str) -> str:
    """Return a password as its characters are counted and hashed, in NFC, which keyboards don't always type."""
    return unicodedata.normalize("NFC", password)


def password_forms(password: str) -> Sequence[str]:
    """Return the texts of which a typed password may have the hash: in NFC, or as it was typed when it was chosen."""
    return list(dict.fromkeys((composed(password), password)))


def check_password(password: str, *path: str) -> None:
    """Raise InvalidPassword or PublicPassword if the password is not allowed."""
    if password == DEMO_PASSWORD:
        raise PublicPassword(path)
    if not PASSWORD_LENGTH_MIN <= len(composed(password)) <= PASSWORD_LENGTH_MAX:
        raise InvalidPassword(path, lowest=PASSWORD_LENGTH_MIN, highest=PASSWORD_LENGTH_MAX)


def personal_words(*texts: str) -> list[str]:
    """Return the words of a person's name and email address that a password must not consist of, longest first."""
    words = {word for text in texts for word in _WORD.findall(fold(text)) if len(word) >= _WORD_LENGTH_MIN}
    return sorted(words, key=lambda word: (-len(word), word))


def check_not_personal(password: str, words: Sequence[str], *path: str) -> None:
    """Raise GuessablePassword if little is left of the password without those words."""
    rest = fold(visible(password))
    for word in words:
        rest = rest.replace(word, "")
    if len(rest) < _REST_LENGTH_MIN:
        raise GuessablePassword(path)


MANAGING_ROLES = frozenset({Role.MANAGER, Role.VENDOR_ADMIN})
"""Roles of which each organization keeps one active user, who manages the others."""


def check_change(role: Role, *, own: bool, others: bool, path: Path) -> None:
    """Raise OwnUser or LastManager if a user of that role must not lose it.

    `others` says whether the organization has other active users of the role.
    """
    if own:
        raise OwnUser(path)
    if role in MANAGING_ROLES and not others:
        raise LastManager(path)


def check_role(role: Role, *path: str, of_vendor: bool) -> None:
    """Raise RoleOfVendor or RoleOfPartner if the role is not one of the user's organization."""
    if of_vendor and role not in VENDOR_ROLES:
        raise RoleOfPartner(path)
    if not of_vendor and role in VENDOR_ROLES:
        raise RoleOfVendor(path)
