"""`portal create-partner` and `portal create-user`: what a vendor sets up before a partner can sign in."""

import sys
from typing import Annotated

import typer

from db import access, prices
from domain import cnpj
from domain.access import DEMO_PASSWORD, Role
from domain.checks import Checks
from resolvers.passwords import hash_password
from resolvers.portal import Portal
from server.cli.running import WRONGLY_USED, fail, run

_NAME_LENGTH = 200
_EMAIL_LENGTH = 254
_SHORTEST_PASSWORD = 10
_LONGEST_PASSWORD = 1_000


def create_partner(
    *,
    name: Annotated[str, typer.Option(help="The partner's name.")],
    cnpj: Annotated[str, typer.Option(help="The partner's CNPJ, in any mask.")],
    price_table: Annotated[str, typer.Option(help="The name of its price table, empty at first.")] = "Pauta padrão",
) -> None:
    """Make a partner and its price table."""
    checks = Checks()
    checked_name = checks.text(name, "--name", longest=_NAME_LENGTH)
    number = checks.cnpj(cnpj, "--cnpj")
    table_name = checks.text(price_table, "--price-table", longest=_NAME_LENGTH)

    async def work(portal: Portal) -> None:
        checks.done()
        async with portal.database.write() as tx:
            partner_id = await access.create_partner(tx, name=checked_name, cnpj=number)
            if partner_id is None:
                fail("There is a partner with this CNPJ already.")
            await prices.create_table(tx, partner_id, table_name)

    run(work)
    typer.echo(f"Created the partner {checked_name} with the price table {table_name}.")


def create_user(
    *,
    partner: Annotated[str, typer.Option(help="The partner's name or CNPJ.")],
    email: Annotated[str, typer.Option(help="The e-mail address to sign in with.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[Role, typer.Option(help="What the person may do.", case_sensitive=False)],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking for it.")
    ] = False,
) -> None:
    """Make a user of a partner, who signs in with a password of at least 10 characters."""
    checks = Checks()
    checked_name = checks.text(name, "--name", longest=_NAME_LENGTH)
    address = checks.text(email, "--email", longest=_EMAIL_LENGTH).lower()

    async def work(portal: Portal) -> None:
        checks.done()
        if not _looks_like_an_address(address):
            fail("--email must be an e-mail address, such as maria@alfa.example.", status=WRONGLY_USED)
        async with portal.database.read() as connection:
            found = await access.partner_named(connection, cnpj_or_name(partner))
        if found is None:
            fail(f"No partner, or more than one, is called “{partner}”. Its CNPJ always says which one is meant.")
        password_hash = await hash_password(_password(from_stdin=password_stdin))
        async with portal.database.write() as tx:
            user_id = await access.create_user(
                tx, found.id, email=address, name=checked_name, role=role, password_hash=password_hash
            )
        if user_id is None:
            fail("There is a user with this e-mail address already.")

    run(work)
    typer.echo(f"Created the user {address}.")


def cnpj_or_name(text: str) -> str:
    """What a partner was called by: its CNPJ without the mask, or its name."""
    return cnpj.parse(text) or text.strip()


def _looks_like_an_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and not any(character.isspace() for character in text)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        fail(
            f"A password has {_SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters; none was set.",
            status=WRONGLY_USED,
        )
    if password == DEMO_PASSWORD:
        fail("This is the public password of the demo data; nobody could sign in with it.", status=WRONGLY_USED)
    return password
