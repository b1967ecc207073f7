"""Verification of the hash chain over a partner's events."""

from typing import Annotated

import strawberry

from db.audit import Verified
from resolvers import audit
from schema.arguments import number
from schema.inputs import PartnerId, given
from schema.nodes import Info, OfRow
from schema.relations import attribute, computed


@strawberry.type(
    description=(
        "The verification of a partner's events, of which each has a SHA-256 over the hash of the one before it and "
        "its own content. It shows whether an event was changed, added or removed later. Erasing a client changes no "
        "event."
    )
)
class AuditChain(OfRow, row=Verified):
    """Result of a verification, read from a Verified."""

    is_intact: bool = computed(
        lambda _, verified: verified.broken_at is None,
        reads=("broken_at",),
        description="Whether all verified events are those that were appended, in their order.",
    )
    checked: int = attribute("The number of events that were verified, at most 20,000.")
    last_number: int = attribute(
        "The number of the last event that was found right; `after` if there is none. A later request can go on "
        "after it."
    )
    last_hash: str = computed(
        lambda _, verified: verified.last_hash.hex(),
        reads=("last_hash",),
        description=(
            "The hash of that event, in hexadecimal; empty if there is none. Kept elsewhere, it shows later whether "
            "the events up to this one are still the same."
        ),
    )
    broken_at: int | None = attribute(
        "The number of the first event that is missing, or whose hash is wrong. Returns null if there is none."
    )
    has_more: bool = attribute("Whether there are later events, which were not verified.")


@strawberry.type
class AuditQueries:
    @strawberry.field(
        graphql_type=AuditChain | None,
        description=(
            "Verifies the hash chain over a partner's events, up to 20,000 after a number. Returns null if the viewer "
            "can't see such a partner."
        ),
    )
    @staticmethod
    async def audit_chain(
        info: Info,
        after: Annotated[
            int | None,
            strawberry.argument(
                description="The number of the event after which to begin, such as `lastNumber`; 0 for the first one."
            ),
        ] = strawberry.UNSET,
        partner_id: PartnerId = strawberry.UNSET,
    ) -> Verified | None:
        return await audit.verify(info.context, given(after) or 0, number("Partner", partner_id))
