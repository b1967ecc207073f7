"""Events of what an erasure changes besides the cancelled client and its activations."""

from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa

from db.engine import Transaction
from db.engine.expressions import among, found_by_id
from db.engine.filters import PARTNER, values_of
from db.engine.statement import Statement
from db.erasures import Erasure
from db.tables import activations, clients
from domain.events import Event, EventOfEach, EventType

_CLIENTS_OF: Statement[tuple[int, int]] = Statement(
    sa.select(activations.c.client_id, activations.c.id)
    .where(found_by_id(activations.c.partner_id) == PARTNER, among(activations.c.id, "ids"))
    .order_by(activations.c.client_id, activations.c.id),
    values_of,
)


async def of_others(tx: Transaction, erasure: Erasure) -> list[Event | EventOfEach]:
    """Return an event for each activation and each other client whose texts were written anew."""
    ids = erasure.written.get(activations.name, [])
    rows = await tx.fetch(_CLIENTS_OF, {"partner_id": erasure.partner_id, "ids": sorted(ids)}) if ids else ()
    of_activations = [
        EventOfEach(Event(type=EventType.ACTIVATION_UPDATED, client_id=client_id), [row_id for _, row_id in some])
        for client_id, some in groupby(rows, itemgetter(0))
    ]
    of_clients = [
        Event(type=EventType.CLIENT_UPDATED, client_id=client_id)
        for client_id in sorted(erasure.written.get(clients.name, []))
    ]
    return [*of_activations, *of_clients]
