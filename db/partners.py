"""Statements that read and create partners, and the vendor, which is a row of the same table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection, Transaction, filters, one, returned
from db.engine.expressions import among, contains, starts_with
from db.engine.filters import PARTNER, RowsById, Shape, one_each, one_row, tenancy, upsert, value, values_of
from db.engine.keyset import Sorting
from db.engine.listings import LISTINGS_KEPT, Listing
from db.engine.statement import Statement
from db.tables import partner_counters, partners
from domain.money import Cents
from domain.partners import Contact, PartnerStatus
from domain.policies import Policy
from domain.tenancy import ALL_PARTNERS, Scope
from domain.text import fold


class PartnerRow(NamedTuple):
    """Partner, or the vendor."""

    id: int
    name: str
    name_folded: str
    cnpj: str
    is_vendor: bool
    status: PartnerStatus
    suspended_at: datetime | None
    suspension_reason: str | None
    closed_at: datetime | None
    contacts: str
    """A JSON array of the contacts, each an array of name, email address and phone number."""
    four_eyes: bool
    approval_ceiling: Cents | None
    stock_warning_below: int | None
    api_token_networks: str
    """Networks in CIDR notation, with blanks between them."""
    second_factor_required: bool
    points_per_second: int | None

    @property
    def policy(self) -> Policy:
        """Return the partner's policies."""
        return Policy(
            self.four_eyes,
            self.approval_ceiling,
            self.stock_warning_below,
            tuple(self.api_token_networks.split()),
            self.second_factor_required,
            self.points_per_second,
        )


class PartnerSortKey(Enum):
    """Sort keys of partners."""

    NAME = "NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerFilter:
    """Filter of partners. Texts are folded, CNPJs unmasked."""

    search: str | None = None
    search_cnpj: str | None = None
    cnpj: str | None = None
    status: frozenset[PartnerStatus] | None = None


COLUMNS = tuple(partners.c[name] for name in PartnerRow._fields)


def listing(scope: Scope, chosen: PartnerFilter, by: PartnerSortKey, *, descending: bool) -> Listing[PartnerRow]:
    """Return the list of a scope's partners that match the filter, without the vendor."""
    shape, values = filters.shaped(scope, chosen)
    return _listing(shape, by, descending=descending, all_partners=scope is ALL_PARTNERS).of(values)


@lru_cache(maxsize=LISTINGS_KEPT)
def _listing(shape: Shape, by: PartnerSortKey, *, descending: bool, all_partners: bool) -> Listing[PartnerRow]:
    key = {PartnerSortKey.NAME: partners.c.name_folded}[by]
    mine = tenancy(all_partners=all_partners)
    return Listing(
        name="partners",
        row=PartnerRow,
        columns=COLUMNS,
        where=[
            sa.and_(mine(partners.c.id), ~partners.c.is_vendor),
            *_conditions(filters.named(PartnerFilter, shape)),
        ],
        key=key.name,
        sorting=Sorting(key, partners.c.id, descending=descending),
    )


def _conditions(chosen: PartnerFilter) -> Iterable[ColumnElement[bool]]:
    if chosen.search is not None:
        found = [contains(partners.c.name_folded, chosen.search)]
        if chosen.search_cnpj is not None:
            found.append(contains(partners.c.cnpj, chosen.search_cnpj))
        yield sa.or_(*found)
    if chosen.cnpj is not None:
        yield starts_with(partners.c.cnpj, chosen.cnpj)
    if chosen.status is not None:
        yield filters.one_of(partners.c.status, "status", chosen.status)


by_ids = RowsById(
    lambda mine: Statement(
        sa.select(*COLUMNS).where(mine(partners.c.id), among(partners.c.id, "ids")),
        PartnerRow,
        reads=one_each("ids"),
    )
)
"""The partners of a scope, by id."""
_NAMED = Statement(
    sa.select(*COLUMNS)
    .where(
        ~partners.c.is_vendor,
        sa.or_(partners.c.name_folded == sa.bindparam("folded"), partners.c.cnpj == sa.bindparam("text")),
    )
    .order_by(sa.case((partners.c.name == sa.bindparam("text"), 0), else_=1))
    .limit(2),
    PartnerRow,
)
_ANY: Statement[bool] = Statement(sa.select(sa.select(partners.c.id).exists()), value)
_VENDOR = Statement(sa.select(*COLUMNS).where(partners.c.is_vendor), PartnerRow)
_IS_PARTNER: Statement[bool] = Statement(
    sa.select(sa.literal(value=True)).where(partners.c.id == sa.bindparam("of_id"), ~partners.c.is_vendor),
    value,
    reads=one_row,
)
_STATUS: Statement[PartnerStatus] = Statement(sa.select(partners.c.status).where(partners.c.id == PARTNER), value)
_CREATE: Statement[int] = upsert(
    partners,
    lambda insert: insert.on_conflict_do_nothing().returning(partners.c.id),
    value,
    inserted=["name", "name_folded", "cnpj", "is_vendor", "contacts"],
)
_CREATE_COUNTERS = Statement(
    sa.insert(partner_counters).values(order_number=0, event_number=0), values_of, inserted=["partner_id"]
)


async def named(connection: Connection, name_or_cnpj: str) -> PartnerRow | None:
    """Return the partner with that CNPJ, or that name in any case and with or without its accents.

    Of several, it is the one whose name is written so; None unless that is exactly one.
    """
    found = await connection.fetch(_NAMED, {"folded": fold(name_or_cnpj), "text": name_or_cnpj})
    wanted = [row for row in found if row.name == name_or_cnpj] or found
    return wanted[0] if len(wanted) == 1 else None


async def exists_any(connection: Connection) -> bool:
    """Return whether there is any partner, or the vendor."""
    return await returned(connection, _ANY)


async def exists(connection: Connection, partner_id: int) -> bool:
    """Return whether a partner other than the vendor has the id."""
    return await one(connection, _IS_PARTNER, {"of_id": partner_id}) is not None


async def status(connection: Connection, partner_id: int) -> PartnerStatus:
    """Return the status of a partner or the vendor."""
    return await returned(connection, _STATUS, {"partner_id": partner_id})


async def vendor(connection: Connection) -> PartnerRow | None:
    """Return the vendor, or None before its first user is created."""
    return await one(connection, _VENDOR)


async def create(
    tx: Transaction, *, name: str, cnpj: str, is_vendor: bool = False, contacts: Sequence[Contact] = ()
) -> int | None:
    """Create a partner with counters at zero and return its id, or None if the CNPJ is taken.

    The vendor can be created once; None for another one.
    """
    partner = {
        "name": name,
        "name_folded": fold(name),
        "cnpj": cnpj,
        "is_vendor": is_vendor,
        "contacts": stored(contacts),
    }
    partner_id = await one(tx, _CREATE, partner)
    if partner_id is not None:
        await tx.execute(_CREATE_COUNTERS, {"partner_id": partner_id})
    return partner_id


def stored(contacts: Sequence[Contact]) -> str:
    """Return contacts as the column has them."""
    return orjson.dumps([tuple(contact) for contact in contacts]).decode()


def contacts_of(column: str) -> list[Contact]:
    """Return the contacts that the column has."""
    return [Contact(*contact) for contact in orjson.loads(column)]
