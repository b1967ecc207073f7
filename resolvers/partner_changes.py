"""What the vendor does to a partner: creating, updating, suspending, reinstating and closing it, and its policies."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from db import event_log, invitations, partner_changes, partners, price_tables, users
from db.engine import Transaction
from domain import partners as rules
from domain.events import Event, EventType
from domain.partners import Contact, PartnerCnpjTaken, PartnerHasUsers, PartnerInUse, PartnerStatus
from domain.price_tables import default_names
from domain.refusals import NotFound
from resolvers import vendor_events
from resolvers.invitations import Person, PersonInvited, invite_to
from resolvers.mutations import Work, mutation
from resolvers.partners import give_own_table
from resolvers.portal import Portal
from resolvers.user_changes import require_session


class CreatePartner(NamedTuple):
    """A partner to create, which buys by the price table, or by a new empty one of that name, and its first manager."""

    name: str
    cnpj: str
    contacts: tuple[Contact, ...]
    price_table: str | None = None
    price_table_id: int | None = None
    manager: Person | None = None


class PartnerChanged(NamedTuple):
    """The partner that was created or changed, and the invitation of its first manager; None if no one is invited."""

    partner_id: int
    invited: PersonInvited | None = None


@mutation("createPartner", PartnerChanged, for_vendor=True)
async def create(work: Work, given: CreatePartner) -> PartnerChanged:
    """Create a partner, which buys by a price table that exists or by one of its own, and invite its first manager."""
    partner_id, of_vendor = await _create(work.tx, given)
    happened, invited = [Event(type=EventType.PARTNER_CREATED)], None
    if given.manager is not None:
        require_session(work)
        invited = await invite_to(work, partner_id, given.manager, "manager", "email")
        happened.append(Event(type=EventType.USER_INVITED))
    await work.append_to(partner_id, *happened)
    if of_vendor:
        await work.append(*of_vendor)
    return PartnerChanged(partner_id, invited)


async def create_by_operator(portal: Portal, given: CreatePartner) -> int:
    """Return the id of the new partner; raise PartnerCnpjTaken if a partner has the CNPJ."""

    async def insert(tx: Transaction) -> int:
        partner_id, of_vendor = await _create(tx, given)
        created = [Event(type=EventType.PARTNER_CREATED)]
        await event_log.append(tx, partner_id, created, actor_id=None, at=portal.now())
        await vendor_events.append(portal, tx, of_vendor)
        return partner_id

    return await portal.database.write(insert)


async def _create(tx: Transaction, given: CreatePartner) -> tuple[int, Sequence[Event]]:
    """Return the id of the new partner, and what happened in the vendor's feed."""
    partner_id = await partners.create(tx, name=given.name, cnpj=given.cnpj, contacts=given.contacts)
    if partner_id is None:
        raise PartnerCnpjTaken(("cnpj",))
    if given.price_table_id is None:
        names = [given.price_table] if given.price_table else default_names(given.name, given.cnpj)
        table_id = await give_own_table(tx, partner_id, names)
        return partner_id, [Event(type=EventType.PRICE_TABLE_CREATED, price_table_id=table_id)]
    if await price_tables.locked(tx, given.price_table_id) is None:
        raise NotFound(("priceTableId",))
    await price_tables.assign(tx, partner_id, [given.price_table_id], preselected_id=given.price_table_id)
    return partner_id, []


class UpdatePartner(NamedTuple):
    """New details of a partner, None for what it keeps, and its first manager, None to invite no one."""

    name: str | None
    contacts: tuple[Contact, ...] | None
    manager: Person | None = None


@mutation("updatePartner", PartnerChanged)
async def update(work: Work, given: UpdatePartner) -> PartnerChanged:
    """Write a new name or new contacts of a partner, and invite its first manager in place of who was invited.

    If the details are as before, nothing happens to them.
    """
    partner = await partner_changes.locked(work.tx, work.partner_id)
    name = partner.name if given.name is None else given.name
    contacts = partners.contacts_of(partner.contacts)
    wanted = contacts if given.contacts is None else list(given.contacts)
    if (name, wanted) != (partner.name, contacts):
        await partner_changes.set_details(work.tx, partner.id, name=name, contacts=wanted)
        await work.append(Event(type=EventType.PARTNER_UPDATED))
    invited = None
    if given.manager is not None:
        rules.check_open(partner.status)
        invited = await _invite_first(work, given.manager)
    return PartnerChanged(partner.id, invited)


async def _invite_first(work: Work, manager: Person) -> PersonInvited:
    """Invite a manager in place of all who were invited; raise PartnerHasUsers if the partner has a user."""
    require_session(work)
    if await users.has_any(work.tx, work.partner_id):
        raise PartnerHasUsers(("manager",))
    # Before the invitations, as where a user is deactivated.
    await work.act()
    revoked = await invitations.revoke_all(work.tx, work.partner_id, at=work.now)
    invited = await invite_to(work, work.partner_id, manager, "manager", "email")
    await work.append(
        *[Event(type=EventType.INVITATION_REVOKED)] * revoked,
        Event(type=EventType.USER_INVITED),
    )
    return invited


class ErasePartnerContacts(NamedTuple):
    """A partner whose contacts are to be erased, which is the one that the mutation is for."""


@mutation("erasePartnerContacts", PartnerChanged)
async def erase_contacts(work: Work, _given: ErasePartnerContacts) -> PartnerChanged:
    """Erase all contacts of a partner; if it has none, nothing happens."""
    partner = await partner_changes.locked(work.tx, work.partner_id)
    if partners.contacts_of(partner.contacts):
        await partner_changes.set_details(work.tx, partner.id, name=partner.name, contacts=())
        await work.append(Event(type=EventType.PARTNER_CONTACTS_ERASED))
        work.after_commit.append(work.context.portal.database.mark_erased)
    return PartnerChanged(partner.id)


class SuspendPartner(NamedTuple):
    """Why the partner is suspended."""

    reason: str


@mutation("suspendPartner", PartnerChanged)
async def suspend(work: Work, given: SuspendPartner) -> PartnerChanged:
    """Suspend an active partner: it orders, approves and activates no more. Correct the reason of a suspended one."""
    partner = await partner_changes.locked(work.tx, work.partner_id)
    since, kind = work.now, EventType.PARTNER_SUSPENDED
    if partner.suspended_at is not None and given.reason != partner.suspension_reason:
        since, kind = partner.suspended_at, EventType.PARTNER_UPDATED
    else:
        rules.move(partner.status, PartnerStatus.SUSPENDED, ("partnerId",))
    await partner_changes.set_status(work.tx, partner.id, PartnerStatus.SUSPENDED, at=since, reason=given.reason)
    await work.append(Event(type=kind))
    return PartnerChanged(partner.id)


class ReinstatePartner(NamedTuple):
    """A suspended partner to reinstate, which is the one that the mutation is for."""


@mutation("reinstatePartner", PartnerChanged)
async def reinstate(work: Work, _given: ReinstatePartner) -> PartnerChanged:
    """End the suspension of a partner."""
    await _check_move(work, PartnerStatus.ACTIVE)
    await partner_changes.set_status(work.tx, work.partner_id, PartnerStatus.ACTIVE, at=work.now)
    await work.append(Event(type=EventType.PARTNER_REINSTATED))
    return PartnerChanged(work.partner_id)


class ClosePartner(NamedTuple):
    """A partner to close for good, which is the one that the mutation is for."""


@mutation("closePartner", PartnerChanged)
async def close(work: Work, _given: ClosePartner) -> PartnerChanged:
    """Close a partner that has no active activation and no pending order."""
    await _check_move(work, PartnerStatus.CLOSED)
    in_use = await partner_changes.in_use(work.tx, work.partner_id)
    if any(in_use):
        raise PartnerInUse(("partnerId",), activations=in_use.activations, orders=in_use.orders)
    await partner_changes.set_status(work.tx, work.partner_id, PartnerStatus.CLOSED, at=work.now)
    await work.append(Event(type=EventType.PARTNER_CLOSED))
    return PartnerChanged(work.partner_id)


async def _check_move(work: Work, to: PartnerStatus) -> None:
    """Lock the partner, and refuse a status that it can't get."""
    partner = await partner_changes.locked(work.tx, work.partner_id)
    rules.move(partner.status, to, ("partnerId",))


class SetPartnerPolicy(NamedTuple):
    """New settings of policies, by the names of `Policy`; what `changes` does not name is kept."""

    changes: tuple[tuple[str, Any], ...]


@mutation("setPartnerPolicy", PartnerChanged)
async def set_policy(work: Work, given: SetPartnerPolicy) -> PartnerChanged:
    """Write policies of a partner; if they are as before, nothing happens."""
    partner = await partner_changes.locked(work.tx, work.partner_id)
    wanted = partner.policy._replace(**dict(given.changes))
    if wanted != partner.policy:
        await partner_changes.set_policy(work.tx, partner.id, wanted)
        await work.append(Event(type=EventType.PARTNER_POLICY_CHANGED))
        # Each remembers the networks of the partner's API tokens.
        work.after_commit.append(partial(work.context.portal.viewers.forget_partner, partner.id))
    return PartnerChanged(partner.id)
