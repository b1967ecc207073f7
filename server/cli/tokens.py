"""`portal create-token`: API tokens for scripts."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from db import access, events
from db.access import NewToken
from domain.access import ROLE_PERMISSIONS, Permission, Permissions, TokenKind
from domain.checks import Checks
from domain.events import Event, EventType
from domain.refusals import PermissionNotHeld
from resolvers.access import add_api_token, new_secret
from resolvers.portal import Portal
from server.cli.running import WRONGLY_USED, fail, run

_NAME_LENGTH = 100
_LONGEST_DAYS = 3650


class NoSuchUser(LookupError):  # noqa: N818 — it is named by what is missing.
    """Nobody signs in with that e-mail address."""


def create_token(
    *,
    email: Annotated[str, typer.Option(help="The e-mail address of the user that the token acts as.")],
    permissions: Annotated[
        str, typer.Option(help="What it may do: all that the user may, or names such as CLIENTS_READ,ORDERS_READ.")
    ],
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    expires_in_days: Annotated[
        int | None, typer.Option(min=1, max=_LONGEST_DAYS, help="When it stops working; never, if not given.")
    ] = None,
) -> None:
    """Make an API token, and print its secret alone. It is shown this once."""
    chosen = _chosen(permissions)
    checks = Checks()
    checked_name = checks.text(name, "--name", longest=_NAME_LENGTH)

    async def work(portal: Portal) -> str:
        checks.done()
        expires_at = None if expires_in_days is None else portal.now() + timedelta(days=expires_in_days)
        try:
            return await issue(portal, email.strip().lower(), checked_name, chosen=chosen, expires_at=expires_at)
        except NoSuchUser:
            fail("There is no user with this e-mail address.")

    typer.echo(run(work))


async def issue(
    portal: Portal, email: str, name: str, *, chosen: Permissions | None, expires_at: datetime | None
) -> str:
    """The secret of a new API token of a user; it may do what was chosen, or all that the user's role gives now."""
    async with portal.database.write() as tx:
        found = await access.credentials(tx, email)
        if found is None:
            raise NoSuchUser(email)
        user = (await access.users_by_ids(tx, found.partner_id, [found.user_id]))[found.user_id]
        held = ROLE_PERMISSIONS[user.role]
        for permission in sorted((chosen or held) - held, key=lambda missing: missing.value):
            raise PermissionNotHeld(("--permissions",), permission=permission.value)
        secret = new_secret(TokenKind.API)
        new = NewToken(
            user_id=user.id,
            kind=TokenKind.API,
            name=name,
            prefix=secret.prefix,
            digest=secret.digest,
            chosen=held if chosen is None else chosen,
            expires_at=expires_at,
        )
        now = portal.now()
        token_id = await add_api_token(tx, user.partner_id, new, at=now)
        created = Event(type=EventType.TOKEN_CREATED, token_id=token_id)
        await events.append(tx, user.partner_id, [created], actor_id=user.id, at=now)
    return secret.secret


def _chosen(permissions: str) -> Permissions | None:
    if permissions.strip().lower() == "all":
        return None
    names = [name.strip().upper() for name in permissions.split(",") if name.strip()]
    unknown = sorted(set(names) - set(Permission.__members__))
    if unknown or not names:
        known = ", ".join(Permission.__members__)
        fail(f"--permissions must be “all”, or some of {known}, with commas between them.", status=WRONGLY_USED)
    return frozenset(Permission[name] for name in names)
