"""Model of one product's stock: what each operation may answer, and what it leaves."""

from collections.abc import Iterator
from math import inf
from typing import NamedTuple

from tests.durability.linearizable import Operation

OK = "OK"
NOT_PENDING = "NOT_PENDING"


class Active(NamedTuple):
    """Active activation; its id is 0 if its caller got no answer."""

    id: int
    client: int
    key: str


class Stock(NamedTuple):
    """State of a product's stock, its clients and its orders."""

    available: int
    pending: frozenset[tuple[int, int]]
    """Pending orders, with what each adds."""
    clients: frozenset[int]
    active: frozenset[Active] = frozenset()


def model(state: Stock, operation: Operation) -> Iterator[Stock]:
    """Yield the state that an operation leaves if its result is possible in this one."""
    found, after = _APPLIED[operation.name](state, operation)
    if operation.ended == inf:
        # If it was refused, for any reason, it left the state as it was, as if it had never happened.
        if found[0] == OK:
            yield after
    elif found == operation.result:
        yield after


def _approve(state: Stock, operation: Operation) -> tuple[tuple[object, ...], Stock]:
    (order,) = operation.given
    for each in state.pending:
        if each[0] == order:
            after = state._replace(available=state.available + each[1], pending=state.pending - {each})
            return (OK,), after
    return (NOT_PENDING,), state


def _cancel_order(state: Stock, operation: Operation) -> tuple[tuple[object, ...], Stock]:
    (order,) = operation.given
    left = frozenset(each for each in state.pending if each[0] != order)
    return ((OK,) if left != state.pending else (NOT_PENDING,)), state._replace(pending=left)


def _activate(state: Stock, operation: Operation) -> tuple[tuple[object, ...], Stock]:
    client, key = operation.given
    if client not in state.clients:
        return ("CLIENT_CANCELLED",), state
    if any((each.client, each.key) == (client, key) for each in state.active):
        return ("ACTIVATION_KEY_IN_USE",), state
    if not state.available:
        return ("OUT_OF_STOCK",), state
    result = operation.result or (OK, 0)
    activation_id = result[1] if result[0] == OK else 0
    after = state._replace(available=state.available - 1, active=state.active | {Active(activation_id, client, key)})
    return (OK, activation_id), after


def _cancel(state: Stock, operation: Operation) -> tuple[tuple[object, ...], Stock]:
    (activation_id,) = operation.given
    left = frozenset(each for each in state.active if each.id != activation_id)
    if left == state.active:
        return ("ACTIVATION_CANCELLED",), state
    return (OK,), state._replace(available=state.available + 1, active=left)


def _cancel_client(state: Stock, operation: Operation) -> tuple[tuple[object, ...], Stock]:
    (client,) = operation.given
    if client not in state.clients:
        return ("CLIENT_CANCELLED",), state
    left = frozenset(each for each in state.active if each.client != client)
    returned = len(state.active) - len(left)
    return (OK,), state._replace(available=state.available + returned, clients=state.clients - {client}, active=left)


def _read(state: Stock, operation: Operation) -> tuple[tuple[object, ...], Stock]:  # noqa: ARG001 — as all have it.
    return (OK, state.available, len(state.active)), state


_APPLIED = {
    "approve": _approve,
    "cancel order": _cancel_order,
    "activate": _activate,
    "cancel": _cancel,
    "cancel client": _cancel_client,
    "read": _read,
}
