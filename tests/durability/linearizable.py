"""Check of a history: whether some order of its operations, each at one moment while it ran, explains all results.

The search is Wing and Gong's, with the visited states that Lowe adds ("Testing for linearizability", 2017).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Generic, Protocol, TypeVar


class _State(Protocol):
    def __hash__(self) -> int: ...


State = TypeVar("State", bound=_State)


@dataclass(slots=True)
class Operation:
    """Operation that a caller ran, from one moment of the history to another."""

    name: str
    given: tuple[Any, ...]
    begun: float
    ended: float = inf
    """The moment of its answer; infinity if the caller got none, so that it may have happened or not."""
    result: Any = None


class Checker(Generic[State]):
    """Checker of histories by a model: a function that returns the states in which an operation may leave another."""

    def __init__(self, model: Callable[[State, Operation], Iterable[State]]) -> None:
        """Take the model, which returns no state for a result that is impossible."""
        self._model = model

    def explains(self, history: Sequence[Operation], initial: State) -> bool:
        """Return whether an order of the operations explains all results."""
        answered = sum(1 << place for place, each in enumerate(history) if each.ended < inf)
        seen = {(0, initial)}
        waiting = [(0, initial)]
        while waiting:
            done, state = waiting.pop()
            if done & answered == answered:
                return True
            rest = [(place, each) for place, each in enumerate(history) if not done >> place & 1]
            # What begins after another has ended can't come before it.
            first_end = min(each.ended for _, each in rest)
            for place, each in rest:
                if each.begun > first_end:
                    continue
                for following in self._model(state, each):
                    found = (done | 1 << place, following)
                    if found not in seen:
                        seen.add(found)
                        waiting.append(found)
        return False
