"""Mutations: each is one transaction, opened here, that does its work once for an idempotency key."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

from db import actors, event_log, idempotency, partner_changes, stock_movements
from db.actors import Rights
from db.engine import Transaction
from db.event_log import ActorLostError
from db.idempotency import Claim, Recorded
from db.partner_changes import Terms
from db.stock_movements import NewMovement
from domain.access import Permission, Role, roles_with
from domain.checks import IDEMPOTENCY_KEY_LENGTH, Checks
from domain.errors import Forbidden
from domain.events import Event, EventOfEach
from domain.field_permissions import FIELD_PERMISSIONS
from domain.partners import OF_OPEN_PARTNERS, PartnerRequired, check_active
from domain.refusals import IdempotencyConflict
from resolvers import outcomes, previews
from resolvers.context import Context, unauthenticated
from resolvers.input_texts import as_text
from resolvers.partners import check_open, check_partner
from resolvers.previews import Changes, Preview
from resolvers.viewers import Viewer

Given = TypeVar("Given", bound=tuple[Any, ...])
Outcome = TypeVar("Outcome", bound=tuple[Any, ...])


@dataclass(frozen=True, slots=True)
class Work:
    """Unit of work of a mutation: its transaction, viewer, partner and time."""

    context: Context
    tx: Transaction
    viewer: Viewer
    partner_id: int
    permission: Permission
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    locked_first: set[int] = field(default_factory=set)
    """Clients that an earlier run of the unit found locked, too late to wait for them in the order of locks."""
    times: list[datetime] = field(default_factory=list)
    """The time of the change, once it was asked for."""

    @property
    def now(self) -> datetime:
        """The time of the change, which is that of the first call: after the locks of what it changes.

        While it waited for them, a transaction with a later time may have begun or changed what it ends or forbids.
        """
        if not self.times:
            self.times.append(self.context.now())
        return self.times[0]

    async def terms(self) -> Terms:
        """Return the terms of the partner, which are locked; raise a refusal unless it is active.

        A mutation that orders, approves or activates asks for them after it has locked clients, before all other locks.
        """
        terms = await partner_changes.shared_terms(self.tx, self.partner_id)
        check_active(terms.status, terms.suspension_reason)
        return terms

    @property
    def rights(self) -> Rights:
        """What the viewer, who may be remembered from some seconds ago, must have until the commit."""
        return Rights(self.viewer.token_id, roles_with(self.permission))

    async def act(self) -> None:
        """Raise Unauthenticated or Forbidden if the viewer has lost the rights since it was read.

        For changes whose events are in several feeds; `append` does it for all others.
        """
        if not await actors.share(self.tx, self.viewer.partner_id, self.viewer.user_id, self.rights):
            await self._refuse()

    async def _refuse(self) -> NoReturn:
        """Say why the viewer may not make the change, and read the viewer again for the next request."""
        self.context.portal.viewers.forget_user(self.viewer.partner_id, self.viewer.user_id)
        has_token = self.rights._replace(roles=tuple(Role))
        if await actors.share(self.tx, self.viewer.partner_id, self.viewer.user_id, has_token):
            raise Forbidden([self.permission])
        raise unauthenticated()

    async def next_order_number(self) -> int:
        """Return the number of a new order. It takes the transaction's last lock, and raises as `act` does."""
        try:
            return await event_log.next_order_number(
                self.tx, self.partner_id, actor_id=self.viewer.user_id, rights=self.rights
            )
        except ActorLostError:
            await self._refuse()

    async def record(self, movements: Sequence[NewMovement]) -> None:
        """Append lines to the ledger of the partner's stock."""
        self.changes.movements.extend(movements)
        await stock_movements.record(self.tx, self.partner_id, movements, at=self.now)

    async def append(self, *happened: Event | EventOfEach) -> None:
        """Append events. It takes the transaction's last lock."""
        await self.append_to(self.partner_id, *happened)

    async def append_to(self, partner_id: int, *happened: Event | EventOfEach) -> None:
        """Append events of a partner that the mutation is not for, such as one that it created.

        Raises as `act` does.
        """
        again = partner_id in self.changes.partners
        self.changes.partners.add(partner_id)
        self.changes.events.extend(happened)
        by_id = self.viewer.user_id
        try:
            await event_log.append(
                self.tx, partner_id, happened, actor_id=by_id, rights=self.rights, at=self.now, again=again
            )
        except ActorLostError:
            await self._refuse()


CheckReplay: TypeAlias = Callable[[Work, Outcome], Awaitable[None]]
"""Raises a refusal if an outcome that was recorded for a key can't be returned again."""


class Mutation(Generic[Given, Outcome]):
    """Use case that changes data, in one transaction."""

    def __init__(
        self,
        name: str,
        outcome: type[Outcome],
        work: Callable[[Work, Given], Awaitable[Outcome]],
        *,
        for_vendor: bool,
        check_replay: CheckReplay[Outcome] | None = None,
    ) -> None:
        """Take the name of its field in the schema, which determines its permission.

        The vendor's users can do it for a partner, and only if it is also `for_vendor` for the vendor itself. A
        recorded outcome is returned unless `check_replay` refuses it, because what it names is gone.
        """
        self.name = name
        self._for_vendor, self._check_replay = for_vendor, check_replay
        self.permission = FIELD_PERMISSIONS[f"Mutation.{name}"]
        self._outcome = outcome
        self._work = work
        self.__doc__ = work.__doc__

    def renamed(self, name: str) -> "Mutation[Given, Outcome]":
        """Return the same use case for another field, which has keys and a permission of its own."""
        return Mutation(name, self._outcome, self._work, for_vendor=self._for_vendor, check_replay=self._check_replay)

    def after(self, check: Callable[[Work], Awaitable[None]]) -> "Mutation[Given, Outcome]":
        """Return the same use case, which runs the check first, unless an earlier outcome is recorded."""

        async def checked(work: Work, given: Given) -> Outcome:
            await check(work)
            return await self._work(work, given)

        return Mutation(self.name, self._outcome, checked, for_vendor=self._for_vendor, check_replay=self._check_replay)

    async def __call__(
        self,
        context: Context,
        given: Given,
        key: str | None = None,
        *,
        named: int | None = None,
        item: int | None = None,
    ) -> Outcome:
        """Run it in one transaction; with a key that was used before, return the recorded outcome.

        It runs for the partner that is `named`, or for the viewer's own. An `item` of a bulk mutation has the key of
        the input and its index. Raises Refusals, alone or in a group; then nothing was changed.
        """
        database, claim = context.portal.database, self.claim(context, given, key, named, item)
        run = database.write if claim is None else database.write_once
        outcome, work = await run(self.attempt(context, claim, given, named))
        # Imports have a dry run of their own, which writes nothing.
        if not getattr(given, "dry_run", False):
            context.note_change()
        for act in work.after_commit:
            act()
        return outcome

    async def preview(
        self, context: Context, given: Given, key: str | None = None, *, named: int | None = None
    ) -> Preview:
        """Run it in a transaction that is rolled back, and return what it would have changed.

        Raises the same refusals. A key is not recorded; with one that was used before, nothing would have changed.
        """
        attempt = self.attempt(context, self.claim(context, given, key, named), given, named)

        async def tried(tx: Transaction) -> Preview:
            _, work = await attempt(tx)
            return await previews.of_changes(tx, work.partner_id, work.changes, at=work.now)

        return await context.portal.database.rehearse(tried)

    def partner(self, context: Context, named: int | None) -> int:
        """Return the partner that it runs for; raise Forbidden without the permission."""
        viewer = context.require(self.permission)
        if viewer.of_vendor and named is None and not self._for_vendor:
            raise PartnerRequired(("partnerId",))
        return context.acting_for(named)

    def attempt(
        self, context: Context, claim: Claim | None, given: Given, named: int | None
    ) -> Callable[[Transaction], Awaitable[tuple[Outcome, Work]]]:
        """Return the unit of work, which returns its outcome and what it has changed."""
        locked_first: set[int] = set()
        completed: tuple[Outcome, Work] | None = None

        async def attempt(tx: Transaction) -> tuple[Outcome, Work]:
            nonlocal completed
            work = replace(await self.begin(context, tx, named), locked_first=locked_first)
            completed = await self.once(work, given, claim, completed)
            return completed

        return attempt

    async def begin(self, context: Context, tx: Transaction, named: int | None) -> Work:
        """Return the unit of work in this transaction, whose partner exists."""
        partner_id, viewer = self.partner(context, named), context.signed_in
        if named is not None:
            await check_partner(tx, viewer, partner_id, for_vendor=self._for_vendor)
        return Work(context, tx, viewer, partner_id, self.permission)

    async def once(
        self, work: Work, given: Given, claim: Claim | None, completed: tuple[Outcome, Work] | None = None
    ) -> tuple[Outcome, Work]:
        """Do the work, or return the outcome that is recorded for the claim.

        The record may be that of the last run that was `completed`, if the answer to its commit was lost: then that
        run is returned, whose acts after the commit are still to be done.
        """
        if claim is None:
            return await self._done(work, given), work
        recorded = await idempotency.claim(work.tx, claim, at=work.context.now())
        if recorded is not None:
            outcome = self.replayed(claim, recorded)
            if completed is not None and recorded.outcome == outcomes.stored(completed[0]):
                return completed
            if self._check_replay is not None:
                await self._check_replay(work, outcome)
            return outcome, work
        outcome = await self._done(work, given)
        kept = None if getattr(given, "changes_nothing", False) else outcomes.stored(outcome)
        await idempotency.complete(work.tx, claim, kept)
        return outcome, work

    async def _done(self, work: Work, given: Given) -> Outcome:
        outcome = await self._work(work, given)
        if self.name in OF_OPEN_PARTNERS:
            # Last, when it has all locks: the partner may have been closed while it waited for them.
            await check_open(work.tx, work.partner_id)
        return outcome

    def replayed(self, claim: Claim, recorded: Recorded) -> Outcome:
        """Return the recorded outcome; raise a refusal if the input was another one."""
        if recorded.input_digest != claim.input_digest:
            raise IdempotencyConflict(("idempotencyKey",))
        return self._outcome(*outcomes.read(recorded.outcome))

    def claim(
        self, context: Context, given: tuple[Any, ...], key: str | None, named: int | None, item: int | None = None
    ) -> Claim | None:
        """Return what a key claims; None without a key. Raises a refusal if it can't be one."""
        partner_id, viewer = self.partner(context, named), context.signed_in
        if key is None:
            return None
        checks = Checks()
        checks.opaque(key, "idempotencyKey", longest=IDEMPOTENCY_KEY_LENGTH)
        checks.done()
        # A key of the vendor's users is another one than the same text of the partner.
        purpose = "idempotency key of the vendor" if viewer.of_vendor else "idempotency key"
        # No key has a NUL.
        whole = key if item is None else f"{key}\0{item}"
        keys = context.portal.digests(purpose, whole.encode())
        inputs = context.portal.digests("idempotency input", as_text(given).encode())
        former = None
        for key_digest, input_digest in zip(reversed(keys), reversed(inputs), strict=True):
            former = Claim(partner_id, self.name, key_digest, input_digest, former)
        return former


def mutation(
    name: str,
    outcome: type[Outcome],
    *,
    for_vendor: bool = False,
    check_replay: CheckReplay[Outcome] | None = None,
) -> Callable[[Callable[[Work, Given], Awaitable[Outcome]]], Mutation[Given, Outcome]]:
    """Turn a function into a use case. Its outcome has ids only, since it is stored with the idempotency key."""

    def wrap(work: Callable[[Work, Given], Awaitable[Outcome]]) -> Mutation[Given, Outcome]:
        return Mutation(name, outcome, work, for_vendor=for_vendor, check_replay=check_replay)

    return wrap
