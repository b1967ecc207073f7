"""`portal reset-second-factor`."""

from typing import Annotated

import typer

from domain.users import email as address_of
from resolvers import second_factor_resets
from server.cli.printing import say
from server.cli.runner import run


def reset_second_factor(
    *, email: Annotated[str, typer.Option(help="The e-mail address that the user signs in with, in any case.")]
) -> None:
    """Turn two-step verification off for a user who has lost the app and the recovery codes.

    The user then signs in with the password alone, and keeps sessions and API tokens.
    """
    address = address_of(email)
    if run(lambda portal: second_factor_resets.reset_by_operator(portal, address)):
        say(f"Reset the second factor of {address}.")
    else:
        typer.echo(f"The user {address} has no second factor.")
