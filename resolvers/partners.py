"""Partners: look-up, and the list of the vendor's users."""

from collections.abc import Iterable
from typing import NamedTuple

from db import partners, price_tables
from db.engine import Connection, Transaction
from db.partners import PartnerFilter, PartnerRow, PartnerSortKey
from domain import cnpj as cnpjs
from domain import partners as rules
from domain.partners import Contact, PartnerCnpjTaken, UnknownPartner, VendorCnpjRequired
from domain.policies import Policy
from domain.price_tables import PriceTableNameTaken, default_names
from domain.refusals import NotFound
from domain.text import normal
from resolvers import pages
from resolvers.context import Context
from resolvers.dataloader import MaybeAwaitable
from resolvers.pages import EVERYTHING, Page, PageArguments, Selection
from resolvers.portal import Portal
from resolvers.viewers import Viewer


def by_id(context: Context, partner_id: int) -> MaybeAwaitable[PartnerRow | None]:
    """Return the partner, if the viewer can see it."""
    return context.loaders.partner.find(partner_id)


def contacts(_: Context, partner: PartnerRow) -> list[Contact]:
    """The partner's contacts."""
    return partners.contacts_of(partner.contacts)


def policy(_: Context, partner: PartnerRow) -> Policy:
    """The partner's policies."""
    return partner.policy


def page(
    context: Context,
    chosen: PartnerFilter,
    by: PartnerSortKey,
    arguments: PageArguments,
    *,
    descending: bool,
    selection: Selection = EVERYTHING,
) -> MaybeAwaitable[Page[PartnerRow]]:
    """Return a page of the partners that the viewer can see."""
    scope = context.signed_in.scope
    listing = partners.listing(scope, chosen, by, descending=descending)
    return pages.page(context, scope, listing, arguments, selection)


async def check_partner(connection: Connection, viewer: Viewer, partner_id: int, *, for_vendor: bool = False) -> None:
    """Raise NotFound unless the viewer can act for the partner: its own, or any for the vendor's users.

    The vendor itself is none, unless what they do can be done `for_vendor` too.
    """
    # A partner's own users are of a partner that exists.
    is_own = partner_id == viewer.partner_id and (for_vendor or not viewer.of_vendor)
    if not is_own and not (viewer.of_vendor and await partners.exists(connection, partner_id)):
        raise NotFound(("partnerId",))


async def check_open(connection: Connection, partner_id: int) -> None:
    """Raise PartnerClosed if the partner is closed.

    A transaction that has appended its events looks at a status that does not change before it ends, since to close a
    partner appends an event too.
    """
    rules.check_open(await partners.status(connection, partner_id))


class NewVendor(NamedTuple):
    """The vendor, as its first user names it."""

    name: str
    cnpj: str | None


async def vendor_id(tx: Transaction, new: NewVendor) -> int:
    """Return the id of the vendor, which is created if there is none.

    Raises VendorCnpjRequired if it has to be created and has no CNPJ, and PartnerCnpjTaken if a partner has that CNPJ.
    """
    found = await partners.vendor(tx)
    if found is not None:
        return found.id
    if new.cnpj is None:
        raise VendorCnpjRequired(("vendorCnpj",))
    created = await partners.create(tx, name=new.name, cnpj=new.cnpj, is_vendor=True)
    if created is None:
        # Another process may have created it meanwhile.
        found = await partners.vendor(tx)
        if found is None:
            raise PartnerCnpjTaken(("vendorCnpj",))
        return found.id
    # Every organization has a price table, so that fields about one need not be null for the vendor's users.
    await give_own_table(tx, created, default_names(new.name, new.cnpj))
    return created


async def vendor(portal: Portal) -> PartnerRow:
    """Return the vendor; raise VendorCnpjRequired before its first user is created."""
    found = await portal.database.read(partners.vendor)
    if found is None:
        raise VendorCnpjRequired(("vendorCnpj",))
    return found


async def give_own_table(tx: Transaction, partner_id: int, names: Iterable[str]) -> int:
    """Give a new partner a price table of its own, without prices, and return its id.

    It has the first of the names that no other one has. Raises PriceTableNameTaken if each of them is taken.
    """
    name = ""
    for name in names:
        table_id = await price_tables.create(tx, name)
        if table_id is not None:
            await price_tables.assign(tx, partner_id, [table_id], preselected_id=table_id)
            return table_id
    raise PriceTableNameTaken(("priceTableName",), name=name)


async def named(portal: Portal, name_or_cnpj: str) -> PartnerRow:
    """Return the partner with that name, or that CNPJ in any mask; raise UnknownPartner if that is not exactly one."""
    key = cnpjs.parse(name_or_cnpj) or normal(name_or_cnpj)
    found = await portal.database.read(lambda connection: partners.named(connection, key))
    if found is None:
        raise UnknownPartner(("partner",), name=name_or_cnpj)
    return found
