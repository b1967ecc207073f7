"""Statements that lock and change clients."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from db.clients import COLUMNS, ClientRow
from db.engine import Connection, Transaction, statistics
from db.engine.expressions import KEEPING_KEYS, among
from db.engine.filters import PARTNER, upsert, value, values_of
from db.engine.statement import Statement
from db.tables import activations, clients
from domain.clients import ClientStatus, names_folded
from domain.text import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDetails:
    """Details of a client."""

    name: str
    trade_name: str | None = None
    city: str | None = None
    state: str | None = None


_IDS_BY_CNPJ: Statement[tuple[str, int]] = Statement(
    sa.select(clients.c.cnpj, clients.c.id).where(clients.c.partner_id == PARTNER, among(clients.c.cnpj, "cnpjs")),
    values_of,
)
_LOCK = Statement(
    sa.select(*COLUMNS)
    .where(clients.c.partner_id == PARTNER, among(clients.c.id, "ids"))
    .order_by(clients.c.id)
    .with_for_update(key_share=KEEPING_KEYS),
    ClientRow,
)
_LOCK_OF_ACTIVATION: Statement[int] = Statement(
    sa.select(clients.c.id)
    .where(
        clients.c.partner_id == PARTNER,
        clients.c.id
        == sa.select(activations.c.client_id)
        .where(activations.c.partner_id == PARTNER, activations.c.id == sa.bindparam("activation_id"))
        .scalar_subquery(),
    )
    .with_for_update(key_share=KEEPING_KEYS),
    value,
)
_DETAILS = (
    "name",
    "name_folded",
    "trade_name",
    "trade_name_folded",
    "names_folded",
    "city",
    "city_folded",
    "state",
)
_REGISTER = upsert(
    clients,
    lambda insert: (
        insert.values(status=ClientStatus.ACTIVE)
        .on_conflict_do_nothing(index_elements=["partner_id", "cnpj"])
        .returning(clients.c.cnpj, clients.c.id)
    ),
    values_of,
    inserted=["partner_id", "cnpj", "registered_at", "updated_at", *_DETAILS],
)
_MINE = clients.c.partner_id == PARTNER, clients.c.id == sa.bindparam("client_id")
_UPDATE = Statement(
    sa.update(clients).where(*_MINE).values({name: sa.bindparam(f"new_{name}") for name in _DETAILS}), values_of
)
_RENAME_IN_ACTIVATIONS = Statement(
    sa.update(activations)
    .where(
        activations.c.partner_id == PARTNER,
        activations.c.client_id == sa.bindparam("of_client"),
        activations.c.client_name_folded != sa.bindparam("name_folded"),
    )
    .values(client_name_folded=sa.bindparam("name_folded")),
    values_of,
)


async def ids_by_cnpj(connection: Connection, partner_id: int, cnpjs: Sequence[str]) -> dict[str, int]:
    """Return the ids of the partner's active clients with these CNPJs."""
    return dict(await connection.fetch(_IDS_BY_CNPJ, {"partner_id": partner_id, "cnpjs": cnpjs}))


async def locked(tx: Transaction, partner_id: int, ids: Iterable[int]) -> Mapping[int, ClientRow]:
    """Lock the partner's clients with these ids until the transaction ends, and return them by id."""
    return {row.id: row for row in await tx.fetch(_LOCK, {"partner_id": partner_id, "ids": sorted(set(ids))})}


async def lock_of_activation(tx: Transaction, partner_id: int, activation_id: int) -> None:
    """Lock the client of the partner's activation, which is to be locked afterwards; nothing if there is none."""
    await tx.fetch(_LOCK_OF_ACTIVATION, {"partner_id": partner_id, "activation_id": activation_id})


async def register(tx: Transaction, *, partner_id: int, cnpj: str, details: ClientDetails, at: datetime) -> int | None:
    """Create a client and return its id, or None if an active client has the CNPJ."""
    return (await register_many(tx, partner_id, [(cnpj, details)], at=at)).get(cnpj)


async def register_many(
    tx: Transaction, partner_id: int, wanted: Sequence[tuple[str, ClientDetails]], *, at: datetime
) -> dict[str, int]:
    """Create clients and return their ids by CNPJ, without those whose CNPJ an active client has."""
    common = {"partner_id": partner_id, "registered_at": at, "updated_at": at}
    lines = [{"cnpj": cnpj, **common, **_written(details)} for cnpj, details in wanted]
    return dict(await tx.execute_many(_REGISTER, lines))


async def update(tx: Transaction, partner_id: int, client_id: int, details: ClientDetails, *, at: datetime) -> None:
    """Update a client's details, and the copy of its name by which activations are sorted."""
    new = {f"new_{name}": text for name, text in _written(details).items()}
    await tx.execute(_UPDATE, {"partner_id": partner_id, "client_id": client_id, "at": at, **new})
    renamed = {"partner_id": partner_id, "of_client": client_id, "name_folded": fold(details.name), "at": at}
    await tx.execute(_RENAME_IN_ACTIVATIONS, renamed)


def _written(details: ClientDetails) -> dict[str, str | None]:
    """Return a client's details as columns, with the folded copies for search and sort."""
    return {
        "name": details.name,
        "name_folded": fold(details.name),
        "trade_name": details.trade_name,
        "trade_name_folded": fold(details.trade_name or ""),
        "names_folded": names_folded(details.name, details.trade_name),
        "city": details.city,
        "city_folded": fold(details.city or ""),
        "state": details.state,
    }


async def analyze(tx: Transaction) -> None:
    """Update the planner's statistics of clients, of which many are new."""
    await statistics.analyze(tx, clients)
