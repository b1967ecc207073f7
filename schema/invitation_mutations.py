"""Mutations that invite users, and that accept and revoke invitations."""

from typing import Annotated

import strawberry

from db.invitations import InvitationRow
from domain.access import Role
from domain.checks import Checks
from domain.invitations import SECRET_LENGTH
from domain.users import EMAIL_LENGTH, NAME_LENGTH, PASSWORD_LENGTH_MAX
from resolvers import ids, invitations
from resolvers.dataloader import MaybeAwaitable
from resolvers.invitations import InvitationRevoked, Person, PersonInvited, RevokeInvitation
from schema.access_mutations import SessionPayload
from schema.errors import Payload, answer, settle
from schema.inputs import optional
from schema.nodes import Info
from schema.users import Invitation


@strawberry.input
class OfOrganization:
    """Input of a mutation about invitations of a partner or the vendor."""

    partner_id: strawberry.ID | None = optional(
        "The ID of the partner that the person will work for. The vendor's users omit it, or give the vendor's own ID, "
        "for the vendor itself; a partner's users can omit it. Any other ID is refused with NOT_FOUND."
    )


@strawberry.input(description="Input of `inviteUser`.")
class InviteUserInput(OfOrganization):
    email: str = strawberry.field(
        description="The person's email address, with which they will sign in. At most 254 characters."
    )
    name: str = strawberry.field(description="The person's name. 1 to 200 characters.")
    role: Role = strawberry.field(
        description="The person's role: one of a partner, or one of the vendor for the vendor itself."
    )

    def checked(self) -> Person:
        """Return the person to invite; raise a group of refusals if the input is invalid."""
        checks = Checks()
        email = checks.email(self.email, "email", longest=EMAIL_LENGTH)
        person = Person(email, checks.text(self.name, "name", longest=NAME_LENGTH), self.role)
        checks.done()
        return person


@strawberry.input(description="Input of `revokeInvitation`.")
class RevokeInvitationInput(OfOrganization):
    invitation_id: strawberry.ID = strawberry.field(description="The ID of the invitation.")

    def checked(self) -> RevokeInvitation:
        """Return the invitation's id."""
        return RevokeInvitation(ids.number("Invitation", self.invitation_id))


@strawberry.input(description="Input of `acceptInvitation`.")
class AcceptInvitationInput:
    secret: str = strawberry.field(
        description="The secret of the invitation: what follows the `#` in its link. At most 200 characters."
    )
    password: str = strawberry.field(
        description=(
            "The password to sign in with: 12 to 1,000 characters, not a common one, and not made of the person's "
            "name or email address."
        )
    )

    def checked(self) -> tuple[str, str]:
        """Return secret and password; raise a group of refusals if they are invalid."""
        checks = Checks()
        secret = checks.opaque(self.secret, "secret", longest=SECRET_LENGTH)
        checks.password(self.password, "password", longest=PASSWORD_LENGTH_MAX)
        checks.done()
        return secret, self.password


@strawberry.type(description="Return type of `inviteUser`.")
class InviteUserPayload(Payload):
    outcome: strawberry.Private[PersonInvited | None] = None

    @strawberry.field(
        graphql_type=Invitation | None, description="The invitation. Returns null if `userErrors` is not empty."
    )
    def invitation(self, info: Info) -> MaybeAwaitable[InvitationRow | None]:
        return None if self.outcome is None else info.context.loaders.invitation.find(self.outcome.invitation_id)

    @strawberry.field(
        description=(
            "The link to pass on to the person. It is shown only once. Returns null if the portal sends it by e-mail, "
            "and if `userErrors` is not empty."
        )
    )
    def invitation_url(self) -> str | None:
        url = None if self.outcome is None else self.outcome.url
        return None if url is None else str(url)


@strawberry.type(description="Return type of `revokeInvitation`.")
class RevokeInvitationPayload(Payload):
    outcome: strawberry.Private[InvitationRevoked | None] = None

    @strawberry.field(description="The ID of the invitation, which is gone. Returns null if `userErrors` is not empty.")
    def revoked_invitation_id(self) -> strawberry.ID | None:
        if self.outcome is None:
            return None
        return strawberry.ID(ids.encode("Invitation", self.outcome.invitation_id))


@strawberry.type(description="Return type of `acceptInvitation`.")
class AcceptInvitationPayload(SessionPayload):
    """Session of the new user."""


@strawberry.type
class InvitationMutations:
    @strawberry.mutation(
        description=(
            "Invites a person to become a user. The invitation has a link that works once, for 72 hours; another one "
            "of the same address replaces it. The portal sends the link by e-mail if it can, and otherwise returns it. "
            "The link ends early if the user who invited loses the permission. Requires a session."
        )
    )
    @staticmethod
    async def invite_user(
        info: Info, input: Annotated[InviteUserInput, strawberry.argument(description="The person to invite.")]
    ) -> InviteUserPayload:
        return await settle(InviteUserPayload, info.context, input, invitations.invite)

    @strawberry.mutation(description="Revokes a pending invitation, whose link stops working.")
    @staticmethod
    async def revoke_invitation(
        info: Info,
        input: Annotated[RevokeInvitationInput, strawberry.argument(description="The invitation to revoke.")],
    ) -> RevokeInvitationPayload:
        return await settle(RevokeInvitationPayload, info.context, input, invitations.revoke)

    @strawberry.mutation(
        description=(
            "Accepts an invitation: creates the user with this password, and starts a session. No token is needed. "
            "Must be the only field of its operation. An invitation that was used, revoked or replaced, or that has "
            "expired, is refused with INVITATION_INVALID."
        )
    )
    @staticmethod
    async def accept_invitation(
        info: Info,
        input: Annotated[AcceptInvitationInput, strawberry.argument(description="The secret and the new password.")],
    ) -> AcceptInvitationPayload:
        return await answer(
            AcceptInvitationPayload, info.context, lambda: invitations.accept(info.context, *input.checked())
        )
