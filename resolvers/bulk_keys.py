"""Idempotency keys of bulk mutations: one for each item, and one for all of them."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

from db import idempotency
from db.idempotency import Claim, Recorded
from domain.refusals import IdempotencyConflict, Refusal
from resolvers.mutations import Work
from resolvers.outcomes import stored

Outcome = TypeVar("Outcome", bound=tuple[Any, ...])

NO_OUTCOME = stored(())
"""Recorded outcome of the key of all items, which only shows that one of them was done."""


class WholeKey:
    """Key of all items of an input, each of which is done in a transaction of its own.

    It is claimed with the first item that is done, so that two requests with one key and different inputs, sent at the
    same time, do not both do some of their items.
    """

    def __init__(self, claim: Claim | None, of_items: Sequence[Claim]) -> None:
        """Take what the key claims, if anything, and what the keys of the items do."""
        self.claim = claim
        self.every = [*of_items, *([] if claim is None else [claim])]
        self._is_taken = False
        self._is_ours = claim is None

    async def take(self, work: Work) -> None:
        """Claim the key in the transaction of an item; raise IdempotencyConflict if another input did items with it."""
        if self.claim is None or self._is_ours:
            return
        at = work.context.now()
        found = await idempotency.claim_each(work.tx, [self.claim], at=at)
        if found:
            check_inputs(self.every, await idempotency.recorded(work.tx, self.every, at=at))
        else:
            await idempotency.complete_each(work.tx, [(self.claim, NO_OUTCOME)])
        self._is_taken = True

    async def keep(self, item: Awaitable[Outcome]) -> Outcome:
        """Return what an item does; if it has claimed the key and is done, the request has the key from then on."""
        self._is_taken = False
        outcome = await item
        self._is_ours |= self._is_taken
        return outcome

    def check(self, refusals: Sequence[Refusal]) -> None:
        """Raise IdempotencyConflict for the whole input if it is among an item's refusals, and the request did none."""
        if not self._is_ours and any(isinstance(refusal, IdempotencyConflict) for refusal in refusals):
            raise IdempotencyConflict(("idempotencyKey",))


def check_inputs(claims: Sequence[Claim], recorded: Mapping[bytes, Recorded]) -> None:
    """Raise IdempotencyConflict if one of the keys did its work for another input, before any item is done."""
    for claim in claims:
        done = recorded.get(claim.key_digest)
        if done is not None and done.input_digest != claim.input_digest:
            raise IdempotencyConflict(("idempotencyKey",))
