"""Whose rows a unit of work may see and write on PostgreSQL with row-level security, whatever its statements ask for.

The policies of the tables compare each row with the setting `portal.partner` of the session or the transaction. A unit
of work has the scope of its request or of other work: nothing, one partner, or every partner.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

from domain.tenancy import ALL_PARTNERS, Scope

Result = TypeVar("Result")
Given = ParamSpec("Given")

SETTING = "portal.partner"
"""Setting that the policies read; an empty or missing one fits no row."""

EVERY = "every"
"""Its value for all partners; for one partner it is the id."""

NOTHING = ""


class HasRowScope(Protocol):
    """What a unit of work runs for, such as a request, whose viewer may change."""

    @property
    def row_scope(self) -> Scope | None:
        """Whose rows it may see; None for no partner's."""


@dataclass(frozen=True, slots=True)
class _Fixed:
    row_scope: Scope


current: ContextVar[HasRowScope | None] = ContextVar("row scope", default=None)
"""What units of work run for; None sees nothing."""


@contextmanager
def of(scoped: HasRowScope) -> Iterator[None]:
    """Let units of work see what that may see meanwhile."""
    before = current.set(scoped)
    try:
        yield
    finally:
        current.reset(before)


def of_partner(partner_id: int) -> AbstractContextManager[None]:
    """Let units of work see the rows of one partner meanwhile."""
    return of(_Fixed(partner_id))


def of_every_partner() -> AbstractContextManager[None]:
    """Let units of work see all rows meanwhile, because the partner is not known yet, or there are several."""
    return of(_Fixed(ALL_PARTNERS))


def for_every_partner(work: Callable[Given, Awaitable[Result]]) -> Callable[Given, Coroutine[None, None, Result]]:
    """Return the async function as one whose units of work see all rows."""

    @wraps(work)
    async def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        with of_every_partner():
            return await work(*args, **kwargs)

    return run


def value() -> str:
    """Return the value of the setting for a unit of work that begins now."""
    found = current.get()
    scope = None if found is None else found.row_scope
    if scope is None:
        return NOTHING
    return EVERY if scope is ALL_PARTNERS else f"{scope:d}"


def assignment(value: str, *, local: bool) -> str:
    """Return the statement that assigns a value to the setting of the session, or `local` of the transaction."""
    return f"SET {'LOCAL ' if local else ''}{SETTING} = '{value}';"
