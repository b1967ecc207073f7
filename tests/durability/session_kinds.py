"""Mutations of a load that people do with their own sessions and passwords, each by a person of its own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from uuid import uuid4

from pyotp import TOTP

from resolvers.passwords import hash_password
from tests.api import Api
from tests.durability.kinds import Kind, Makers, Ready
from tests.factories import new_caller
from tests.schema.second_factors import PASSWORD, SIGN_IN, Person

_OTHER_PASSWORD = "fourteen lilac anvils under snow"
_ENABLED = MappingProxyType({"SECOND_FACTOR_ENABLED": 1})
_INVITED = {"name": "Bia Reis", "role": "OPERATOR"}


async def _person(makers: Makers) -> Person:
    """Return a new user of the partner, with a password; `makers.partner` makes their requests."""
    maker, email = makers.partner, f"{uuid4()}@alfa.example"
    password_hash = await hash_password(PASSWORD)
    made = await new_caller(maker.http, maker.portal, maker.partner_id, email=email, password_hash=password_hash)
    return Person(replace(maker, user_id=made.user_id, token=made.token), email)


def _anonymous(person: Person) -> Api:
    return replace(person.api, token=None)


async def _app(person: Person) -> str:
    """Return the secret of an app of the person that no code has confirmed yet."""
    return str((await person.api.done("enrollTotp", "secret", {"password": PASSWORD}))["secret"])


async def _recovery_code(person: Person) -> str:
    """Return a recovery code of the person, who has an app that is confirmed."""
    code = TOTP(await _app(person)).at(datetime.now(UTC))
    return str((await person.api.done("confirmTotp", "recoveryCodes", {"code": code}))["recoveryCodes"][0])


async def _signing_in(makers: Makers) -> Ready:
    person = await _person(makers)
    return Ready(_anonymous(person), {"email": person.email, "password": PASSWORD})


async def _confirming(makers: Makers) -> Ready:
    person = await _person(makers)
    code = await _recovery_code(person)
    given = {"email": person.email, "password": PASSWORD}
    found = (await _anonymous(person).data(SIGN_IN, input=given))["signIn"]
    return Ready(_anonymous(person), {"challenge": found["secondFactor"]["challenge"], "code": code}, _ENABLED)


async def _signed_in(makers: Makers) -> Ready:
    return Ready((await _person(makers)).api, None)


async def _everywhere(makers: Makers) -> Ready:
    return Ready((await _person(makers)).api, {})


async def _changing(makers: Makers) -> Ready:
    given = {"currentPassword": PASSWORD, "newPassword": _OTHER_PASSWORD}
    return Ready((await _person(makers)).api, given)


async def _invited(makers: Makers) -> Ready:
    given = {**_INVITED, "email": f"{uuid4()}@alfa.example"}
    url = str((await makers.partner.done("inviteUser", "invitationUrl", given))["invitationUrl"])
    anonymous = replace(makers.partner, user_id=0, token=None)
    return Ready(anonymous, {"secret": url.partition("#")[2], "password": _OTHER_PASSWORD})


async def _resetting(makers: Makers) -> Ready:
    person = await _person(makers)
    user = (await person.api.data("{ viewer { user { id } } }"))["viewer"]["user"]["id"]
    made = await makers.partner.done("createPasswordResetLink", "passwordResetUrl", {"userId": user})
    secret = str(made["passwordResetUrl"]).partition("#")[2]
    return Ready(_anonymous(person), {"secret": secret, "newPassword": _OTHER_PASSWORD})


async def _enrolling(makers: Makers) -> Ready:
    return Ready((await _person(makers)).api, {"password": PASSWORD})


async def _with_code_of_app(makers: Makers) -> Ready:
    person = await _person(makers)
    # The code of the next step is taken already, and longer than that of this one.
    return Ready(person.api, {"code": TOTP(await _app(person)).at(datetime.now(UTC) + timedelta(seconds=30))})


async def _with_recovery_code(makers: Makers) -> Ready:
    person = await _person(makers)
    return Ready(person.api, {"code": await _recovery_code(person)}, _ENABLED)


_READY: Mapping[str, tuple[Callable[[Makers], Awaitable[Ready]], str]] = {
    "signIn": (_signing_in, "token"),
    "confirmSignIn": (_confirming, "token"),
    "renewSession": (_signed_in, "token"),
    "signOut": (_signed_in, "signedOut"),
    "signOutEverywhere": (_everywhere, "__typename"),
    "acceptInvitation": (_invited, "token"),
    "changePassword": (_changing, "__typename"),
    "resetPassword": (_resetting, "__typename"),
    "enrollTotp": (_enrolling, "__typename"),
    "confirmTotp": (_with_code_of_app, "__typename"),
    "disableTotp": (_with_recovery_code, "__typename"),
    "renewRecoveryCodes": (_with_recovery_code, "__typename"),
}

OF_SESSIONS: Mapping[str, Kind] = {
    name: Kind(ready, selection, takes_key=False) for name, (ready, selection) in _READY.items()
}
"""Every mutation of a person's own sessions, password and second factor."""

ENDS_SESSION = {"renewSession", "signOut", "signOutEverywhere"}
"""Mutations after which the session of their caller is not accepted any more."""

WITHOUT_CHANGE = {"requestPasswordReset"}
"""Mutations that change nothing: the link that this one asks for is made in the background, and sent by e-mail."""
