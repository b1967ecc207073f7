"""Second factor of a viewer, and the second step of a sign-in."""

from datetime import datetime

import strawberry

from db.second_factors import FactorState
from domain.second_factor import SecondFactorKind
from resolvers import second_factor
from resolvers.second_steps import SecondStep
from schema.nodes import Info


@strawberry.type(
    description=(
        "The second step of a sign-in, “verificação em duas etapas”: the password was right, and a code is needed."
    )
)
class SecondFactorChallenge:
    """Second step, read from SecondStep."""

    @strawberry.field(
        description="The secret that `confirmSignIn` takes. It is shown only once, and void after five wrong codes."
    )
    @staticmethod
    def challenge(step: strawberry.Parent[SecondStep]) -> str:
        return step.secret

    @strawberry.field(description="The kinds of proof that the user can give.")
    @staticmethod
    def kinds(step: strawberry.Parent[SecondStep]) -> list[SecondFactorKind]:
        return list(step.kinds)

    @strawberry.field(description="The date and time until which a code can be given: five minutes after the password.")
    @staticmethod
    def expires_at(step: strawberry.Parent[SecondStep]) -> datetime:
        return step.expires_at


@strawberry.type(description="The second factor of the authenticated user, “verificação em duas etapas”.")
class ViewerSecondFactor:
    """Second factor, read from FactorState."""

    @strawberry.field(description="Whether the user has a second factor, which each sign-in asks for.")
    @staticmethod
    def enabled(found: strawberry.Parent[FactorState]) -> bool:
        return found.since is not None

    @strawberry.field(description="The date and time since which the user has a second factor. Null if there is none.")
    @staticmethod
    def enabled_since(found: strawberry.Parent[FactorState]) -> datetime | None:
        return found.since

    @strawberry.field(
        description=(
            "Whether the user must have one, by the partner's policy or as a user of the vendor. A session of a user "
            "who must and has none gets SECOND_FACTOR_REQUIRED for everything but `enrollTotp`, `confirmTotp`, "
            "`changePassword`, `renewSession`, `signOutEverywhere`, and fields that need no token."
        )
    )
    @staticmethod
    def required(found: strawberry.Parent[FactorState], info: Info) -> bool:
        return second_factor.is_required(info.context, found)

    @strawberry.field(description="The number of recovery codes that are left, of ten.")
    @staticmethod
    def recovery_codes_left(found: strawberry.Parent[FactorState]) -> int:
        return found.recovery_codes
