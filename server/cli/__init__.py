"""Command line, `portal`. Each command has a module and is registered here."""

from typing import Annotated

import typer

from server.cli.backups import backup, restore
from server.cli.commands import Commands
from server.cli.copies import copy_from
from server.cli.cost import cost
from server.cli.demo import demo
from server.cli.doctor import doctor
from server.cli.documents import app as documents
from server.cli.erase_check import erase_check
from server.cli.events import app as events
from server.cli.generated import export_messages, export_schema
from server.cli.identities import unlink_identity
from server.cli.imports import app as imports
from server.cli.invitations import invite_user
from server.cli.migrate import migrate
from server.cli.partners import create_partner
from server.cli.products import create_product
from server.cli.row_security import row_security
from server.cli.second_factors import reset_second_factor
from server.cli.secrets import rotate_secret
from server.cli.serve import serve
from server.cli.tokens import create_token, list_tokens, revoke_token
from server.cli.users import create_user, create_vendor_user, list_users, update_user
from server.cli.version import print_version
from server.cli.webhooks import app as webhooks

app = Commands(
    name="portal",
    help="The partner portal: clients, licenses, orders and activations as one GraphQL API.",
    epilog="Settings are environment variables, such as DATABASE_URL and SECRET_KEY; the documentation lists them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def portal(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=print_version)
    ] = False,
) -> None:
    """Take the options that belong to no command."""
    del version


app.command()(serve)
app.command()(migrate)
app.command()(row_security)
app.command()(demo)
app.command()(create_partner)
app.command()(create_product)
app.command()(create_user)
app.command()(create_vendor_user)
app.command()(invite_user)
app.command()(update_user)
app.command("users")(list_users)
app.command()(reset_second_factor)
app.command()(unlink_identity)
app.command()(rotate_secret)
app.command()(create_token)
app.command("tokens")(list_tokens)
app.command()(revoke_token)
app.add_typer(imports, name="import")
app.add_typer(documents, name="documents")
app.add_typer(events, name="events")
app.add_typer(webhooks, name="webhooks")
app.command()(cost)
app.command()(export_schema)
app.command()(export_messages)
app.command()(backup)
app.command()(restore)
app.command()(copy_from)
app.command()(doctor)
app.command("erase-check")(erase_check)
