"""Mutations of the vendor that create and change partners."""

from typing import Annotated

import strawberry

from db.partners import PartnerRow
from resolvers import partner_changes
from resolvers.dataloader import MaybeAwaitable
from resolvers.partner_changes import PartnerChanged
from schema.errors import Payload, settle
from schema.nodes import Info
from schema.partner_inputs import (
    ClosePartnerInput,
    CreatePartnerInput,
    ErasePartnerContactsInput,
    ReinstatePartnerInput,
    SetPartnerPolicyInput,
    SuspendPartnerInput,
    UpdatePartnerInput,
)
from schema.partners import Partner


@strawberry.type
class PartnerChangedPayload(Payload):
    """Partner that a mutation changed, or the refusals."""

    outcome: strawberry.Private[PartnerChanged | None] = None

    @strawberry.field(
        graphql_type=Partner | None,
        description="The partner after the mutation. Returns null if `userErrors` is not empty.",
    )
    def partner(self, info: Info) -> MaybeAwaitable[PartnerRow | None]:
        return None if self.outcome is None else info.context.loaders.partner.find(self.outcome.partner_id)


@strawberry.type
class InvitingPayload(PartnerChangedPayload):
    """Partner that was created or updated, with the link of its first manager."""

    @strawberry.field(
        description=(
            "The link to pass on to the first manager. It is shown only once. Returns null if the portal sends it by "
            "e-mail, if no manager is invited, and if `userErrors` is not empty."
        )
    )
    def invitation_url(self) -> str | None:
        invited = None if self.outcome is None else self.outcome.invited
        return None if invited is None else invited.url


@strawberry.type(description="Return type of `createPartner`.")
class CreatePartnerPayload(InvitingPayload):
    """New partner."""


@strawberry.type(description="Return type of `updatePartner`.")
class UpdatePartnerPayload(InvitingPayload):
    """Partner with its new details."""


@strawberry.type(description="Return type of `erasePartnerContacts`.")
class ErasePartnerContactsPayload(PartnerChangedPayload):
    """Partner without contacts."""


@strawberry.type(description="Return type of `suspendPartner`.")
class SuspendPartnerPayload(PartnerChangedPayload):
    """Suspended partner."""


@strawberry.type(description="Return type of `reinstatePartner`.")
class ReinstatePartnerPayload(PartnerChangedPayload):
    """Reinstated partner."""


@strawberry.type(description="Return type of `closePartner`.")
class ClosePartnerPayload(PartnerChangedPayload):
    """Closed partner."""


@strawberry.type(description="Return type of `setPartnerPolicy`.")
class SetPartnerPolicyPayload(PartnerChangedPayload):
    """Partner with its new policies."""


@strawberry.type
class PartnerMutations:
    @strawberry.mutation(
        description=(
            "Creates a partner that buys by the price table of `priceTableId`, or else by an empty one of its own, and "
            "invites its first manager if `manager` is given."
        )
    )
    @staticmethod
    async def create_partner(
        info: Info, input: Annotated[CreatePartnerInput, strawberry.argument(description="The partner to create.")]
    ) -> CreatePartnerPayload:
        return await settle(CreatePartnerPayload, info.context, input, partner_changes.create)

    @strawberry.mutation(
        description=(
            "Updates the name or the contacts of a partner, and invites its first manager if `manager` is given, such "
            "as to another address, or anew after the link has expired."
        )
    )
    @staticmethod
    async def update_partner(
        info: Info, input: Annotated[UpdatePartnerInput, strawberry.argument(description="The partner's new details.")]
    ) -> UpdatePartnerPayload:
        return await settle(UpdatePartnerPayload, info.context, input, partner_changes.update)

    @strawberry.mutation(
        description="Erases the names, email addresses and phone numbers of a partner's contacts. It can't be undone."
    )
    @staticmethod
    async def erase_partner_contacts(
        info: Info,
        input: Annotated[
            ErasePartnerContactsInput, strawberry.argument(description="The partner whose contacts to erase.")
        ],
    ) -> ErasePartnerContactsPayload:
        return await settle(ErasePartnerContactsPayload, info.context, input, partner_changes.erase_contacts)

    @strawberry.mutation(
        description=(
            "Suspends an active partner. Until it is reinstated, creating and approving its orders, activating its "
            "licenses and moving one to another client are refused with PARTNER_SUSPENDED, also for the vendor's "
            "users. What is active stays active, and everything can be read and cancelled. With another reason for a "
            "partner that is suspended already, it corrects the reason, and `suspendedAt` stays; with the same one, it "
            "is refused with PARTNER_TRANSITION."
        )
    )
    @staticmethod
    async def suspend_partner(
        info: Info,
        input: Annotated[SuspendPartnerInput, strawberry.argument(description="The partner to suspend, and why.")],
    ) -> SuspendPartnerPayload:
        return await settle(SuspendPartnerPayload, info.context, input, partner_changes.suspend)

    @strawberry.mutation(description="Ends the suspension of a partner.")
    @staticmethod
    async def reinstate_partner(
        info: Info,
        input: Annotated[ReinstatePartnerInput, strawberry.argument(description="The partner to reinstate.")],
    ) -> ReinstatePartnerPayload:
        return await settle(ReinstatePartnerPayload, info.context, input, partner_changes.reinstate)

    @strawberry.mutation(
        description=(
            "Closes a partner for good. It is refused with PARTNER_IN_USE while the partner has an active activation "
            "or a pending order. A closed partner's data can still be read, exported and erased, but the time and the "
            "reason of a suspension are not kept. What adds to its business or changes it is refused with "
            "PARTNER_CLOSED, also for the vendor's users on its behalf: its clients, activations, orders, stock "
            "warnings, policies and price tables, new users, and new webhooks."
        )
    )
    @staticmethod
    async def close_partner(
        info: Info, input: Annotated[ClosePartnerInput, strawberry.argument(description="The partner to close.")]
    ) -> ClosePartnerPayload:
        return await settle(ClosePartnerPayload, info.context, input, partner_changes.close)

    @strawberry.mutation(description="Sets policies of a partner, which are off at first.")
    @staticmethod
    async def set_partner_policy(
        info: Info,
        input: Annotated[
            SetPartnerPolicyInput, strawberry.argument(description="The policies to set, and of which partner.")
        ],
    ) -> SetPartnerPolicyPayload:
        return await settle(SetPartnerPolicyPayload, info.context, input, partner_changes.set_policy)
