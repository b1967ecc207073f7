"""`portal unlink-identity`."""

from typing import Annotated

import typer

from domain.users import email as address_of
from resolvers import linked_identities
from server.cli.printing import say
from server.cli.runner import run


def unlink_identity(
    *,
    email: Annotated[str, typer.Option(help="The e-mail address that the user signs in with, in any case.")],
    can_link_again: Annotated[
        bool,
        typer.Option(
            "--can-link-again", help="Let the identity, and all that were unlinked before, be linked to the user again."
        ),
    ] = False,
) -> None:
    """Unlink a user from the identity of the OpenID provider, such as one that is another person's.

    Its tokens are refused within seconds, and the API tokens that it created end. A token of another identity with the
    user's verified address can be linked then.
    """
    address = address_of(email)
    if run(lambda portal: linked_identities.unlink_by_operator(portal, address, can_link_again=can_link_again)):
        say(f"Unlinked {address}.")
    else:
        typer.echo(f"The user {address} has no identity.")
