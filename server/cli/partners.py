"""`portal create-partner`."""

from typing import Annotated

import typer

from domain.checks import Checks
from domain.partners import NAME_LENGTH
from resolvers import partner_changes
from resolvers.partner_changes import CreatePartner
from resolvers.portal import Portal
from server.cli.runner import run


def create_partner(
    *,
    name: Annotated[str, typer.Option(help="The partner's name.")],
    cnpj: Annotated[str, typer.Option(help="The partner's CNPJ, in any mask.")],
    price_table: Annotated[str, typer.Option(help="The name of its price table, empty at first.")] = "Pauta padrão",
) -> None:
    """Create a partner and its price table."""
    checks = Checks()
    checked_name = checks.text(name, "--name", longest=NAME_LENGTH)
    number = checks.cnpj(cnpj, "--cnpj")
    table_name = checks.text(price_table, "--price-table", longest=NAME_LENGTH)

    async def work(portal: Portal) -> None:
        checks.done()
        new = CreatePartner(name=checked_name, cnpj=number, contacts=(), price_table=table_name)
        await partner_changes.create_by_operator(portal, new)

    run(work)
    typer.echo(f"Created the partner {checked_name} with the price table {table_name}.")
