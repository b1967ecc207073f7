"""Inputs of the mutations that create and change partners."""

from typing import Any

import strawberry

from domain.access import Role
from domain.checks import Checks
from domain.money import Cents
from domain.partners import CONTACTS_MAX, NAME_LENGTH, PHONE_LENGTH, REASON_LENGTH, Contact, TwoPriceTables
from domain.policies import NETWORKS_MAX, STOCK_WARNING_MAX
from domain.rates import POINTS_PER_SECOND_MAX
from domain.users import EMAIL_LENGTH
from resolvers.invitations import Person
from resolvers.partner_changes import (
    ClosePartner,
    CreatePartner,
    ErasePartnerContacts,
    ReinstatePartner,
    SetPartnerPolicy,
    SuspendPartner,
    UpdatePartner,
)
from schema.arguments import number
from schema.inputs import given, optional


@strawberry.input(description="A person to write to or call at a partner, “contato”.")
class PartnerContactInput:
    name: str = strawberry.field(description="The person's name. 1 to 200 characters.")
    email: str | None = optional("The person's email address. At most 254 characters.")
    phone: str | None = optional("The person's phone number, “telefone”. At most 40 characters.")

    def checked(self, checks: Checks, *path: str) -> Contact:
        """Return the contact, with its refusals added to the checks."""
        return Contact(
            name=checks.text(self.name, *path, "name", longest=NAME_LENGTH),
            email=checks.optional_email(given(self.email), *path, "email", longest=EMAIL_LENGTH),
            phone=checks.optional_text(given(self.phone), *path, "phone", longest=PHONE_LENGTH),
        )


@strawberry.input(description="The first manager of a partner that has no users yet, who is invited.")
class FirstManagerInput:
    name: str = strawberry.field(description="The person's name. 1 to 200 characters.")
    email: str = strawberry.field(
        description="The person's email address, with which they will sign in. At most 254 characters."
    )

    def checked(self, checks: Checks) -> Person:
        """Return the person to invite, with refusals added to the checks."""
        email = checks.email(self.email, "manager", "email", longest=EMAIL_LENGTH)
        return Person(email, checks.text(self.name, "manager", "name", longest=NAME_LENGTH), Role.MANAGER)


def _contacts(contacts: list[PartnerContactInput], checks: Checks) -> tuple[Contact, ...]:
    if not checks.count(len(contacts), "contacts", lowest=0, highest=CONTACTS_MAX):
        return ()
    return tuple(contact.checked(checks, "contacts", str(place)) for place, contact in enumerate(contacts))


@strawberry.input
class OfPartner:
    """Input of a mutation that changes a partner."""

    partner_id: strawberry.ID = strawberry.field(description="The ID of the partner.")


@strawberry.input(description="Input of `createPartner`.")
class CreatePartnerInput:
    name: str = strawberry.field(description="The partner's name. 1 to 200 characters.")
    cnpj: str = strawberry.field(description="The partner's CNPJ, in any mask. No other partner can have the same one.")
    contacts: list[PartnerContactInput] | None = optional("The people to write to or call, at most 10 of them.")
    price_table_id: strawberry.ID | None = optional(
        "The ID of the price table, “Pauta Preço”, that the partner buys by. Without it, the partner gets one of its "
        "own, which is empty at first."
    )
    price_table_name: str | None = optional(
        "The name of a price table of the partner's own; refused with `priceTableId`. At most 200 characters; no other "
        "price table can have the same name. A free name made of the partner's if it is omitted."
    )
    manager: FirstManagerInput | None = optional(
        "The partner's first manager, who is invited as by `inviteUser`. It requires a session. A partner without it "
        "has no users yet."
    )

    def checked(self) -> CreatePartner:
        """Return the partner to create; raise a group of refusals if it is invalid."""
        checks = Checks()
        table = checks.optional_text(given(self.price_table_name), "priceTableName", longest=NAME_LENGTH)
        table_id = number("PriceTable", self.price_table_id)
        if table is not None and table_id is not None:
            checks.refuse(TwoPriceTables(("priceTableName",)))
        manager = given(self.manager)
        new = CreatePartner(
            name=checks.text(self.name, "name", longest=NAME_LENGTH),
            cnpj=checks.cnpj(self.cnpj, "cnpj"),
            contacts=_contacts(given(self.contacts) or [], checks),
            price_table=table,
            price_table_id=table_id,
            manager=None if manager is None else manager.checked(checks),
        )
        checks.done()
        return new


@strawberry.input(description="Input of `updatePartner`. An omitted field is left as it is.")
class UpdatePartnerInput(OfPartner):
    name: str | None = optional("The partner's name. 1 to 200 characters; it can't be cleared.")
    contacts: list[PartnerContactInput] | None = optional(
        "All people to write to or call, at most 10 of them, in place of those before. Null or no contacts clear them."
    )

    manager: FirstManagerInput | None = optional(
        "The partner's first manager, who is invited as by `createPartner`, in place of all who were invited: their "
        "links stop working. It is refused with PARTNER_HAS_USERS once the partner has a user, and requires a session."
    )

    def checked(self) -> UpdatePartner:
        """Return the changes; raise a group of refusals if they are invalid."""
        checks = Checks()
        unset = strawberry.UNSET
        manager = given(self.manager)
        name = None if self.name is unset else checks.text(self.name or "", "name", longest=NAME_LENGTH)
        contacts = None if self.contacts is unset else _contacts(self.contacts or [], checks)
        first = None if manager is None else manager.checked(checks)
        checks.done()
        return UpdatePartner(name, contacts, first)


@strawberry.input(description="Input of `erasePartnerContacts`.")
class ErasePartnerContactsInput(OfPartner):
    def checked(self) -> ErasePartnerContacts:
        """Return nothing more than the partner."""
        return ErasePartnerContacts()


@strawberry.input(description="Input of `suspendPartner`.")
class SuspendPartnerInput(OfPartner):
    reason: str = strawberry.field(
        description=(
            "The reason, such as “inadimplência”, which the partner reads in each refusal. 1 to 200 characters."
        )
    )

    def checked(self) -> SuspendPartner:
        """Return the reason; raise a group of refusals if it is invalid."""
        checks = Checks()
        reason = checks.text(self.reason, "reason", longest=REASON_LENGTH)
        checks.done()
        return SuspendPartner(reason)


@strawberry.input(description="Input of `reinstatePartner`.")
class ReinstatePartnerInput(OfPartner):
    def checked(self) -> ReinstatePartner:
        """Return nothing more than the partner."""
        return ReinstatePartner()


@strawberry.input(description="Input of `closePartner`.")
class ClosePartnerInput(OfPartner):
    def checked(self) -> ClosePartner:
        """Return nothing more than the partner."""
        return ClosePartner()


@strawberry.input(
    description="Input of `setPartnerPolicy`. An omitted field is left as it is, and null turns the policy off."
)
class SetPartnerPolicyInput(OfPartner):
    four_eyes: bool | None = optional("Whether an order is approved by another user than the one who made it.")
    approval_ceiling: Cents | None = optional(
        "The highest `totalWithSetupFee` of an order that the partner's own users approve."
    )
    stock_warning_below: int | None = optional(
        "The number of free licenses of a product below which an event STOCK_LOW is written. 1 to 10,000."
    )
    api_token_networks: list[str] | None = optional(
        "The networks from which API tokens of the partner's users can be used, such as `203.0.113.0/24`, or single "
        "addresses, at most 20 of them, in place of those before. Null or no networks allow any address."
    )
    second_factor_required: bool | None = optional(
        "Whether the partner's users must have a second factor. It holds for sessions that exist, too."
    )
    points_per_second: int | None = optional(
        "The cost points that the partner's users together may use in a second in the long run, in place of the "
        "portal's own limit. 1 to 1,000,000."
    )

    def checked(self) -> SetPartnerPolicy:
        """Return the changes; raise a group of refusals if they are invalid."""
        checks = Checks()
        changes: dict[str, Any] = {}
        if self.four_eyes is not strawberry.UNSET:
            changes["four_eyes"] = bool(self.four_eyes)
        if self.second_factor_required is not strawberry.UNSET:
            changes["second_factor_required"] = bool(self.second_factor_required)
        if self.approval_ceiling is not strawberry.UNSET:
            changes["approval_ceiling"] = self.approval_ceiling
        if self.stock_warning_below is not strawberry.UNSET:
            below = self.stock_warning_below
            changes["stock_warning_below"] = below
            if below is not None:
                checks.number(below, "stockWarningBelow", lowest=1, highest=STOCK_WARNING_MAX)
        if self.points_per_second is not strawberry.UNSET:
            points = self.points_per_second
            changes["points_per_second"] = points
            if points is not None:
                checks.number(points, "pointsPerSecond", lowest=1, highest=POINTS_PER_SECOND_MAX)
        if self.api_token_networks is not strawberry.UNSET:
            changes["api_token_networks"] = _networks(self.api_token_networks or [], checks)
        checks.done()
        return SetPartnerPolicy(tuple(changes.items()))


def _networks(given: list[str], checks: Checks) -> tuple[str, ...]:
    """Return the networks of an input, each once; add refusals to `checks`."""
    if not checks.count(len(given), "apiTokenNetworks", lowest=0, highest=NETWORKS_MAX):
        return ()
    path = "apiTokenNetworks"
    return tuple(dict.fromkeys(checks.network(each, path, str(place)) for place, each in enumerate(given)))
