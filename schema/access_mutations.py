"""Mutations that start, renew and end sessions, and create and revoke API tokens."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.access import TokenRow
from domain.access import Permission
from domain.checks import TOKEN_NAME_LENGTH, Checks
from domain.users import EMAIL_LENGTH, PASSWORD_LENGTH_MAX
from domain.users import email as address_of
from resolvers import api_tokens, ids, sessions
from resolvers.api_tokens import ApiTokenCreated, ApiTokenRevoked, CreateApiToken, RevokeApiToken
from resolvers.second_steps import SecondStep
from resolvers.sessions import SignedIn
from resolvers.viewers import Viewer as ViewerRow
from schema.access import ApiToken, Viewer
from schema.errors import Payload, answer, settle
from schema.inputs import OnBehalfOrVendor, given, optional
from schema.nodes import Info
from schema.second_factor import SecondFactorChallenge


@strawberry.input(description="Input of `signIn`: the credentials of a user.")
class SignInInput:
    email: str = strawberry.field(
        description="The user's email address, compared without regard to case. At most 254 characters."
    )
    password: str = strawberry.field(description="The user's password. At most 1,000 characters.")

    def checked(self) -> tuple[str, str]:
        """Return the email address and password; raise a group of refusals if they are invalid."""
        checks = Checks()
        email = address_of(checks.opaque(self.email, "email", longest=EMAIL_LENGTH))
        checks.password(self.password, "password", longest=PASSWORD_LENGTH_MAX)
        checks.done()
        return email, self.password


@strawberry.type
class SessionPayload(Payload):
    """Session that a mutation started, or the refusals."""

    outcome: strawberry.Private[SignedIn | SecondStep | None] = None

    @property
    def _session(self) -> SignedIn | None:
        return self.outcome if isinstance(self.outcome, SignedIn) else None

    @strawberry.field(
        description=("The session's token, to be sent as `Authorization: Bearer …`. Returns null if there is none.")
    )
    def token(self) -> str | None:
        return None if self._session is None else self._session.secret

    @strawberry.field(description="The date and time when the session ends. Returns null if there is none.")
    def expires_at(self) -> datetime | None:
        return None if self._session is None else self._session.expires_at

    @strawberry.field(
        graphql_type=Viewer | None,
        description="The user who is now signed in. Returns null if there is no session.",
    )
    def viewer(self) -> ViewerRow | None:
        return None if self._session is None else self._session.viewer


@strawberry.type(description="Return type of `signIn`.")
class SignInPayload(SessionPayload):
    """Session that signIn started, or its second step."""

    @strawberry.field(
        graphql_type=SecondFactorChallenge | None,
        description=(
            "The second step of the sign-in, for a user with a second factor: `confirmSignIn` then gives the session. "
            "Returns null if there is a session, or if `userErrors` is not empty."
        ),
    )
    def second_factor(self) -> SecondStep | None:
        return self.outcome if isinstance(self.outcome, SecondStep) else None


@strawberry.type(description="Return type of `renewSession`.")
class RenewSessionPayload(SessionPayload):
    """Session that replaced the request's session."""


@strawberry.type(description="Return type of `signOut`.")
class SignOutPayload:
    signed_out: bool = strawberry.field(
        description="Whether a session ended. False if the request had none. API tokens are never ended."
    )


@strawberry.input(description="Input of `createApiToken`.")
class CreateApiTokenInput:
    name: str = strawberry.field(description="The name of the token, which says what it is for. 1 to 100 characters.")
    permissions: list[Permission] = strawberry.field(
        description=f"The 1 to {len(Permission)} permissions of the token, each of which the viewer must hold."
    )
    expires_at: datetime | None = optional(
        "The date and time when the token expires, in the future. A token without it never expires."
    )

    def checked(self) -> CreateApiToken:
        """Return the token to create; raise a group of refusals if it is invalid."""
        checks = Checks()
        name = checks.text(self.name, "name", longest=TOKEN_NAME_LENGTH)
        checks.count(len(self.permissions), "permissions", lowest=1, highest=len(Permission))
        checks.done()
        return CreateApiToken(name, tuple(dict.fromkeys(self.permissions)), given(self.expires_at))


@strawberry.type(description="Return type of `createApiToken`.")
class CreateApiTokenPayload(Payload):
    outcome: strawberry.Private[ApiTokenCreated | None] = None

    @strawberry.field(
        graphql_type=ApiToken | None, description="The new token. Returns null if `userErrors` is not empty."
    )
    async def api_token(self, info: Info) -> TokenRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.api_token.load(self.outcome.token_id)

    @strawberry.field(
        description=(
            "The secret, to be sent as `Authorization: Bearer …`. It is shown only once and not stored. Returns "
            "null if `userErrors` is not empty."
        )
    )
    def secret(self) -> str | None:
        return None if self.outcome is None else str(self.outcome.secret)


@strawberry.input(description="Input of `revokeApiToken`.")
class RevokeApiTokenInput(OnBehalfOrVendor):
    api_token_id: strawberry.ID = strawberry.field(description="The token.")

    def checked(self) -> RevokeApiToken:
        """Return the token's id; raise a group of refusals if it is invalid."""
        return RevokeApiToken(ids.number("ApiToken", self.api_token_id))


@strawberry.type(description="Return type of `revokeApiToken`.")
class RevokeApiTokenPayload(Payload):
    outcome: strawberry.Private[ApiTokenRevoked | None] = None

    @strawberry.field(
        graphql_type=ApiToken | None, description="The revoked token. Returns null if `userErrors` is not empty."
    )
    async def api_token(self, info: Info) -> TokenRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.api_token.load(self.outcome.token_id)


@strawberry.type
class AccessMutations:
    @strawberry.mutation(
        description=(
            "Starts a session of 12 hours. No token is needed, and an expired or revoked one is ignored. Must be "
            "the only field of its operation. After five failed attempts in a row for an email address from one "
            "network, 20 for an email address, or 50 within 15 minutes from one network, the error RATE_LIMITED "
            "gives the number of seconds to wait. A user with a second factor gets `secondFactor` instead of a session."
        )
    )
    @staticmethod
    async def sign_in(
        info: Info, input: Annotated[SignInInput, strawberry.argument(description="The credentials.")]
    ) -> SignInPayload:
        return await answer(SignInPayload, info.context, lambda: sessions.sign_in(info.context, *input.checked()))

    @strawberry.mutation(
        description=(
            "Starts a new session and ends the request's session, whose token stops working. Must be the only "
            "field of its operation. The session lasts 12 hours, but ends at most 30 days after the last "
            "`signIn`. An API token is refused."
        )
    )
    @staticmethod
    async def renew_session(info: Info) -> RenewSessionPayload:
        return await answer(RenewSessionPayload, info.context, lambda: sessions.renew(info.context))

    @strawberry.mutation(
        description=("Ends the request's session. No token is needed. Must be the only field of its operation.")
    )
    @staticmethod
    async def sign_out(info: Info) -> SignOutPayload:
        return SignOutPayload(signed_out=await sessions.sign_out(info.context))

    @strawberry.mutation(
        description=(
            "Creates an API token for a script. A session is required: an API token can't create another one. A "
            "partner can have 100 usable tokens; expired and revoked ones are not counted."
        )
    )
    @staticmethod
    async def create_api_token(
        info: Info, input: Annotated[CreateApiTokenInput, strawberry.argument(description="The token to create.")]
    ) -> CreateApiTokenPayload:
        return await settle(CreateApiTokenPayload, info.context, input, api_tokens.create)

    @strawberry.mutation(
        description=(
            "Revokes an API token of the partner. A token that is already revoked is returned as it is. Webhooks that "
            "were made with it go on: they are its user's, and end by `deleteWebhook`."
        )
    )
    @staticmethod
    async def revoke_api_token(
        info: Info, input: Annotated[RevokeApiTokenInput, strawberry.argument(description="The token to revoke.")]
    ) -> RevokeApiTokenPayload:
        return await settle(RevokeApiTokenPayload, info.context, input, api_tokens.revoke)
