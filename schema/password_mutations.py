"""Mutations by which users choose new passwords."""

from typing import Annotated

import strawberry

from db.users import UserRow
from domain.checks import Checks
from domain.invitations import SECRET_LENGTH
from domain.users import EMAIL_LENGTH, PASSWORD_LENGTH_MAX
from domain.users import email as address_of
from resolvers import ids, password_changes
from resolvers.dataloader import MaybeAwaitable
from resolvers.password_changes import CreateResetLink, PasswordChanged, ResetLinkCreated
from schema.access import User
from schema.errors import Payload, answer, settle
from schema.nodes import Info
from schema.user_mutations import OfUser

_NEW = "The new password: 12 to 1,000 characters, not a common one, and not made of the person's name or email address."


@strawberry.input(description="Input of `changePassword`.")
class ChangePasswordInput:
    current_password: str = strawberry.field(description="The current password. At most 1,000 characters.")
    new_password: str = strawberry.field(description=_NEW)

    def checked(self) -> tuple[str, str]:
        """Return both passwords; raise a group of refusals if they are invalid."""
        checks = Checks()
        checks.password(self.current_password, "currentPassword", longest=PASSWORD_LENGTH_MAX)
        checks.password(self.new_password, "newPassword", longest=PASSWORD_LENGTH_MAX)
        checks.done()
        return self.current_password, self.new_password


@strawberry.input(description="Input of `requestPasswordReset`.")
class RequestPasswordResetInput:
    email: str = strawberry.field(
        description="The user's email address, compared without regard to case. At most 254 characters."
    )

    def checked(self) -> str:
        """Return the address; raise a group of refusals if it is invalid."""
        checks = Checks()
        email = address_of(checks.opaque(self.email, "email", longest=EMAIL_LENGTH))
        checks.done()
        return email


@strawberry.input(description="Input of `resetPassword`.")
class ResetPasswordInput:
    secret: str = strawberry.field(
        description="The secret of the link: what follows the `#` in it. At most 200 characters."
    )
    new_password: str = strawberry.field(description=_NEW)

    def checked(self) -> tuple[str, str]:
        """Return secret and password; raise a group of refusals if they are invalid."""
        checks = Checks()
        secret = checks.opaque(self.secret, "secret", longest=SECRET_LENGTH)
        checks.password(self.new_password, "newPassword", longest=PASSWORD_LENGTH_MAX)
        checks.done()
        return secret, self.new_password


@strawberry.input(description="Input of `createPasswordResetLink`.")
class CreatePasswordResetLinkInput(OfUser):
    def checked(self) -> CreateResetLink:
        """Return the user's id."""
        return CreateResetLink(ids.number("User", self.user_id))


@strawberry.type
class PasswordChangedPayload(Payload):
    """What a new password has ended, or the refusals."""

    outcome: strawberry.Private[PasswordChanged | None] = None

    @strawberry.field(
        description="The number of sessions that the change ended. Returns null if `userErrors` is not empty."
    )
    def ended_sessions(self) -> int | None:
        return None if self.outcome is None else self.outcome.sessions

    @strawberry.field(
        description="The number of API tokens that the change revoked. Returns null if `userErrors` is not empty."
    )
    def revoked_api_tokens(self) -> int | None:
        return None if self.outcome is None else self.outcome.api_tokens


@strawberry.type(description="Return type of `changePassword`.")
class ChangePasswordPayload(PasswordChangedPayload):
    """What the user's change has ended."""


@strawberry.type(description="Return type of `resetPassword`.")
class ResetPasswordPayload(PasswordChangedPayload):
    """What the reset has ended."""


@strawberry.type(description="Return type of `requestPasswordReset`.")
class RequestPasswordResetPayload(Payload):
    outcome: strawberry.Private[None] = None

    @strawberry.field(
        description=(
            "Whether the request was taken, which is so for addresses of users and all others. False if `userErrors` "
            "is not empty."
        )
    )
    def requested(self) -> bool:
        return not self.user_errors


@strawberry.type(description="Return type of `createPasswordResetLink`.")
class CreatePasswordResetLinkPayload(Payload):
    outcome: strawberry.Private[ResetLinkCreated | None] = None

    @strawberry.field(graphql_type=User | None, description="The user. Returns null if `userErrors` is not empty.")
    def user(self, info: Info) -> MaybeAwaitable[UserRow | None]:
        return None if self.outcome is None else info.context.loaders.user.find(self.outcome.user_id)

    @strawberry.field(
        description=(
            "The link to pass on to the user. It is shown only once. Returns null if the portal sends it by e-mail, "
            "and if `userErrors` is not empty."
        )
    )
    def password_reset_url(self) -> str | None:
        url = None if self.outcome is None else self.outcome.url
        return None if url is None else str(url)


@strawberry.type
class PasswordMutations:
    @strawberry.mutation(
        description=(
            "Changes the viewer's password. All other sessions and all API tokens of the user end; this session "
            "stays. An API token is refused. Wrong current passwords are counted as failed sign-ins are. Must be the "
            "only field of its operation."
        )
    )
    @staticmethod
    async def change_password(
        info: Info, input: Annotated[ChangePasswordInput, strawberry.argument(description="Both passwords.")]
    ) -> ChangePasswordPayload:
        return await answer(
            ChangePasswordPayload, info.context, lambda: password_changes.change(info.context, *input.checked())
        )

    @strawberry.mutation(
        description=(
            "Sends a link for a new password by e-mail if a user has the address; the answer is the same for any "
            "other address. No token is needed. Must be the only field of its operation. Requests are counted, and "
            "too many get RATE_LIMITED, as failed sign-ins do. A portal without e-mail refuses with "
            "MAIL_NOT_CONFIGURED."
        )
    )
    @staticmethod
    async def request_password_reset(
        info: Info,
        input: Annotated[RequestPasswordResetInput, strawberry.argument(description="The email address.")],
    ) -> RequestPasswordResetPayload:
        return await answer(
            RequestPasswordResetPayload,
            info.context,
            lambda: password_changes.request_reset(info.context, input.checked()),
        )

    @strawberry.mutation(
        description=(
            "Sets a new password by the secret of a link, which works once and for one hour. All sessions and API "
            "tokens of the user end. No token is needed. Must be the only field of its operation. A link that was "
            "used or has expired is refused with PASSWORD_RESET_INVALID."
        )
    )
    @staticmethod
    async def reset_password(
        info: Info,
        input: Annotated[ResetPasswordInput, strawberry.argument(description="The secret and the new password.")],
    ) -> ResetPasswordPayload:
        return await answer(
            ResetPasswordPayload, info.context, lambda: password_changes.reset(info.context, *input.checked())
        )

    @strawberry.mutation(
        description=(
            "Creates a link by which another user chooses a new password: it works once, for one hour. The portal "
            "sends it to the user by e-mail if it can, and otherwise returns it. Requires a session."
        )
    )
    @staticmethod
    async def create_password_reset_link(
        info: Info,
        input: Annotated[CreatePasswordResetLinkInput, strawberry.argument(description="The user.")],
    ) -> CreatePasswordResetLinkPayload:
        return await settle(CreatePasswordResetLinkPayload, info.context, input, password_changes.create_link)
