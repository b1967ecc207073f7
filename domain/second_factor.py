"""Second factors of users: codes of an app (RFC 6238), recovery codes, and the second step of a sign-in."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum
from hmac import compare_digest
from typing import NamedTuple

from pyotp import TOTP

from domain.languages import Text
from domain.refusals import Refusal, UserErrorCode
from domain.text import ascii_upper

ISSUER = "Moderniza"
"""Name of the portal in the list of an authenticator app."""

WINDOW = 1
"""Number of steps of 30 seconds before and after the current one whose codes are accepted."""

CHALLENGE_LIFETIME = timedelta(minutes=5)
ENROLLMENT_LIFETIME = timedelta(minutes=15)
"""How long an enrolled app can be confirmed."""

WRONG_CODES_MAX = 5
"""Number of wrong codes after which a challenge is void."""

RECOVERY_CODES = 10
RECOVERY_CODE_BITS = 80

CODE_LENGTH_MAX = 100
CHALLENGE_LENGTH_MAX = 200

_STEP_SECONDS = 30
_TOTP_LENGTH = 6
_RECOVERY_LENGTH = 16
_GROUP_LENGTH = 4
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TYPED = str.maketrans("OIL", "011", " -\t\u00a0")


class SecondFactorKind(Enum):
    """Kind of proof that the second step of a sign-in takes."""

    TOTP = "TOTP"
    RECOVERY_CODE = "RECOVERY_CODE"


class Code(NamedTuple):
    """Code that a person typed, without blanks and hyphens, and what it can be by its form."""

    kind: SecondFactorKind
    text: str


class WrongCode(Refusal):
    """The code is wrong, or was used already."""

    code = UserErrorCode.INVALID_CODE
    text = Text(
        pt="O código está incorreto, expirou ou já foi usado. Digite o próximo código do aplicativo.",
        en="The code is wrong, has expired or was used already. Enter the app's next code.",
    )


class SignInExpired(Refusal):
    """The sign-in's second step came too late, was done already, or had too many wrong codes."""

    code = UserErrorCode.SIGN_IN_EXPIRED
    text = Text(
        pt="Esta tentativa de acesso não vale mais. Entre de novo com seu e-mail e sua senha.",
        en="This sign-in is no longer valid. Sign in again with your e-mail and password.",
    )


class SecondFactorEnabled(Refusal):
    """The user has a second factor already."""

    code = UserErrorCode.SECOND_FACTOR_ENABLED
    text = Text(
        pt="A verificação em duas etapas já está ativa. Desative-a antes de cadastrar outro aplicativo.",
        en="Two-step verification is on already. Turn it off before you set up another app.",
    )


class SecondFactorNotEnabled(Refusal):
    """The user has no second factor."""

    code = UserErrorCode.SECOND_FACTOR_NOT_ENABLED
    text = Text(
        pt="A verificação em duas etapas não está ativa.",
        en="Two-step verification is not on.",
    )


class NothingEnrolled(Refusal):
    """The user has no app to confirm."""

    code = UserErrorCode.SECOND_FACTOR_NOT_ENABLED
    text = Text(
        pt="Não há aplicativo para confirmar. Cadastre-o primeiro.",
        en="There is no app to confirm. Set it up first.",
    )


class OneProofRequired(Refusal):
    """Exactly one of the password and a code must be given."""

    text = Text(
        pt="Informe a senha ou um código: só um dos dois.",
        en="Give either the password or a code: only one of them.",
    )


class OwnSecondFactor(Refusal):
    """Users turn their own second factor off with their password or a code."""

    code = UserErrorCode.OWN_USER
    text = Text(
        pt="Para o próprio usuário, desative a verificação em duas etapas com a senha ou um código.",
        en="For your own user, turn two-step verification off with your password or a code.",
    )


def code(text: str) -> Code | None:
    """Return what a person typed, in any case and grouping; None if it has the form of no code."""
    typed = text.translate(_TYPED)
    if len(typed) == _TOTP_LENGTH and typed.isascii() and typed.isdigit():
        return Code(SecondFactorKind.TOTP, typed)
    typed = ascii_upper(text).translate(_TYPED)
    if len(typed) == _RECOVERY_LENGTH and set(typed) <= set(_CROCKFORD):
        return Code(SecondFactorKind.RECOVERY_CODE, typed)
    return None


def steps(now: datetime) -> Iterator[int]:
    """Yield the steps whose codes are accepted, as numbers of 30 seconds since 1970."""
    current = int(now.timestamp()) // _STEP_SECONDS
    yield from range(current - WINDOW, current + WINDOW + 1)


def step_of(secret: str, typed: str, now: datetime, *, last: int | None) -> int | None:
    """Return the accepted step that the code is of, later than the last used one; None if there is none."""
    app = TOTP(secret, digits=_TOTP_LENGTH, interval=_STEP_SECONDS)
    found = [step for step in steps(now) if compare_digest(app.generate_otp(step), typed)]
    return next((step for step in found if last is None or step > last), None)


def uri(secret: str, email: str) -> str:
    """Return the otpauth URI of a secret, which an authenticator app reads from a QR code."""
    return TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def recovery_code(random: int) -> str:
    """Return 16 Crockford base-32 characters in four groups, made of 80 random bits."""
    digits = "".join(_CROCKFORD[random >> 5 * place & 31] for place in range(_RECOVERY_LENGTH))
    return "-".join(digits[start : start + _GROUP_LENGTH] for start in range(0, _RECOVERY_LENGTH, _GROUP_LENGTH))


def is_required(*, by_partner: bool, of_vendor: bool, of_vendor_users: bool) -> bool:
    """Return whether a user must have a second factor: by the partner's policy, or as the vendor's users must."""
    return of_vendor_users if of_vendor else by_partner
