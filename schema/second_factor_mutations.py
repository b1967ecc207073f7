"""Mutations of second factors, and the second step of a sign-in."""

from typing import Annotated

import strawberry

from db.users import UserRow
from domain.checks import Checks
from domain.second_factor import CHALLENGE_LENGTH_MAX, CODE_LENGTH_MAX
from domain.users import PASSWORD_LENGTH_MAX
from resolvers import ids, second_factor, second_factor_resets, sign_in_confirmation
from resolvers.second_factor import Disabled, Enrolled, Proof, RecoveryCodes
from resolvers.second_factor_resets import ResetSecondFactor, SecondFactorReset
from resolvers.viewers import Viewer as ViewerRow
from schema.access import User, Viewer
from schema.access_mutations import SessionPayload
from schema.errors import Payload, answer, settle
from schema.inputs import OnBehalfOrVendor, given, optional
from schema.nodes import Info

_CODE = "A code of the app, or a recovery code, with or without blanks and hyphens. At most 100 characters."


@strawberry.input(description="Input of `confirmSignIn`: the answer to the second step of a sign-in.")
class ConfirmSignInInput:
    challenge: str = strawberry.field(description="The `challenge` that `signIn` returned. At most 200 characters.")
    code: str = strawberry.field(description=_CODE)

    def checked(self) -> tuple[str, str]:
        """Return the challenge and the code; raise a group of refusals if they are invalid."""
        checks = Checks()
        challenge = checks.opaque(self.challenge, "challenge", longest=CHALLENGE_LENGTH_MAX)
        code = checks.opaque(self.code, "code", longest=CODE_LENGTH_MAX)
        checks.done()
        return challenge, code


@strawberry.type(description="Return type of `confirmSignIn`.")
class ConfirmSignInPayload(SessionPayload):
    """Session that confirmSignIn started."""


@strawberry.input(description="Input of `enrollTotp`.")
class EnrollTotpInput:
    password: str = strawberry.field(description="The user's current password. At most 1,000 characters.")

    def checked(self) -> str:
        """Return the password; raise a group of refusals if it is invalid."""
        checks = Checks()
        checks.password(self.password, "password", longest=PASSWORD_LENGTH_MAX)
        checks.done()
        return self.password


@strawberry.type(description="Return type of `enrollTotp`.")
class EnrollTotpPayload(Payload):
    outcome: strawberry.Private[Enrolled | None] = None

    @strawberry.field(
        description=(
            "The secret of the app in base 32, to be typed if there is no camera. It is shown only once. Returns null "
            "if `userErrors` is not empty."
        )
    )
    def secret(self) -> str | None:
        return None if self.outcome is None else self.outcome.secret

    @strawberry.field(
        description=(
            "The same as an `otpauth://` URI, to be shown as a QR code. It is shown only once. Returns null if "
            "`userErrors` is not empty."
        )
    )
    def uri(self) -> str | None:
        return None if self.outcome is None else self.outcome.uri


@strawberry.input(description="Input of `confirmTotp`.")
class ConfirmTotpInput:
    code: str = strawberry.field(description="The code of six digits that the app shows. At most 100 characters.")

    def checked(self) -> str:
        """Return the code; raise a group of refusals if it is invalid."""
        checks = Checks()
        code = checks.opaque(self.code, "code", longest=CODE_LENGTH_MAX)
        checks.done()
        return code


@strawberry.type
class RecoveryCodesPayload(Payload):
    """New recovery codes, or the refusals."""

    outcome: strawberry.Private[RecoveryCodes | None] = None

    @strawberry.field(
        description=(
            "The ten recovery codes, each of which works once instead of a code of the app. They are shown only once. "
            "Returns null if `userErrors` is not empty."
        )
    )
    def recovery_codes(self) -> list[str] | None:
        return None if self.outcome is None else list(self.outcome.codes)


@strawberry.type(description="Return type of `confirmTotp`.")
class ConfirmTotpPayload(RecoveryCodesPayload):
    @strawberry.field(
        graphql_type=Viewer | None, description="The authenticated user. Returns null if `userErrors` is not empty."
    )
    def viewer(self, info: Info) -> ViewerRow | None:
        return None if self.outcome is None else info.context.viewer


@strawberry.input
class ProofInput:
    """Input of a mutation for which the user proves again who they are."""

    password: str | None = optional("The user's current password. At most 1,000 characters.")
    code: str | None = optional(f"{_CODE} Either the password or a code must be given, and not both.")

    def checked(self) -> Proof:
        """Return the proof; raise a group of refusals if it is invalid."""
        checks = Checks()
        password, code = given(self.password), given(self.code)
        if password is not None:
            checks.password(password, "password", longest=PASSWORD_LENGTH_MAX)
        if code is not None:
            code = checks.opaque(code, "code", longest=CODE_LENGTH_MAX)
        checks.done()
        return Proof(password, code)


@strawberry.input(description="Input of `disableTotp`.")
class DisableTotpInput(ProofInput):
    """Proof for disableTotp."""


@strawberry.type(description="Return type of `disableTotp`.")
class DisableTotpPayload(Payload):
    outcome: strawberry.Private[Disabled | None] = None

    @strawberry.field(
        graphql_type=Viewer | None, description="The authenticated user. Returns null if `userErrors` is not empty."
    )
    def viewer(self, info: Info) -> ViewerRow | None:
        return None if self.outcome is None else info.context.viewer


@strawberry.input(description="Input of `renewRecoveryCodes`.")
class RenewRecoveryCodesInput(ProofInput):
    """Proof for renewRecoveryCodes."""


@strawberry.type(description="Return type of `renewRecoveryCodes`.")
class RenewRecoveryCodesPayload(RecoveryCodesPayload):
    """Recovery codes that replaced all others."""


@strawberry.input(description="Input of `resetSecondFactor`.")
class ResetSecondFactorInput(OnBehalfOrVendor):
    user_id: strawberry.ID = strawberry.field(description="The user, who must not be the authenticated one.")

    def checked(self) -> ResetSecondFactor:
        """Return the user's id; raise a group of refusals if it is invalid."""
        return ResetSecondFactor(ids.number("User", self.user_id))


@strawberry.type(description="Return type of `resetSecondFactor`.")
class ResetSecondFactorPayload(Payload):
    outcome: strawberry.Private[SecondFactorReset | None] = None

    @strawberry.field(
        graphql_type=User | None,
        description="The user, who has no second factor now. Returns null if `userErrors` is not empty.",
    )
    async def user(self, info: Info) -> UserRow | None:
        return None if self.outcome is None else await info.context.loaders.user.load(self.outcome.user_id)


@strawberry.type
class SecondFactorMutations:
    @strawberry.mutation(
        description=(
            "Starts the session of a sign-in whose `signIn` returned `secondFactor`. No token is needed. Must be the "
            "only field of its operation. A challenge is void after five minutes, five wrong codes, a new password, or "
            "its session. Wrong codes are counted for the user as wrong passwords are, and then RATE_LIMITED."
        )
    )
    @staticmethod
    async def confirm_sign_in(
        info: Info,
        input: Annotated[ConfirmSignInInput, strawberry.argument(description="The challenge and the code.")],
    ) -> ConfirmSignInPayload:
        return await answer(
            ConfirmSignInPayload,
            info.context,
            lambda: sign_in_confirmation.confirm_sign_in(info.context, *input.checked()),
        )

    @strawberry.mutation(
        description=(
            "Begins to set up an authenticator app as the user's second factor; `confirmTotp` turns it on. Another "
            "call replaces an app that is not confirmed. A session is required. Must be the only field of its "
            "operation."
        )
    )
    @staticmethod
    async def enroll_totp(
        info: Info, input: Annotated[EnrollTotpInput, strawberry.argument(description="The current password.")]
    ) -> EnrollTotpPayload:
        return await answer(
            EnrollTotpPayload, info.context, lambda: second_factor.enroll(info.context, input.checked())
        )

    @strawberry.mutation(
        description=(
            "Turns the second factor on, with the first code of the app, and returns the recovery codes. The "
            "user's other sessions end; API tokens stay valid. A session is required. Must be the only field of its "
            "operation."
        )
    )
    @staticmethod
    async def confirm_totp(
        info: Info, input: Annotated[ConfirmTotpInput, strawberry.argument(description="The code of the app.")]
    ) -> ConfirmTotpPayload:
        return await answer(
            ConfirmTotpPayload, info.context, lambda: second_factor.confirm(info.context, input.checked())
        )

    @strawberry.mutation(
        description=(
            "Turns the user's second factor off, and voids the recovery codes. A session is required. Must be the only "
            "field of its operation."
        )
    )
    @staticmethod
    async def disable_totp(
        info: Info, input: Annotated[DisableTotpInput, strawberry.argument(description="The password or a code.")]
    ) -> DisableTotpPayload:
        return await answer(
            DisableTotpPayload, info.context, lambda: second_factor.disable(info.context, input.checked())
        )

    @strawberry.mutation(
        description=(
            "Replaces all recovery codes of the user. A session is required. Must be the only field of its operation."
        )
    )
    @staticmethod
    async def renew_recovery_codes(
        info: Info,
        input: Annotated[RenewRecoveryCodesInput, strawberry.argument(description="The password or a code.")],
    ) -> RenewRecoveryCodesPayload:
        return await answer(
            RenewRecoveryCodesPayload,
            info.context,
            lambda: second_factor.renew_recovery_codes(info.context, input.checked()),
        )

    @strawberry.mutation(
        description=(
            "Turns the second factor of another user off, who has lost the app and the recovery codes. If there is "
            "none, nothing changes. A session is required."
        )
    )
    @staticmethod
    async def reset_second_factor(
        info: Info,
        input: Annotated[ResetSecondFactorInput, strawberry.argument(description="The user.")],
    ) -> ResetSecondFactorPayload:
        return await settle(ResetSecondFactorPayload, info.context, input, second_factor_resets.reset)
