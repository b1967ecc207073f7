"""Round robin: a queue for each caller, served in turns, so that none waits for all that another one has queued.

In the queue of a caller, its own operations take turns in the same way.
"""

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
        self._queues: OrderedDict[Hashable, _Queue[Item]] = OrderedDict()
        self._most = most
        self.number = 0
        """Number of items."""

    def __len__(self) -> int:
        """Return the number of items."""
        return self.number

    def has(self, key: Hashable) -> bool:
        """Return whether the key has an item."""
        return key in self._queues

    def add(self, key: Hashable, item: Item, *, part: Hashable = None, beyond: bool = False) -> None:
        """Append an item to the queue of its key; raise QueueFullError if that is full and it may not go beyond.

        Parts of a key, such as a partner's operations, take turns when it is the key's.
        """
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = _Queue()
        elif self._most is not None and queue.number >= self._most and not beyond:
            raise QueueFullError
        queue.add(part, item)
        self.number += 1

    def pop(self, may: Callable[[Hashable], bool] | None = None) -> tuple[Hashable, Item] | None:
        """Remove and return the first item of the key whose turn it is, and of those that `may` be served."""
        for key, queue in self._queues.items():
            if may is None or may(key):
                item = queue.pop()
                self.number -= 1
                if queue.number:
                    self._queues.move_to_end(key)
                else:
                    del self._queues[key]
                return key, item
        return None

    def peek(self, may: Callable[[Hashable], bool]) -> Item | None:
        """Return the item that `pop` would return."""
        return next((queue.first() for key, queue in self._queues.items() if may(key)), None)

    def remove(self, key: Hashable, item: Item, *, part: Hashable = None) -> bool:
        """Remove an item; return False if it is not there."""
        queue = self._queues.get(key)
        if queue is None or not queue.remove(part, item):
            return False
        self.number -= 1
        if not queue.number:
            del self._queues[key]
        return True


class _Queue(Generic[Item]):
    """Items of one key, whose parts take turns."""

    __slots__ = ("_parts", "number")

    def __init__(self) -> None:
        self._parts: OrderedDict[Hashable, deque[Item]] = OrderedDict()
        self.number = 0

    def add(self, part: Hashable, item: Item) -> None:
        found = self._parts.get(part)
        if found is None:
            found = self._parts[part] = deque()
        found.append(item)
        self.number += 1

    def first(self) -> Item:
        return next(iter(self._parts.values()))[0]

    def pop(self) -> Item:
        part, items = next(iter(self._parts.items()))
        item = items.popleft()
        self.number -= 1
        if items:
            self._parts.move_to_end(part)
        else:
            del self._parts[part]
        return item

    def remove(self, part: Hashable, item: Item) -> bool:
        items = self._parts.get(part)
        if items is None or item not in items:
            return False
        items.remove(item)
        self.number -= 1
        if not items:
            del self._parts[part]
        return True
