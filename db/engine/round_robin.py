"""Round robin: a queue for each caller, served in turns, so that none waits for all that another one has queued."""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class QueueFullError(Exception):
    """Signal that a caller has as many items in its queue as it may."""


class RoundRobin(Generic[Item]):
    """Queues of items by key."""

    def __init__(self, most: int | None = None) -> None:
        """Let each key have at most so many items."""
        self._queues: OrderedDict[Hashable, deque[Item]] = OrderedDict()
        self._most = most
        self.number = 0
        """Number of items."""

    def __len__(self) -> int:
        """Return the number of items."""
        return self.number

    def has(self, key: Hashable) -> bool:
        """Return whether the key has an item."""
        return key in self._queues

    def add(self, key: Hashable, item: Item, *, beyond: bool = False) -> None:
        """Append an item to the queue of its key; raise QueueFullError if that is full and it may not go beyond."""
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = deque()
        elif self._most is not None and len(queue) >= self._most and not beyond:
            raise QueueFullError
        queue.append(item)
        self.number += 1

    def pop(self, may: Callable[[Hashable], bool] | None = None) -> tuple[Hashable, Item] | None:
        """Remove and return the first item of the key whose turn it is, and of those that `may` be served."""
        for key, queue in self._queues.items():
            if may is None or may(key):
                item = queue.popleft()
                self.number -= 1
                if queue:
                    self._queues.move_to_end(key)
                else:
                    del self._queues[key]
                return key, item
        return None

    def peek(self, may: Callable[[Hashable], bool]) -> Item | None:
        """Return the item that `pop` would return."""
        return next((queue[0] for key, queue in self._queues.items() if may(key)), None)

    def remove(self, key: Hashable, item: Item) -> bool:
        """Remove an item; return False if it is not there."""
        queue = self._queues.get(key)
        if queue is None or item not in queue:
            return False
        queue.remove(item)
        self.number -= 1
        if not queue:
            del self._queues[key]
        return True
