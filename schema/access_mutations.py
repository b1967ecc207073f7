"""The mutations of access: sign in and out, make and revoke API tokens."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.access import TokenRow
from domain.access import Permission
from domain.checks import TOKEN_NAME_LENGTH, Checks
from domain.users import EMAIL_LENGTH, PASSWORD_LENGTH_MAX
from domain.users import email as address_of
from resolvers import access, ids, sessions
from resolvers.access import ApiTokenCreated, ApiTokenRevoked, CreateApiToken, RevokeApiToken
from resolvers.sessions import SignedIn
from resolvers.viewers import Viewer as ViewerRow
from schema.access import ApiToken, Viewer
from schema.errors import Payload, answer, settle
from schema.inputs import given, optional
from schema.nodes import Info


@strawberry.input(description="The credentials of a user.")
class SignInInput:
    """E-mail and password."""

    email: str = strawberry.field(description="The e-mail address, without regard to case: at most 254 characters.")
    password: str = strawberry.field(description="The password: at most 1,000 characters.")

    def checked(self) -> tuple[str, str]:
        """E-mail and password, or a group of what is refused of them."""
        checks = Checks()
        email = address_of(checks.opaque(self.email, "email", longest=EMAIL_LENGTH))
        checks.password(self.password, "password", longest=PASSWORD_LENGTH_MAX)
        checks.done()
        return email, self.password


@strawberry.type
class SessionPayload(Payload):
    """A session, or why there is none."""

    outcome: strawberry.Private[SignedIn | None] = None

    @strawberry.field(
        description=(
            "The session's token, to send as `Authorization: Bearer …`; null where `userErrors` says why there is none."
        )
    )
    def token(self) -> str | None:
        return None if self.outcome is None else self.outcome.secret

    @strawberry.field(description="When the session ends; null where there is none.")
    def expires_at(self) -> datetime | None:
        return None if self.outcome is None else self.outcome.expires_at

    @strawberry.field(
        graphql_type=Viewer | None, description="Who is signed in now; null if `userErrors` says why no one is."
    )
    def viewer(self) -> ViewerRow | None:
        return None if self.outcome is None else self.outcome.viewer


@strawberry.type(description="What `signIn` answers.")
class SignInPayload(SessionPayload):
    """A new session."""


@strawberry.type(description="What `renewSession` answers.")
class RenewSessionPayload(SessionPayload):
    """A session in the place of another one."""


@strawberry.type(description="What `signOut` answers.")
class SignOutPayload:
    """Whether a session ended."""

    signed_out: bool = strawberry.field(
        description="Whether a session was ended: false where the request came with none. API tokens are not ended."
    )


@strawberry.input(description="An API token to make.")
class CreateApiTokenInput:
    """A new token."""

    name: str = strawberry.field(description="What the token is for: 1 to 100 characters.")
    permissions: list[Permission] = strawberry.field(
        description="What the token may do: 1 to 10 permissions, each held by the caller."
    )
    expires_at: datetime | None = optional("When it stops working, in the future; never where it is not given.")

    def checked(self) -> CreateApiToken:
        """The token, or a group of what is refused of it."""
        checks = Checks()
        name = checks.text(self.name, "name", longest=TOKEN_NAME_LENGTH)
        checks.count(len(self.permissions), "permissions", lowest=1, highest=len(Permission))
        checks.done()
        return CreateApiToken(name, tuple(dict.fromkeys(self.permissions)), given(self.expires_at))


@strawberry.type(description="What `createApiToken` answers.")
class CreateApiTokenPayload(Payload):
    """The new token and its secret."""

    outcome: strawberry.Private[ApiTokenCreated | None] = None

    @strawberry.field(graphql_type=ApiToken | None, description="The new token; null where nothing was done.")
    async def api_token(self, info: Info) -> TokenRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.api_token.load(self.outcome.token_id)

    @strawberry.field(
        description=(
            "The secret to send as `Authorization: Bearer …`. It is shown this once and stored nowhere; null where "
            "nothing was done."
        )
    )
    def secret(self) -> str | None:
        return None if self.outcome is None else self.outcome.secret


@strawberry.input(description="An API token to revoke.")
class RevokeApiTokenInput:
    """A token that stops working."""

    api_token_id: strawberry.ID = strawberry.field(description="The token.")

    def checked(self) -> RevokeApiToken:
        """The token's id."""
        return RevokeApiToken(ids.number("ApiToken", self.api_token_id))


@strawberry.type(description="What `revokeApiToken` answers.")
class RevokeApiTokenPayload(Payload):
    """The revoked token."""

    outcome: strawberry.Private[ApiTokenRevoked | None] = None

    @strawberry.field(graphql_type=ApiToken | None, description="The revoked token; null where nothing was done.")
    async def api_token(self, info: Info) -> TokenRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.api_token.load(self.outcome.token_id)


@strawberry.type
class AccessMutations:
    """The fields of Mutation about access."""

    @strawberry.mutation(
        description=(
            "Begin a session of 12 hours; it needs no token, and ignores one that is expired or revoked. It has to be "
            "the only field of its operation. After five failures in a row for an e-mail from one network, 20 for an "
            "e-mail, or 50 within 15 minutes from one network, the error RATE_LIMITED says how many seconds to wait."
        )
    )
    @staticmethod
    async def sign_in(
        info: Info, input: Annotated[SignInInput, strawberry.argument(description="The credentials.")]
    ) -> SignInPayload:
        return await answer(SignInPayload, info.context, lambda: sessions.sign_in(info.context, *input.checked()))

    @strawberry.mutation(
        description=(
            "Begin another session and end the one that the request comes with, whose token works no longer. It has "
            "to be the only field of its operation. The session lasts 12 hours, but no longer than 30 days after the "
            "last `signIn`. An API token is refused."
        )
    )
    @staticmethod
    async def renew_session(info: Info) -> RenewSessionPayload:
        return await answer(RenewSessionPayload, info.context, lambda: sessions.renew(info.context))

    @strawberry.mutation(
        description=(
            "End the session that the request comes with; it needs no token. It has to be the only field of its "
            "operation."
        )
    )
    @staticmethod
    async def sign_out(info: Info) -> SignOutPayload:
        return SignOutPayload(signed_out=await sessions.sign_out(info.context))

    @strawberry.mutation(
        description=(
            "Make an API token for a script. It needs a session: an API token makes no other ones. A partner can "
            "have 100 that work at the same time; expired and revoked ones do not count."
        )
    )
    @staticmethod
    async def create_api_token(
        info: Info, input: Annotated[CreateApiTokenInput, strawberry.argument(description="The token to make.")]
    ) -> CreateApiTokenPayload:
        return await settle(CreateApiTokenPayload, info.context, input, access.create_api_token)

    @strawberry.mutation(description="Revoke an API token of the partner; one that is revoked already stays so.")
    @staticmethod
    async def revoke_api_token(
        info: Info, input: Annotated[RevokeApiTokenInput, strawberry.argument(description="The token to revoke.")]
    ) -> RevokeApiTokenPayload:
        return await settle(RevokeApiTokenPayload, info.context, input, access.revoke_api_token)
