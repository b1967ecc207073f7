"""Mutations that change users, and end sessions."""

from typing import Annotated

import strawberry

from db.users import UserRow
from domain.access import Role
from domain.checks import Checks
from domain.users import NAME_LENGTH
from domain.violations import Empty
from resolvers import ids, linked_identities, user_changes
from resolvers.dataloader import MaybeAwaitable
from resolvers.linked_identities import UnlinkIdentity
from resolvers.user_changes import DeactivateUser, ReactivateUser, SessionsEnded, UpdateUser, UserChanged
from schema.access import User
from schema.arguments import number
from schema.errors import Payload, answer, settle
from schema.inputs import given, optional
from schema.nodes import Info


@strawberry.input
class OfUser:
    """Input of a mutation that changes a user."""

    user_id: strawberry.ID = strawberry.field(description="The ID of the user.")
    partner_id: strawberry.ID | None = optional(
        "The ID of the partner that the user works for. The vendor's users give it for a user of a partner, and omit "
        "it, or give the vendor's own ID, for one of the vendor; a partner's users can omit it. Any other ID is "
        "refused with NOT_FOUND."
    )


@strawberry.input(description="Input of `updateUser`. An omitted field is left as it is, and none can be cleared.")
class UpdateUserInput(OfUser):
    name: str | None = optional("The person's name. 1 to 200 characters.")
    role: Role | None = optional(
        "The person's role: one of a partner for a user of a partner, and one of the vendor for a user of the vendor."
    )

    def checked(self) -> UpdateUser:
        """Return the changes; raise a group of refusals if they are invalid."""
        checks = Checks()
        unset = strawberry.UNSET
        name = None if self.name is unset else checks.text(self.name or "", "name", longest=NAME_LENGTH)
        if self.role is None:
            checks.refuse(Empty(("role",)))
        checks.done()
        return UpdateUser(ids.number("User", self.user_id), name, given(self.role))


@strawberry.input(description="Input of `deactivateUser`.")
class DeactivateUserInput(OfUser):
    def checked(self) -> DeactivateUser:
        """Return the user's id."""
        return DeactivateUser(ids.number("User", self.user_id))


@strawberry.input(description="Input of `reactivateUser`.")
class ReactivateUserInput(OfUser):
    def checked(self) -> ReactivateUser:
        """Return the user's id."""
        return ReactivateUser(ids.number("User", self.user_id))


@strawberry.input(description="Input of `unlinkIdentity`.")
class UnlinkIdentityInput(OfUser):
    can_link_again: bool | None = optional(
        "Whether the next token of the same identity may link it to the user again, and so for all identities that "
        "were unlinked from the user before. The API tokens that the identity created keep working then. False if it "
        "is omitted."
    )

    def checked(self) -> UnlinkIdentity:
        """Return the user's id, and whether the identities may be linked again."""
        return UnlinkIdentity(ids.number("User", self.user_id), given(self.can_link_again) or False)


@strawberry.input(description="Input of `signOutEverywhere`.")
class SignOutEverywhereInput:
    user_id: strawberry.ID | None = optional(
        "The ID of the user. Omit it to end your own sessions, this one included; another user's require the "
        "permission USERS_MANAGE."
    )
    partner_id: strawberry.ID | None = optional(
        "The ID of the partner that the user works for, as in `deactivateUser`."
    )


@strawberry.type
class UserChangedPayload(Payload):
    """User whom a mutation changed, or the refusals."""

    outcome: strawberry.Private[UserChanged | None] = None

    @strawberry.field(
        graphql_type=User | None, description="The user after the change. Returns null if `userErrors` is not empty."
    )
    def user(self, info: Info) -> MaybeAwaitable[UserRow | None]:
        return None if self.outcome is None else info.context.loaders.user.find(self.outcome.user_id)


@strawberry.type(description="Return type of `updateUser`.")
class UpdateUserPayload(UserChangedPayload):
    """User with a new name or role."""


@strawberry.type(description="Return type of `deactivateUser`.")
class DeactivateUserPayload(UserChangedPayload):
    """User who can't sign in any more."""


@strawberry.type(description="Return type of `reactivateUser`.")
class ReactivateUserPayload(UserChangedPayload):
    """User who can sign in again."""


@strawberry.type(description="Return type of `unlinkIdentity`.")
class UnlinkIdentityPayload(UserChangedPayload):
    """User without an identity of the provider."""


@strawberry.type(description="Return type of `signOutEverywhere`.")
class SignOutEverywherePayload(Payload):
    outcome: strawberry.Private[SessionsEnded | None] = None

    @strawberry.field(description="The number of sessions that ended. Returns null if `userErrors` is not empty.")
    def ended_sessions(self) -> int | None:
        return None if self.outcome is None else self.outcome.sessions


@strawberry.type
class UserMutations:
    @strawberry.mutation(
        description=(
            "Updates the name or the role of a user. A user can't change their own role (OWN_USER), and the last "
            "active MANAGER of a partner, or VENDOR_ADMIN of the vendor, keeps the role (LAST_MANAGER). A new role "
            "requires a session, and applies at once."
        )
    )
    @staticmethod
    async def update_user(
        info: Info, input: Annotated[UpdateUserInput, strawberry.argument(description="The new name or role.")]
    ) -> UpdateUserPayload:
        return await settle(UpdateUserPayload, info.context, input, user_changes.update)

    @strawberry.mutation(
        description=(
            "Deactivates a user: sessions and API tokens end at once, and the user can't sign in. Refused for "
            "oneself (OWN_USER), and for the last active MANAGER or VENDOR_ADMIN (LAST_MANAGER). A user who is "
            "deactivated already is returned as they are."
        )
    )
    @staticmethod
    async def deactivate_user(
        info: Info, input: Annotated[DeactivateUserInput, strawberry.argument(description="The user to deactivate.")]
    ) -> DeactivateUserPayload:
        return await settle(DeactivateUserPayload, info.context, input, user_changes.deactivate)

    @strawberry.mutation(
        description=(
            "Reactivates a user, who signs in with the same password and has the same role. Ended sessions and API "
            "tokens stay ended. A user who is active already is returned as they are. Requires a session."
        )
    )
    @staticmethod
    async def reactivate_user(
        info: Info, input: Annotated[ReactivateUserInput, strawberry.argument(description="The user to reactivate.")]
    ) -> ReactivateUserPayload:
        return await settle(ReactivateUserPayload, info.context, input, user_changes.reactivate)

    @strawberry.mutation(
        description=(
            "Unlinks a user from the identity of the OpenID provider, whose tokens are refused then, and not linked "
            "to the user again unless `canLinkAgain` is true. The API tokens that the identity created end. A token "
            "of another identity with the user's verified address can be linked afterwards. If there is no identity, "
            "only such API tokens end, or what was unlinked may be linked again. Requires a session."
        )
    )
    @staticmethod
    async def unlink_identity(
        info: Info, input: Annotated[UnlinkIdentityInput, strawberry.argument(description="The user to unlink.")]
    ) -> UnlinkIdentityPayload:
        return await settle(UnlinkIdentityPayload, info.context, input, linked_identities.unlink)

    @strawberry.mutation(
        description=(
            "Ends all sessions of the viewer, this one included, or of a user whom the viewer manages. API tokens "
            "keep working. Must be the only field of its operation."
        )
    )
    @staticmethod
    async def sign_out_everywhere(
        info: Info,
        input: Annotated[
            SignOutEverywhereInput | None, strawberry.argument(description="Whose sessions to end.")
        ] = strawberry.UNSET,
    ) -> SignOutEverywherePayload:
        asked = given(input) or SignOutEverywhereInput()
        user_id, named = number("User", asked.user_id), number("Partner", asked.partner_id)
        return await answer(
            SignOutEverywherePayload,
            info.context,
            lambda: user_changes.sign_out_everywhere(info.context, user_id, named),
        )
