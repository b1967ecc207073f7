"""Bulk mutations: the items of one input, each in a transaction of its own, or all of them in one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from db import idempotency
from db.engine import Connection, Transaction
from db.idempotency import Claim
from domain.bulk import BulkMode, BulkStatus
from domain.errors import ApiError
from domain.refusals import Refusal, flat
from resolvers import previews
from resolvers.bulk_items import Bulk, Entry, Filtered, Found, Sought
from resolvers.bulk_keys import NO_OUTCOME, WholeKey, check_inputs
from resolvers.bulk_results import Result, Results, error_among
from resolvers.context import Context
from resolvers.mutations import Mutation, Work
from resolvers.outcomes import stored
from resolvers.partners import check_partner

Given = TypeVar("Given", bound=tuple[Any, ...])
Outcome = TypeVar("Outcome", bound=tuple[Any, ...])

Done = Mapping[int, Outcome | Refusal]
"""What was done for each item, or why it was refused."""


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
        filtered: Filtered | None = None,
    ) -> None:
        """Take the name of its field, and how it finds items by a filter, if it does."""
        self._one = one.renamed(name)
        self._outcome, self._together = outcome, together
        self._filtered = filtered
        self._find: Mutation[Any, Found] = Mutation(name, Found, self._found_again, for_vendor=False)

    async def __call__(
        self, context: Context, wanted: Bulk[Given], key: str | None, *, named: int | None, dry_run: bool
    ) -> Results:
        """Do the items, with a result for each.

        Each item has an idempotency key of its own: that of the input, and its index. Raises the refusals of the input
        as a whole; then nothing was changed.
        """
        self._one.partner(context, named)
        sought = await self._sought(context, wanted.found, key, named)
        if wanted.mode is BulkMode.EACH and not dry_run:
            return await self._each(context, wanted, sought, key, named)

        completed: tuple[list[Result], Work] | None = None

        async def at_once(tx: Transaction) -> Results:
            nonlocal completed
            work = await self._one.begin(context, tx, named)
            completed = results, work = await self._at_once(work, wanted, sought, key, named, completed=completed)
            if not dry_run:
                return Results(results)
            preview = await previews.of_changes(tx, work.partner_id, work.changes, at=work.now)
            return Results([each.tried() for each in results], preview)

        database = context.portal.database
        run = database.rehearse if dry_run else database.write if key is None else database.write_once
        try:
            done = await run(at_once)
        except _RefusedError as refused:
            return Results([each.tried() for each in refused.results] if dry_run else refused.results)
        for call in completed[1].after_commit if completed is not None and not dry_run else ():
            call()
        if not dry_run and any(result.status is BulkStatus.DONE for result in done.results):
            context.note_change()
        context.forget()
        return done

    async def _each(
        self, context: Context, wanted: Bulk[Given], sought: Sought | None, key: str | None, named: int | None
    ) -> Results:
        entries, each_one = wanted.entries, [self._one] * len(wanted.entries)
        if sought is not None and self._filtered is not None:
            # The ids are recorded with the key, because a second run finds only what the first one left.
            claim = self._find.claim(context, sought.given, key, named)
            database = context.portal.database
            run = database.write if claim is None else database.write_once
            found, _ = await run(self._find.attempt(context, claim, sought, named))
            entries = [self._filtered.entry(sought.given, each) for each in found.ids]
            each_one = [self._if_it_matches(sought.given, each) for each in found.ids]
        claims = list(self._claims(context, entries, key, named).values())
        whole = WholeKey(self._whole(context, sought, key, named), claims)

        async def check(connection: Connection) -> None:
            if named is not None:
                await check_partner(connection, context.signed_in, self._one.partner(context, named))
            check_inputs(whole.every, await idempotency.recorded(connection, whole.every, at=context.now()))

        await context.portal.database.read(check)
        if whole.claim is not None:
            each_one = [one.after(whole.take) for one in each_one]
        results: list[Result] = []
        try:
            for index, (entry, one) in enumerate(zip(entries, each_one, strict=True)):
                run_one = partial(one, context, key=key, named=named, item=index)
                results.append(await _alone(index, entry, run_one, whole))
        except ApiError as error:
            raise error_among(results, error, key) from None
        return Results(results)

    async def _at_once(
        self,
        work: Work,
        wanted: Bulk[Given],
        sought: Sought | None,
        key: str | None,
        named: int | None,
        *,
        completed: tuple[list[Result], Work] | None,
    ) -> tuple[list[Result], Work]:
        """Do all items, or return the run that was `completed` before, as `Mutation.once` does."""
        entries = wanted.entries
        if sought is not None and self._filtered is not None:
            found, _ = await self._find.once(work, sought, self._find.claim(work.context, sought.given, key, named))
            entries = [self._filtered.entry(sought.given, each) for each in found.ids]
        claims = self._claims(work.context, entries, key, named)
        whole = self._whole(work.context, sought, key, named)
        every = [*claims.values(), *([] if whole is None else [whole])]
        recorded = await idempotency.claim_each(work.tx, every, at=work.context.now())
        check_inputs(every, recorded)
        known = {
            index: self._one.replayed(claim, recorded[claim.key_digest])
            for index, claim in claims.items()
            if claim.key_digest in recorded
        }
        left = {
            index: entry.given for index, entry in enumerate(entries) if entry.given is not None and index not in known
        }
        done: dict[int, Outcome | Refusal] = {**known, **(await self._together(work, left) if left else {})}
        results = [_result_of(index, entry, done.get(index)) for index, entry in enumerate(entries)]
        refused = sum(result.status is BulkStatus.REFUSED for result in results)
        if refused and wanted.mode is BulkMode.ALL_OR_NOTHING:
            raise _RefusedError([each if each.item_index in known else each.undone() for each in results])
        completions = [
            (claims[index], stored(came)) for index in left if (came := results[index].outcome) and index in claims
        ]
        if whole is not None and whole.key_digest not in recorded:
            completions.append((whole, NO_OUTCOME))
        await idempotency.complete_each(work.tx, completions)
        if completed is not None and not left and _recorded(completed[0]) == _recorded(results):
            return completed
        return results, work

    async def _sought(
        self, context: Context, given: tuple[Any, ...] | None, key: str | None, named: int | None
    ) -> Sought | None:
        """Return what a filter matches, or what it matched when the key was used before."""
        filtered = self._filtered
        if given is None or filtered is None:
            return None
        partner_id, claim = self._one.partner(context, named), self._find.claim(context, given, key, named)

        async def search(connection: Connection) -> Sequence[int]:
            if named is not None:
                await check_partner(connection, context.signed_in, partner_id)
            done = {} if claim is None else await idempotency.recorded(connection, [claim], at=context.now())
            if claim is not None and claim.key_digest in done:
                return self._find.replayed(claim, done[claim.key_digest]).ids
            return await filtered.search(context, connection, partner_id, given)

        return Sought(given, await context.portal.database.read(search))

    async def _found_again(self, work: Work, sought: Sought) -> Found:
        """Lock what a filter matched, and refuse the input if another number of it matches now."""
        if self._filtered is None:
            raise NotImplementedError
        ids = await self._filtered.still(work, sought.given, sought.ids)
        if len(ids) != len(sought.ids):
            raise self._filtered.changed(len(sought.ids), len(ids))
        return Found(ids)

    def _if_it_matches(self, given: Any, object_id: int) -> Mutation[Given, Outcome]:  # noqa: ANN401 — of any filter.
        """Return the use case that refuses the object if the filter does not match it any more."""

        async def check(work: Work) -> None:
            if self._filtered is not None and not await self._filtered.still(work, given, [object_id]):
                raise self._filtered.changed(1, 0)

        return self._one.after(check)

    def _whole(self, context: Context, sought: Sought | None, key: str | None, named: int | None) -> Claim | None:
        """Return what the key claims for all items; None by a filter, which has claimed it already."""
        return None if sought is not None else self._one.claim(context, (), key, named)

    def _claims(
        self, context: Context, entries: Sequence[Entry[Given]], key: str | None, named: int | None
    ) -> dict[int, Claim]:
        claims = {}
        for index, entry in enumerate(entries):
            if entry.given is not None and (claim := self._one.claim(context, entry.given, key, named, index)):
                claims[index] = claim
        return claims


async def _alone(
    index: int, entry: Entry[Given], run: Callable[[Given], Awaitable[tuple[Any, ...]]], whole: WholeKey
) -> Result:
    """Do one item in a transaction of its own."""
    if entry.given is None:
        return _result(index, None, entry.refusals)
    refusals: list[Refusal] = []
    try:
        return _result(index, await whole.keep(run(entry.given)), ())
    except* Refusal as group:
        refusals.extend(entry.refused(refusal) for refusal in flat(group))
    whole.check(refusals)
    return _result(index, None, refusals)


def _recorded(results: Sequence[Result]) -> list[str | None]:
    return [None if result.outcome is None else stored(result.outcome) for result in results]


def _result_of(index: int, entry: Entry[Any], came: tuple[Any, ...] | Refusal | None) -> Result:
    if isinstance(came, Refusal):
        return _result(index, None, [entry.refused(came)])
    return _result(index, came, entry.refusals)


def _result(index: int, outcome: tuple[Any, ...] | None, refusals: Sequence[Refusal]) -> Result:
    return Result(index, BulkStatus.REFUSED if outcome is None else BulkStatus.DONE, outcome, refusals)
