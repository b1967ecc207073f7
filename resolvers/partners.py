"""The vendor's partners: making one, and finding one by its name."""

from db import access, prices
from db.access import PartnerRow
from db.engine import Transaction
from domain import cnpj as cnpjs
from domain.partners import PartnerCnpjTaken, UnknownPartner
from domain.text import normal
from resolvers.portal import Portal


async def create(portal: Portal, *, name: str, cnpj: str, price_table: str) -> int:
    """Return the id of the new partner, whose price table is empty; raise PartnerCnpjTaken if there is one already."""

    async def insert(tx: Transaction) -> int:
        partner_id = await access.create_partner(tx, name=name, cnpj=cnpj)
        if partner_id is None:
            raise PartnerCnpjTaken(("cnpj",))
        await prices.create_table(tx, partner_id, price_table)
        return partner_id

    return await portal.database.write(insert)


async def named(portal: Portal, name_or_cnpj: str) -> PartnerRow:
    """Return the partner with that name, or that CNPJ in any mask; raise UnknownPartner if that is not exactly one."""
    key = cnpjs.parse(name_or_cnpj) or normal(name_or_cnpj)
    found = await portal.database.read(lambda connection: access.partner_named(connection, key))
    if found is None:
        raise UnknownPartner(("partner",), name=name_or_cnpj)
    return found
