"""`portal demo`."""

from time import monotonic
from typing import Annotated

import typer

from db import partners
from demo import making
from demo.making import LEAST, NotEmptyError
from demo.plan import Sizes, TooFewOrdersError
from domain.access import DEMO_PASSWORD
from resolvers.portal import Portal
from server.cli.printing import say
from server.cli.progress import progress
from server.cli.runner import WRONGLY_USED, fail, run, settings

_Clients = Annotated[int, typer.Option(min=LEAST.clients, help="Number of clients of all partners.")]
_Activations = Annotated[int, typer.Option(min=LEAST.activations, help="Number of activations in the whole year.")]
_Orders = Annotated[int, typer.Option(min=LEAST.orders, help="Number of orders, in every status.")]


def demo(
    *,
    clients: _Clients = 60,
    activations: _Activations = 150,
    orders: _Orders = 40,
    seed: Annotated[int, typer.Option(help="Seed of the random data: the same seed makes the same demo.")] = 1,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing if there are partners, instead of failing.")
    ] = False,
) -> None:
    """Fill an empty database with a year of three made-up partners. Requires DEMO=true: its password is public."""
    if not settings().demo:
        fail(
            "This makes users whose password is public. Set DEMO=true to say that the portal is a demonstration.",
            status=WRONGLY_USED,
        )
    sizes = Sizes(clients, activations, orders)
    began = monotonic()
    if not run(lambda portal: _make(portal, sizes, seed=seed, if_empty=if_empty)):
        typer.echo("There are partners in the database already: nothing was changed.")
        return
    seconds = monotonic() - began
    say(
        f"Made three partners with {clients} clients, {activations} activations and {orders} orders in {seconds:.1f} s."
    )
    typer.echo(f"Sign in as gerente@alfa.example, operador@alfa.example or consulta@alfa.example: {DEMO_PASSWORD}")
    typer.echo("The vendor's users are admin@moderniza.example and vendas@moderniza.example, with the same password.")


async def _make(portal: Portal, sizes: Sizes, *, seed: int, if_empty: bool) -> bool:
    empty = not await portal.database.read(partners.exists_any)
    if not empty and if_empty:
        return False
    try:
        with progress() as on_progress:
            await making.make(portal, sizes, seed=seed, now=portal.now(), report=on_progress)
    except NotEmptyError:
        fail("There are partners in the database already: demo data goes into an empty one only. Nothing was changed.")
    except TooFewOrdersError as error:
        fail(f"{error}. Nothing was changed.", status=WRONGLY_USED)
    return True
