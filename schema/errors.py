"""Refusals and faults as clients see them: the one place that maps them to GraphQL."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol, TypeVar

import strawberry

from db.prices import ProductRow
from domain.languages import Language
from domain.money import Cents
from domain.orders import OrderStatus
from domain.refusals import (
    OrderTransition,
    PriceChanged,
    Refusal,
    StockRefusal,
    UserErrorCode,
)
from resolvers.context import Context
from resolvers.mutations import Mutation
from schema import references
from schema.inputs import given
from schema.nodes import Info

Given = TypeVar("Given", bound=tuple[Any, ...])
Checked_co = TypeVar("Checked_co", bound=tuple[Any, ...], covariant=True)
Outcome = TypeVar("Outcome", bound=tuple[Any, ...])


@strawberry.interface(description="What the business does not do, as a person can act on it.")
class UserError:
    """A refusal of the business."""

    code: UserErrorCode = strawberry.field(description="The kind of refusal, for programs; it never changes.")
    message: str = strawberry.field(
        description="One sentence for a person, in the language that Accept-Language asks for: `pt-BR` or `en`."
    )
    path: list[str] | None = strawberry.field(
        description=(
            'The field of the input that the refusal is about, such as `["items", "0", "quantity"]`; null where '
            "it is about none in particular."
        )
    )


@strawberry.type(description="A field of the input is not what it has to be, or names what the partner has not.")
class InputError(UserError):
    """A fault of the input."""


@strawberry.type(description="What is asked for is at odds with how things stand.")
class ConflictError(UserError):
    """A conflict with what there is."""


@strawberry.type(description="The partner has fewer free licenses or additional seats than were asked for.")
class OutOfStockError(UserError):
    """A shortage."""

    product_id: strawberry.Private[int]
    requested: int = strawberry.field(description="How many were asked for.")
    available: int = strawberry.field(description="How many were free at that moment.")

    @strawberry.field(
        graphql_type=references.ProductType,
        description="The product that is short, “produto”.",
    )
    async def product(self, info: Info) -> ProductRow | None:
        return await info.context.loaders.product.load(self.product_id)


@strawberry.type(description="The order's status does not allow the step.")
class OrderTransitionError(UserError):
    """A step that the portal does not have."""

    from_: OrderStatus = strawberry.field(name="from", description="Where the order stands.")
    to: OrderStatus = strawberry.field(description="Where it was to go.")


@strawberry.type(description="The order comes to another total than was expected; nothing was created.")
class PriceChangedError(UserError):
    """Another price."""

    expected: Cents = strawberry.field(description="The total that the input expected.")
    actual: Cents = strawberry.field(description="The total, “Valor Total com Adesão”, as it is now.")


USER_ERRORS = [InputError, ConflictError, OutOfStockError, OrderTransitionError, PriceChangedError]

_CONFLICTS = frozenset(
    {
        UserErrorCode.CNPJ_ALREADY_REGISTERED,
        UserErrorCode.ACTIVATION_KEY_IN_USE,
        UserErrorCode.CLIENT_CANCELLED,
        UserErrorCode.ACTIVATION_CANCELLED,
        UserErrorCode.IDEMPOTENCY_CONFLICT,
        UserErrorCode.SESSION_REQUIRED,
        UserErrorCode.API_TOKEN_LIMIT,
    }
)


def user_error(refusal: Refusal, language: Language) -> UserError:
    """The refusal for a client that speaks the language."""
    common: dict[str, Any] = {
        "code": refusal.code,
        "message": refusal.message(language),
        "path": list(refusal.path) or None,
    }
    match refusal:
        case StockRefusal(product_id=product_id, requested=requested, available=available):
            return OutOfStockError(product_id=product_id, requested=requested, available=available, **common)
        case OrderTransition(current=current, to=to):
            return OrderTransitionError(from_=OrderStatus(current), to=OrderStatus(to), **common)
        case PriceChanged(expected=expected, actual=actual):
            return PriceChangedError(expected=expected, actual=actual, **common)
    return ConflictError(**common) if refusal.code in _CONFLICTS else InputError(**common)


@strawberry.type
class Payload:
    """What a mutation answers: what was done, or why nothing was."""

    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why nothing was done; empty where it was done."
    )


AnyPayload = TypeVar("AnyPayload", bound=Payload)


class Input(Protocol[Checked_co]):
    """An input of the schema, which checks itself."""

    def checked(self) -> Checked_co:
        """What is asked for; raises a group of all that is refused of it."""


async def answer(
    payload: Callable[..., AnyPayload], context: Context, work: Callable[[], Awaitable[object]]
) -> AnyPayload:
    """Do the work, and answer with its outcome or with all that was refused."""
    refusals: list[Refusal] = []
    try:
        outcome = await work()
    except* Refusal as group:
        refusals.extend(_flat(group))
    if refusals:
        context.refusals |= {refusal.code.value for refusal in refusals}
        return payload(user_errors=[user_error(refusal, context.language) for refusal in refusals])
    return payload(outcome=outcome)


async def settle(
    payload: Callable[..., AnyPayload], context: Context, given_input: Input[Given], work: Mutation[Given, Outcome]
) -> AnyPayload:
    """Check the input, do the mutation's work, and answer with its outcome or with all that was refused."""
    key = given(getattr(given_input, "idempotency_key", None))
    return await answer(payload, context, lambda: work(context, given_input.checked(), key))


def _flat(group: BaseExceptionGroup[Any]) -> Iterator[Refusal]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _flat(each)
        else:
            yield each
