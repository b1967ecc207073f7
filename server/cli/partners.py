"""`portal create-partner`."""

from typing import Annotated

import typer

from domain.checks import Checks
from domain.languages import ended
from domain.partners import NAME_LENGTH
from resolvers import partner_changes, price_tables
from resolvers.partner_changes import CreatePartner
from resolvers.portal import Portal
from server.cli.printing import say
from server.cli.runner import run


def create_partner(
    *,
    name: Annotated[str, typer.Option(help="The partner's name.")],
    cnpj: Annotated[str, typer.Option(help="The partner's CNPJ, in any mask.")],
    price_table: Annotated[
        str | None,
        typer.Option(help="The name of the price table that it buys by, new and empty if there is none."),
    ] = None,
) -> None:
    """Create a partner, which buys by the price table that is named, or by a new one of its own."""
    checks = Checks()
    checked_name = checks.text(name, "--name", longest=NAME_LENGTH)
    number = checks.cnpj(cnpj, "--cnpj")
    table_name = None if price_table is None else checks.text(price_table, "--price-table", longest=NAME_LENGTH)

    async def work(portal: Portal) -> str:
        checks.done()
        known = None if table_name is None else await price_tables.find(portal, table_name)
        new = CreatePartner(
            name=checked_name,
            cnpj=number,
            contacts=(),
            price_table=table_name,
            price_table_id=None if known is None else known.id,
        )
        partner_id = await partner_changes.create_by_operator(portal, new)
        return (await price_tables.preselected_of(portal, partner_id)).name

    say(ended(f"Created the partner {checked_name} with the price table {run(work)}."))
