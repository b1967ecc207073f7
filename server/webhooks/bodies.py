"""Bodies of messages: events as the maker of the webhook can read them now."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from db import webhook_leases
from db.events import EventRow
from db.webhook_leases import Leased, Maker
from domain.access import TokenKind
from domain.webhooks import MESSAGE_BYTES, InvalidSelection, SuspensionReason
from resolvers.context import Context
from resolvers.portal import Portal
from resolvers.viewers import Viewer
from resolvers.webhook_selections import Selections
from resolvers.webhooks import needed_for
from server.webhooks import messages


class RenderSelection(Selections, Protocol):
    """Selections that can be executed too."""

    async def written(
        self, context: Context, text: str, rows: Sequence[EventRow], *, longest: int, used: int, whole: bool
    ) -> Sequence[bytes]:
        """Return the JSON of `event` and `errors` of the first events, or of all of them if the message is `whole`.

        The message has at most `longest` bytes, `used` of them by the rest of it. An event that does not fit has an
        error instead. Raises Unavailable if an object could not be read.
        """


class UnusableError(Exception):
    """Error: nothing can be sent, whatever the receiver does."""

    def __init__(self, reason: SuspensionReason) -> None:
        """Take the reason of the suspension."""
        super().__init__(reason.value)
        self.reason = reason


class Body(NamedTuple):
    """Body of a message, and the events that it has."""

    content: bytes
    rows: Sequence[EventRow]


class Bodies:
    """Maker of the bodies of messages."""

    def __init__(self, portal: Portal, selections: RenderSelection) -> None:
        """Take what executes the selections of webhooks."""
        self._portal, self._selections = portal, selections

    async def of(self, held: Leased, rows: Sequence[EventRow], *, batched: bool, whole: bool) -> Body:
        """Return the body of a message with these events; raise UnusableError if the webhook has to be suspended.

        Unless the message is to be `whole`, it has only the first of them that fit into it.
        """
        found = await self._portal.database.read(lambda connection: webhook_leases.maker(connection, held), alone=True)
        permissions = webhook_leases.permissions_of(held, found)
        try:
            missing = needed_for(self._selections, held.selection, held.batch_size) - permissions
            if found is None or missing:
                raise UnusableError(SuspensionReason.MAKER)
            written = [messages.thin(row, permissions) for row in rows]
            if held.selection is not None:
                selected = await self._selections.written(
                    self._context(held, found),
                    held.selection,
                    rows,
                    longest=MESSAGE_BYTES,
                    used=sum(map(len, written)),
                    whole=whole,
                )
                # The members of both objects, in one.
                written = [thin[:-1] + b"," + more[1:] for thin, more in zip(written, selected, strict=False)]
        except InvalidSelection:
            raise UnusableError(SuspensionReason.SELECTION) from None
        rows = rows[: len(written)]
        return Body(messages.body(rows, written, batched=batched), rows)

    def _context(self, held: Leased, maker: Maker) -> Context:
        """Return a context in which the maker reads: what is the webhook's partner's, and nothing else."""
        viewer = Viewer(
            partner_id=maker.partner_id,
            user_id=maker.id,
            role=maker.role,
            permissions=webhook_leases.permissions_of(held, maker),
            token_id=0,
            token_kind=TokenKind.API,
            expires_at=None,
            scope=held.partner_id,
        )
        return Context(self._portal, viewer, language=held.language)
