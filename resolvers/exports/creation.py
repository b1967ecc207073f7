"""Creation of exports: `createExport` gives the URL of a file."""

from datetime import UTC, datetime
from typing import NamedTuple

from domain.events import Event, EventType
from domain.exports import LIFETIME, ExportList
from resolvers.context import Context
from resolvers.mutations import Work, mutation


class CreateExport(NamedTuple):
    """Export to create."""

    list: ExportList
    written: bytes
    """The export as its URL carries it, which is the same for equal ones."""

    by_user_id: int
    """Who exports, and so reads the URL: with the idempotency key of another user, it is another export."""


class ExportCreated(NamedTuple):
    """When the URL of the export expires, in seconds of the Unix epoch."""

    expires_at: int

    @property
    def expiry(self) -> datetime:
        """When the URL expires."""
        return datetime.fromtimestamp(self.expires_at, UTC)


@mutation("createExport", ExportCreated, for_vendor=True)
async def create_export(work: Work, given: CreateExport) -> ExportCreated:
    """Record who exports which list; its rows are read when the URL is."""
    ends = work.now + LIFETIME
    of_token = work.viewer.expires_at
    await work.append(Event(type=EventType.EXPORT_CREATED, exported_list=given.list))
    return ExportCreated(int((ends if of_token is None else min(ends, of_token)).timestamp()))


async def create(context: Context, given: CreateExport, key: str | None, *, named: int | None) -> ExportCreated:
    """Create an export once for a key, and again when its URL has expired.

    Each URL that works has an event, also those that an old key would give.
    """
    created = await create_export(context, given, key, named=named)
    if key is None or created.expiry > context.now():
        return created
    return await create_export(context, given, named=named)
