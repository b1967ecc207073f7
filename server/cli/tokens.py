"""`portal create-token`, `portal tokens` and `portal revoke-token`."""

from datetime import timedelta
from typing import Annotated

import typer

from db.tokens import LiveToken, TokenFilter
from domain.access import Permission, Permissions
from domain.checks import TOKEN_NAME_LENGTH, Checks
from domain.users import email as address_of
from resolvers import partners, tokens
from resolvers.access import PREFIX_LENGTH
from resolvers.portal import Portal
from resolvers.tokens import AmbiguousTokenError, UnknownTokenError
from server.cli.listing import instant, print_rows
from server.cli.printing import refuse_closed_output, say, secret_printed, typed_line
from server.cli.runner import WRONGLY_USED, fail, run

_LONGEST_DAYS = 3650
_CANDIDATES_SHOWN = 20
_COLUMNS = ("id", "e-mail", "kind", "name", "prefix", "permissions", "created", "expires", "last used", "address")


def create_token(
    *,
    email: Annotated[str, typer.Option(help="The e-mail address of the user that the token acts as.")],
    permissions: Annotated[
        str, typer.Option(help="Its permissions: all (those of the user), or names such as CLIENTS_READ,ORDERS_READ.")
    ],
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    expires_in_days: Annotated[
        int | None, typer.Option(min=1, max=_LONGEST_DAYS, help="Days until it expires; it never does by default.")
    ] = None,
) -> None:
    """Create an API token, and print only its secret, which is shown this once."""
    chosen = _chosen(permissions)
    checks = Checks()
    checked_name = checks.text(name, "--name", longest=TOKEN_NAME_LENGTH)

    async def work(portal: Portal) -> str:
        checks.done()
        expires_at = None if expires_in_days is None else portal.now() + timedelta(days=expires_in_days)
        return await tokens.issue(portal, address_of(email), checked_name, chosen=chosen, expires_at=expires_at)

    refuse_closed_output("the token")
    secret = run(work)
    prefix = secret[:PREFIX_LENGTH]
    with secret_printed(f"The token {prefix}… was created but can't be shown; run: portal revoke-token {prefix}"):
        typer.echo(secret)


def list_tokens(
    *,
    email: Annotated[str | None, typer.Option(help="Only those of the user with this e-mail address.")] = None,
    partner: Annotated[str | None, typer.Option(help="Only those of the partner with this name or CNPJ.")] = None,
) -> None:
    """Print a line for each usable session and API token.

    The columns: id, e-mail address, kind, name, prefix of the secret, permissions, creation, expiry, last use (to the
    minute), and the IP address of the last use. They are separated by tabs if the output is not a terminal.
    """

    async def work(portal: Portal) -> list[LiveToken]:
        partner_id = None if partner is None else (await partners.named(portal, partner)).id
        address = None if email is None else address_of(email)
        return await tokens.live(portal, TokenFilter(partner_id=partner_id, email=address))

    print_rows(_COLUMNS, [_cells(token) for token in run(work, reads_only=True)])


def revoke_token(
    token: Annotated[
        str,
        typer.Argument(
            metavar="TOKEN", help="Its id or prefix, as “portal tokens” prints them; or - to read the token itself."
        ),
    ],
) -> None:
    """Revoke a session or an API token. Running servers refuse it within 5 seconds.

    A token that was found somewhere is read from standard input, so that no list of processes or commands has it.
    """
    named = typed_line("a token") if token == "-" else token  # noqa: S105 — no password.

    async def work(portal: Portal) -> LiveToken:
        try:
            return await tokens.revoke(portal, named)
        except UnknownTokenError:
            fail("No live token has this id or prefix. “portal tokens” prints those that there are.")
        except AmbiguousTokenError as error:
            print_rows(_COLUMNS, [_cells(candidate) for candidate in error.candidates[:_CANDIDATES_SHOWN]])
            fail(f"{len(error.candidates)} tokens begin so; name one by its id. None was revoked.", status=WRONGLY_USED)

    revoked = run(work)
    say(f"Revoked the token {revoked.id} ({revoked.prefix}…, “{revoked.name}”) of {revoked.email}.")


def _cells(token: LiveToken) -> tuple[str, ...]:
    return (
        str(token.id),
        token.email,
        token.kind.value,
        token.name,
        token.prefix,
        ",".join(permission.value for permission in Permission if permission in token.permissions),
        instant(token.created_at),
        instant(token.expires_at),
        instant(token.last_used_at),
        token.last_used_address or "-",
    )


def _chosen(permissions: str) -> Permissions | None:
    if permissions.strip().lower() == "all":
        return None
    names = [name.strip().upper() for name in permissions.split(",") if name.strip()]
    unknown = sorted(set(names) - set(Permission.__members__))
    if unknown or not names:
        known = ", ".join(Permission.__members__)
        fail(f"--permissions must be “all”, or some of {known}, with commas between them.", status=WRONGLY_USED)
    return frozenset(Permission[name] for name in names)
