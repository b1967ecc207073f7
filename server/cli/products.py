"""`portal create-product`."""

from typing import Annotated

import typer

from domain.checks import Checks
from domain.products import CODE_LENGTH, INCLUDED_SEATS_MAX, NAME_LENGTH, ProductDetails
from resolvers import products
from resolvers.portal import Portal
from server.cli.printing import say
from server.cli.runner import run


def create_product(
    *,
    code: Annotated[str, typer.Option(help=f"Its code: 1 to {CODE_LENGTH} of A-Z, 0-9, dots, hyphens, underscores.")],
    name: Annotated[str, typer.Option(help="Its name, as partners see it.")],
    included_seats: Annotated[
        int, typer.Option(min=0, max=INCLUDED_SEATS_MAX, help="Number of seats of each license.")
    ],
    active: Annotated[bool, typer.Option("--active/--inactive", help="Whether it can be ordered.")] = True,
) -> None:
    """Create a product, which partners can order once their price tables have a price for it."""
    checks = Checks()
    checked_code = checks.product_code(code, "--code")
    checked_name = checks.text(name, "--name", longest=NAME_LENGTH)

    async def work(portal: Portal) -> None:
        checks.done()
        await products.create_by_operator(portal, ProductDetails(checked_code, checked_name, included_seats, active))

    run(work)
    say(f"Created the product {checked_code}.")
