"""Map refusals and errors to GraphQL."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

import strawberry

from db.prices import ProductRow
from domain.bulk import CountChanged
from domain.languages import Language
from domain.money import Cents
from domain.orders import OrderStatus, OrderTransition
from domain.partners import PartnerStatus, PartnerSuspended, PartnerTransition
from domain.policies import PolicyKind, PolicyRefusal
from domain.refusals import PriceChanged, Refusal, StockRefusal, UserErrorCode, flat
from resolvers.context import Context
from resolvers.mutations import Mutation
from schema import list_sizes, references
from schema.arguments import number
from schema.inputs import given
from schema.nodes import Info

Given = TypeVar("Given", bound=tuple[Any, ...])
Checked_co = TypeVar("Checked_co", bound=tuple[Any, ...], covariant=True)
Outcome = TypeVar("Outcome", bound=tuple[Any, ...])


@strawberry.interface(description="A refusal that the user can act on.")
class UserError:
    code: UserErrorCode = strawberry.field(description="The code of the error, for programs. It never changes.")
    message: str = strawberry.field(
        description="The message for the user, in the language of the Accept-Language header: `pt-BR` or `en`."
    )
    path: list[str] | None = strawberry.field(
        description=(
            'The path of the input field that the error is about, such as `["items", "0", "quantity"]`. Returns null '
            "if the error is not about a field."
        )
    )


@strawberry.type(description="A field of the input is invalid, or refers to an object that the partner does not have.")
class InputError(UserError):
    """Refusal of an input's field."""


@strawberry.type(description="The request conflicts with the current state.")
class ConflictError(UserError):
    """Refusal because of stored data."""


@strawberry.type(description="The partner has fewer free licenses or additional seats than requested.")
class OutOfStockError(UserError):
    product_id: strawberry.Private[int]
    requested: int = strawberry.field(description="The requested number.")
    available: int = strawberry.field(description="The number that was free at that moment.")

    @strawberry.field(
        graphql_type=references.ProductType,
        description="The product that is out of stock, “produto”.",
    )
    async def product(self, info: Info) -> ProductRow | None:
        return await info.context.loaders.product.load(self.product_id)


@strawberry.type(description="The order's status does not allow the transition.")
class OrderTransitionError(UserError):
    from_: OrderStatus = strawberry.field(name="from", description="The current status of the order.")
    to: OrderStatus = strawberry.field(description="The status that was requested.")


@strawberry.type(description="The order's total differs from the expected one, so nothing was created.")
class PriceChangedError(UserError):
    expected: Cents = strawberry.field(description="The total that the input expected.")
    actual: Cents = strawberry.field(description="The current total, “Valor Total com Adesão”.")


@strawberry.type(description="The filter matches another number of objects than expected, so nothing was changed.")
class CountChangedError(UserError):
    expected: int = strawberry.field(description="The number that the input expected.")
    actual: int = strawberry.field(description="The number that the filter matches.")


@strawberry.type(description="The partner is suspended; it can neither order, approve nor activate.")
class PartnerSuspendedError(UserError):
    reason: str = strawberry.field(description="The reason for the suspension, such as “inadimplência”.")


@strawberry.type(description="The partner's status does not allow the transition.")
class PartnerTransitionError(UserError):
    from_: PartnerStatus = strawberry.field(name="from", description="The current status of the partner.")
    to: PartnerStatus = strawberry.field(description="The status that was requested.")


@strawberry.type(description="A policy of the partner refuses what was requested.")
class PolicyError(UserError):
    policy: PolicyKind = strawberry.field(description="The policy that refuses it.")


USER_ERRORS = [
    InputError,
    ConflictError,
    OutOfStockError,
    OrderTransitionError,
    PriceChangedError,
    CountChangedError,
    PartnerSuspendedError,
    PartnerTransitionError,
    PolicyError,
]

_CONFLICTS = frozenset(
    {
        UserErrorCode.CNPJ_ALREADY_REGISTERED,
        UserErrorCode.ACTIVATION_KEY_IN_USE,
        UserErrorCode.CLIENT_CANCELLED,
        UserErrorCode.ACTIVATION_CANCELLED,
        UserErrorCode.IDEMPOTENCY_CONFLICT,
        UserErrorCode.SESSION_REQUIRED,
        UserErrorCode.SIGN_IN_EXPIRED,
        UserErrorCode.SECOND_FACTOR_ENABLED,
        UserErrorCode.SECOND_FACTOR_NOT_ENABLED,
        UserErrorCode.OWN_USER,
        UserErrorCode.API_TOKEN_LIMIT,
        UserErrorCode.WEBHOOK_LIMIT,
        UserErrorCode.WEBHOOK_BUSY,
        UserErrorCode.WEBHOOK_KEYS_CHANGING,
        UserErrorCode.PARTNER_CLOSED,
        UserErrorCode.PARTNER_IN_USE,
        UserErrorCode.PARTNER_HAS_USERS,
        UserErrorCode.PRODUCT_RETIRED,
        UserErrorCode.PRODUCT_CODE_IN_USE,
        UserErrorCode.DOCUMENT_ID_IN_USE,
        UserErrorCode.EMAIL_TAKEN,
        UserErrorCode.OWN_USER,
        UserErrorCode.LAST_MANAGER,
        UserErrorCode.USER_DEACTIVATED,
        UserErrorCode.INVITATION_INVALID,
        UserErrorCode.PASSWORD_RESET_INVALID,
        UserErrorCode.MAIL_NOT_CONFIGURED,
        UserErrorCode.PRICE_TABLE_NAME_IN_USE,
        UserErrorCode.PRICE_TABLE_INCOMPLETE,
        UserErrorCode.NO_PRICE_TABLE_DRAFT,
        UserErrorCode.PRICE_TABLE_DRAFT_OUTDATED,
        UserErrorCode.PRICE_TABLE_HAS_DRAFT,
    }
)


def user_error(refusal: Refusal, language: Language) -> UserError:
    """Return the GraphQL object of a refusal, with its message in the language."""
    common: dict[str, Any] = {
        "code": refusal.code,
        "message": refusal.message(language),
        "path": list(refusal.path) or None,
    }
    made: Callable[..., UserError]
    match refusal:
        case StockRefusal(product_id=product_id, requested=requested, available=available):
            made = partial(OutOfStockError, product_id=product_id, requested=requested, available=available)
        case OrderTransition(current=current, to=to):
            made = partial(OrderTransitionError, from_=current, to=to)
        case PriceChanged(expected=expected, actual=actual):
            made = partial(PriceChangedError, expected=expected, actual=actual)
        case CountChanged(expected=number_expected, actual=number_found):
            made = partial(CountChangedError, expected=number_expected, actual=number_found)
        case PartnerSuspended(reason=reason):
            made = partial(PartnerSuspendedError, reason=reason)
        case PartnerTransition(current=status, to=wanted):
            made = partial(PartnerTransitionError, from_=status, to=wanted)
        case PolicyRefusal(policy=policy):
            made = partial(PolicyError, policy=policy)
        case _:
            made = ConflictError if refusal.code in _CONFLICTS else InputError
    return made(**common)


def first_errors(
    refusals: Sequence[Refusal], language: Language, *, most: int = list_sizes.USER_ERRORS_MAX
) -> list[UserError]:
    """Return the GraphQL objects of the first refusals, of which an input of many items can have thousands."""
    return [user_error(refusal, language) for refusal in refusals[:most]]


@strawberry.type
class Payload:
    """Outcome of a mutation, or the refusals."""

    partner_id: strawberry.Private[int] = 0
    """The partner that the mutation was for."""

    user_errors: list[UserError] = strawberry.field(
        default_factory=list,
        description=(
            "The errors because of which nothing was changed, or the first ones, up to the size that this list has. "
            "Empty if the mutation succeeded."
        ),
    )


AnyPayload = TypeVar("AnyPayload", bound=Payload)


class Input(Protocol[Checked_co]):
    """Input of a mutation, which checks itself."""

    def checked(self) -> Checked_co:
        """Return the checked input; raise a group of refusals if it is invalid."""


async def answer(
    payload: Callable[..., AnyPayload],
    context: Context,
    work: Callable[[], Awaitable[object]],
    *,
    result: str = "outcome",
) -> AnyPayload:
    """Run the work, and return the payload with its result or refusals."""
    refusals: list[Refusal] = []
    try:
        outcome = await work()
    except* Refusal as group:
        refusals.extend(flat(group))
    if refusals:
        context.refusals |= {refusal.code.value for refusal in refusals}
        return payload(user_errors=first_errors(refusals, context.language))
    return payload(**{result: outcome})


async def settle(
    payload: Callable[..., AnyPayload], context: Context, given_input: Input[Given], work: Mutation[Given, Outcome]
) -> AnyPayload:
    """Check the input, run the mutation's work, and return the payload with its outcome or refusals.

    An input that asks for a dry run gets a payload of what would have been changed instead.
    """
    key = given(getattr(given_input, "idempotency_key", None))
    named = number("Partner", getattr(given_input, "partner_id", None))
    made = partial(payload, partner_id=context.acting_for(named))
    if getattr(given_input, "dry_run", False):
        tried = partial(made, dry_run=True)
        preview = partial(work.preview, context, key=key, named=named)
        return await answer(tried, context, lambda: preview(given_input.checked()), result="preview")
    return await answer(made, context, lambda: work(context, given_input.checked(), key, named=named))
