"""Bulk mutations: the items of one input, each in a transaction of its own, or all of them in one."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from db import idempotency
from db.engine import Connection, Transaction
from db.idempotency import Claim, Recorded
from domain.bulk import BulkMode, BulkStatus, CountChanged
from domain.errors import NotChanged, OutcomeUnknown
from domain.refusals import IdempotencyConflict, Path, Refusal
from resolvers import previews
from resolvers.context import Context
from resolvers.mutations import Mutation, Work, stored
from resolvers.partners import check_partner
from resolvers.previews import Preview

Given = TypeVar("Given", bound=tuple[Any, ...])
Outcome = TypeVar("Outcome", bound=tuple[Any, ...])

Done = Mapping[int, Outcome | Refusal]
"""What was done for each item, or why it was refused."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[Given]):
    """Item of a bulk input, and its path there; without a use case's input, its form is refused.

    A `lone` item is a value without fields, whose path every refusal of it has.
    """

    path: Path
    given: Given | None
    refusals: Sequence[Refusal] = ()
    lone: bool = False

    def refused(self, refusal: Refusal) -> Refusal:
        """Return a refusal of the use case with its path in the bulk input."""
        if not isinstance(refusal, IdempotencyConflict):
            refusal.path = self.path if self.lone else (*self.path, *refusal.path)
        return refusal


@dataclass(frozen=True, slots=True)
class Bulk(Generic[Given]):
    """Items to do, and how; by a filter, `found` are the arguments of what finds them."""

    entries: Sequence[Entry[Given]]
    mode: BulkMode
    found: tuple[Any, ...] | None = None


class Result(NamedTuple):
    """What was done for an item: its outcome or refusals, or neither because others were refused."""

    place: int
    status: BulkStatus
    outcome: tuple[Any, ...] | None = None
    refusals: Sequence[Refusal] = ()

    @property
    def activation_id(self) -> int | None:
        """Id of the activation in the outcome; None without one."""
        return getattr(self.outcome, "activation_id", None)

    @property
    def previous_id(self) -> int | None:
        """Id of the activation that was moved; None without one."""
        return getattr(self.outcome, "previous_id", None)


class Results(NamedTuple):
    """Result of each item, in their order, and what a dry run would have changed."""

    results: Sequence[Result]
    preview: Preview | None = None

    @property
    def refusals(self) -> list[Refusal]:
        """Every refusal of an item."""
        return [refusal for result in self.results for refusal in result.refusals]


class Found(NamedTuple):
    """Ids of the objects that a filter matches."""

    ids: list[int]


class _RefusedError(Exception):
    """Signal that rolls back a transaction of all items, because one of them is refused."""

    def __init__(self, results: Sequence[Result]) -> None:
        """Take the results."""
        super().__init__()
        self.results = results


class BulkMutation(Generic[Given, Outcome]):
    """Use case for many items: `one` does one of them, and `together` all that it does not refuse."""

    def __init__(
        self,
        name: str,
        outcome: type[Outcome],
        one: Mutation[Given, Outcome],
        together: Callable[[Work, Mapping[int, Given]], Awaitable[Done[Outcome]]],
        *,
        find: Callable[[Work, Any], Awaitable[Found]] | None = None,
        of_id: Callable[[Any, int], Entry[Given]] | None = None,
    ) -> None:
        """Take the name of its field; `find` has the ids for a filter, and `of_id` makes the item of each."""
        self._one = one.renamed(name)
        self._outcome, self._together = outcome, together
        self._find: Mutation[Any, Found] | None = (
            None if find is None else Mutation(name, Found, find, for_vendor=False)
        )
        self._of_id = of_id

    async def __call__(
        self, context: Context, wanted: Bulk[Given], key: str | None, *, named: int | None, dry_run: bool
    ) -> Results:
        """Do the items, with a result for each.

        Each item has an idempotency key of its own: that of the input, and its index. Raises the refusals of the input
        as a whole; then nothing was changed.
        """
        self._one.partner(context, named)
        if wanted.mode is BulkMode.EACH and not dry_run:
            return await self._each(context, wanted, key, named)

        after_commit: list[Callable[[], None]] = []

        async def at_once(tx: Transaction) -> Results:
            nonlocal after_commit
            work = await self._one.begin(context, tx, named)
            # A unit of work may be run several times, of which the last one is committed.
            after_commit = work.after_commit
            results = await self._at_once(work, wanted, key, named)
            if not dry_run:
                return Results(results)
            preview = await previews.of_changes(tx, work.partner_id, work.changes, at=work.now)
            # What was created is gone after the transaction.
            return Results([result._replace(outcome=None) for result in results], preview)

        database = context.portal.database
        try:
            done = await (database.rehearse(at_once) if dry_run else database.write(at_once))
        except _RefusedError as refused:
            return Results(refused.results)
        for call in () if dry_run else after_commit:
            call()
        context.forget()
        return done

    async def _each(self, context: Context, wanted: Bulk[Given], key: str | None, named: int | None) -> Results:
        entries = wanted.entries
        if wanted.found is not None and self._find is not None:
            # The ids are recorded with the key, because a second run finds only what the first one left.
            found = await self._find(context, wanted.found, key, named=named)
            entries = self._entries(wanted, found)
        claims = self._claims(context, entries, key, named)

        async def check(connection: Connection) -> None:
            if named is not None:
                await check_partner(connection, context.signed_in, self._one.partner(context, named))
            _check_inputs(claims, await idempotency.recorded(connection, list(claims.values())))

        await context.portal.database.read(check)
        results: list[Result] = []
        for index, entry in enumerate(entries):
            refusals: list[Refusal] = list(entry.refusals)
            outcome: Outcome | None = None
            if entry.given is not None:
                try:
                    outcome = await self._one(context, entry.given, key, named=named, item=index)
                except* Refusal as group:
                    refusals = [entry.refused(refusal) for refusal in flat(group)]
                except* NotChanged as group:
                    # What is true of this item is not true of those before it.
                    done = any(result.status is BulkStatus.DONE for result in results)
                    raise (OutcomeUnknown() if done else group.exceptions[0]) from None
            results.append(_result(index, outcome, refusals))
        return Results(results)

    async def _at_once(self, work: Work, wanted: Bulk[Given], key: str | None, named: int | None) -> list[Result]:
        entries = wanted.entries
        if wanted.found is not None and self._find is not None:
            claim = self._find.claim(work.context, wanted.found, key, named)
            entries = self._entries(wanted, await self._find.once(work, wanted.found, claim))
        claims = self._claims(work.context, entries, key, named)
        recorded = await idempotency.claim_each(work.tx, list(claims.values()), at=work.now)
        _check_inputs(claims, recorded)
        known = {
            index: self._one.replayed(claim, recorded[claim.key_digest])
            for index, claim in claims.items()
            if claim.key_digest in recorded
        }
        left = {
            index: entry.given for index, entry in enumerate(entries) if entry.given is not None and index not in known
        }
        done: dict[int, Outcome | Refusal] = {**known, **(await self._together(work, left) if left else {})}
        results = [_result_of(place, entry, done.get(place)) for place, entry in enumerate(entries)]
        refused = sum(result.status is BulkStatus.REFUSED for result in results)
        if refused and wanted.mode is BulkMode.ALL_OR_NOTHING:
            if wanted.found is not None:
                # Another transaction cancelled some since they were found.
                raise CountChanged(("expectedCount",), expected=len(results), actual=len(results) - refused)
            raise _RefusedError([_undone(result) for result in results])
        await idempotency.complete_each(
            work.tx,
            [(claims[index], stored(came)) for index in left if (came := results[index].outcome) and index in claims],
        )
        return results

    def _entries(self, wanted: Bulk[Given], found: Found) -> list[Entry[Given]]:
        if self._of_id is None:
            raise NotImplementedError
        return [self._of_id(wanted.found, each) for each in found.ids]

    def _claims(
        self, context: Context, entries: Sequence[Entry[Given]], key: str | None, named: int | None
    ) -> dict[int, Claim]:
        claims = {}
        for index, entry in enumerate(entries):
            if entry.given is not None and (claim := self._one.claim(context, entry.given, key, named, index)):
                claims[index] = claim
        return claims


def flat(group: BaseExceptionGroup[Any]) -> Iterator[Refusal]:
    """Yield the refusals of a group, and of the groups in it."""
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from flat(each)
        else:
            yield each


def _check_inputs(claims: Mapping[int, Claim], recorded: Mapping[bytes, Recorded]) -> None:
    """Raise IdempotencyConflict if an item's key did its work for another input, before any item is done."""
    for claim in claims.values():
        done = recorded.get(claim.key_digest)
        if done is not None and done.input_digest != claim.input_digest:
            raise IdempotencyConflict(("idempotencyKey",))


def _result_of(place: int, entry: Entry[Any], came: tuple[Any, ...] | Refusal | None) -> Result:
    if isinstance(came, Refusal):
        return _result(place, None, [entry.refused(came)])
    return _result(place, came, entry.refusals)


def _result(place: int, outcome: tuple[Any, ...] | None, refusals: Sequence[Refusal]) -> Result:
    return Result(place, BulkStatus.REFUSED if outcome is None else BulkStatus.DONE, outcome, refusals)


def _undone(result: Result) -> Result:
    return result if result.refusals else Result(result.place, BulkStatus.NOT_DONE)
