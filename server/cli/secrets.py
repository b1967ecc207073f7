"""`portal rotate-secret`."""

import typer

from resolvers import secret_rotation
from resolvers.portal import Portal
from resolvers.secret_rotation import Needs
from server.cli.printing import say
from server.cli.runner import WRONGLY_USED, fail, run


def rotate_secret() -> None:
    """Encrypt anew, with SECRET_KEY, what SECRET_KEY_PREVIOUS has encrypted. Run it while servers run with both.

    Servers that do not know the new secret yet can't read what is encrypted anew: first restart all of them with both.
    """

    async def work(portal: Portal) -> tuple[int, Needs]:
        if portal.previous_secret is None:
            fail("SECRET_KEY_PREVIOUS is not set, so that nothing can be read with it.", status=WRONGLY_USED)
        return await secret_rotation.rotate(portal), await secret_rotation.needs(portal)

    number, needs = run(work)
    say(f"Encrypted {number} values anew.")
    if lost := sum(need.none for need in needs.values.values()):
        typer.echo(f"{lost} values can be read with neither secret; portal doctor says which.")
    if needs.users_with_codes:
        typer.echo(f"{needs.users_with_codes} users have recovery codes of an earlier version: see portal doctor.")
    typer.echo("Keep SECRET_KEY_PREVIOUS for two more days, for the idempotency keys claimed with it; then drop it.")
