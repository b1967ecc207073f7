"""`portal create-user`, `portal create-vendor-user`, `portal update-user` and `portal users`."""

from enum import Enum
from typing import Annotated

import typer

from db.users import ListedUser
from domain.access import Role
from domain.checks import Checks
from domain.languages import Language
from domain.partners import NAME_LENGTH as PARTNER_NAME_LENGTH
from domain.users import EMAIL_LENGTH, NAME_LENGTH, LastManager, check_password
from domain.users import email as address_of
from resolvers import partners, users
from resolvers.partners import NewVendor
from resolvers.portal import Portal
from resolvers.users import NewUser, UserChange, UserUpdated
from server.cli.listing import instant, print_rows
from server.cli.printing import asked_password, say, typed_line
from server.cli.runner import WRONGLY_USED, fail, run


class PartnerRole(Enum):
    """Roles that a user of a partner can have."""

    VIEWER = Role.VIEWER.value
    OPERATOR = Role.OPERATOR.value
    MANAGER = Role.MANAGER.value


class VendorRole(Enum):
    """Roles that a user of the vendor can have."""

    VENDOR_VIEWER = Role.VENDOR_VIEWER.value
    VENDOR_SALES = Role.VENDOR_SALES.value
    VENDOR_ADMIN = Role.VENDOR_ADMIN.value


_COLUMNS = ("partner", "e-mail", "name", "role", "state")

_Email = Annotated[str, typer.Option(help="The e-mail address that the user signs in with, in any case.")]
_PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking for it.")
]


def create_user(
    *,
    partner: Annotated[str, typer.Option(help="The partner's name or CNPJ.")],
    email: Annotated[str, typer.Option(help="The e-mail address to sign in with.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[PartnerRole, typer.Option(help="The role of the user.", case_sensitive=False)],
    password_stdin: _PasswordStdin = False,
) -> None:
    """Create a user of a partner, who signs in with a password of at least 12 characters."""
    checks = Checks()
    checked_name = checks.text(name, "--name", longest=NAME_LENGTH)
    address = checks.email(email, "--email", longest=EMAIL_LENGTH)

    async def work(portal: Portal) -> None:
        checks.done()
        found = await partners.named(portal, partner)
        password = _password(from_stdin=password_stdin)
        await users.create(portal, found.id, NewUser(address, checked_name, Role(role.value), password))

    run(work)
    say(f"Created the user {address}.")


def create_vendor_user(
    *,
    email: Annotated[str, typer.Option(help="The e-mail address to sign in with.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[VendorRole, typer.Option(help="The role of the user.", case_sensitive=False)],
    vendor: Annotated[
        str, typer.Option(help="The vendor's name. Only the vendor's first user needs it.")
    ] = "Grupo Moderniza",
    vendor_cnpj: Annotated[
        str | None, typer.Option(help="The vendor's CNPJ, in any mask. Only the vendor's first user needs it.")
    ] = None,
    password_stdin: _PasswordStdin = False,
) -> None:
    """Create a user of the vendor, who sees all partners and acts on their behalf as the role allows.

    The first one creates the vendor too, and needs --vendor-cnpj.
    """
    checks = Checks()
    checked_name = checks.text(name, "--name", longest=NAME_LENGTH)
    vendor_name = checks.text(vendor, "--vendor", longest=PARTNER_NAME_LENGTH)
    number = None if vendor_cnpj is None else checks.cnpj(vendor_cnpj, "--vendor-cnpj")
    address = checks.email(email, "--email", longest=EMAIL_LENGTH)

    async def work(portal: Portal) -> None:
        checks.done()
        password = _password(from_stdin=password_stdin)
        new = NewUser(address, checked_name, Role(role.value), password)
        await users.create_for_vendor(portal, NewVendor(vendor_name, number), new)

    run(work)
    say(f"Created the user {address} of the vendor.")


def update_user(
    *,
    email: _Email,
    role: Annotated[Role | None, typer.Option(help="The new role of the user.", case_sensitive=False)] = None,
    disable: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Whether to block or allow sign-ins.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read a new password from standard input.")
    ] = False,
    even_last: Annotated[
        bool, typer.Option("--even-last", help="Whether the last manager may be disabled, or lose the role.")
    ] = False,
) -> None:
    """Change a user's role, disable or enable the user, or set a new password.

    Disabling a user or setting a password ends the user's sessions and API tokens; running servers notice that, or a
    new role, within 5 seconds. Enabling a user restores no token. The last active manager of a partner, or
    administrator of the vendor, is disabled or gets another role only with --even-last.
    """
    if role is None and disable is None and not password_stdin:
        fail("Say what to change: --role, --disable, --enable or --password-stdin.", status=WRONGLY_USED)
    address = address_of(email)

    async def work(portal: Portal) -> UserUpdated:
        password = _password(from_stdin=True) if password_stdin else None
        try:
            return await users.update(portal, address, UserChange(role, disable, password, even_last))
        except LastManager as refusal:
            fail(f"{refusal.message(Language.ENGLISH)} Or add --even-last.")

    ended = run(work)
    say(f"Updated the user {address}. Ended: {ended.sessions} sessions, {ended.api_tokens} API tokens.")


def list_users(
    *,
    partner: Annotated[str | None, typer.Option(help="Only those of the partner with this name or CNPJ.")] = None,
) -> None:
    """Print a line for each user: partner or vendor, e-mail address, name, role, and active or the time of disabling.

    The columns are separated by tabs if the output is not a terminal.
    """

    async def work(portal: Portal) -> list[ListedUser]:
        partner_id = None if partner is None else (await partners.named(portal, partner)).id
        return await users.listed(portal, partner_id)

    rows = [
        (
            user.partner,
            user.email,
            user.name,
            user.role.value,
            "active" if user.disabled_at is None else f"disabled {instant(user.disabled_at)}",
        )
        for user in run(work, reads_only=True)
    ]
    print_rows(_COLUMNS, rows)


def _password(*, from_stdin: bool) -> str:
    password = typed_line("a password") if from_stdin else asked_password()
    check_password(password, "password")
    return password
