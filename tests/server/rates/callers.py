"""Callers of a limiter, whose time the tests move."""

from hashlib import sha256

from domain.access import Role, effective
from domain.limits import TooFewPoints
from domain.rates import SECOND
from resolvers.context import Context
from resolvers.rates import Account, Charge
from resolvers.viewers import Viewer
from server.graphql.cost_prices import Figures, Price
from server.rates.accounts import Limits
from server.rates.buckets import Buckets
from server.rates.limiter import Limiter

LIMITS = Limits(partner=100, vendor=400, address=50, token_percent=100, seconds=50)
FULL = 5_000


class Time:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000 * SECOND

    def __call__(self) -> int:
        """Return the time."""
        return self.now

    def move(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += int(seconds * SECOND)


def viewer(*, partner_id: int = 1, token_id: int = 1, points_per_second: int | None = None) -> Viewer:
    """Return an operator of a partner."""
    return Viewer(
        partner_id=partner_id,
        user_id=1,
        role=Role.OPERATOR,
        permissions=effective(Role.OPERATOR, None),
        token_id=token_id,
        token_kind=None,
        expires_at=None,
        scope=partner_id,
        points_per_second=points_per_second,
    )


def new_limiter(time: Time, buckets: Buckets | None = None, limits: Limits = LIMITS) -> Limiter:
    """Return the limiter of a process."""
    return Limiter(limits, buckets, digest=lambda purpose, value: sha256(purpose.encode() + value).digest(), now=time)


def account_of(limiter: Limiter, of: Viewer | None, address: str | None = None) -> Account:
    """Return an account that has a limit."""
    account = limiter.accounts.of(of, address)
    assert account is not None
    return account


async def charge(limiter: Limiter, request: Context, points: int) -> None:
    """Charge an operation."""
    paying = limiter.charge(request, Price(points, Figures(0, 0), 0, may_wait=True), 0)
    if paying is not None:
        await paying


async def spend(limiter: Limiter, of: Viewer | None, points: int, address: str | None = None) -> bool:
    """Return whether the caller could spend the points."""
    try:
        await limiter.pay(Charge(account_of(limiter, of, address), points))
    except TooFewPoints:
        return False
    return True


async def spend_all(limiter: Limiter, of: Viewer | None, points: int = 7, address: str | None = None) -> int:
    """Spend until a request is refused, and return how many points were spent."""
    spent = 0
    while await spend(limiter, of, points, address):
        spent += points
    return spent


def charged(request: Context) -> int:
    """Return what a request has spent."""
    assert request.charge is not None
    return request.charge.spent
