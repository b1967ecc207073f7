"""`portal unlink-identity`."""

from typing import Annotated

import typer

from domain.users import email as address_of
from resolvers import linked_identities
from server.cli.printing import say
from server.cli.runner import run


def unlink_identity(
    *, email: Annotated[str, typer.Option(help="The e-mail address that the user signs in with, in any case.")]
) -> None:
    """Unlink a user from the identity of the OpenID provider, such as one that is another person's.

    Its tokens are refused within seconds. Another token with the user's verified address can be linked then.
    """
    address = address_of(email)
    if run(lambda portal: linked_identities.unlink_by_operator(portal, address)):
        say(f"Unlinked {address}.")
    else:
        typer.echo(f"The user {address} has no identity.")
