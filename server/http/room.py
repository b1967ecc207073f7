"""Room in the backlog for the results of a subscription, which wait for their caller."""

from collections.abc import Sequence
from typing import Self

from domain.errors import Unavailable
from server.graphql.shared_results import Result
from server.graphql.subscriptions import ResultStream
from server.http import answers
from server.http.backlog import FREE_BYTES, Backlog


class Room:
    """Bytes of the backlog that one subscription has.

    A refused result is not kept, and has to be executed again. So its bytes are counted before it is: subscriptions
    that wait for room would otherwise execute their events again and again, and all of them for the room of one.
    """

    def __init__(self, backlog: Backlog, stream: ResultStream, longest: int) -> None:
        """Start with none, for results of at most `longest` bytes."""
        self._backlog, self._stream, self._longest = backlog, stream, longest
        self._counted = self._refused = 0

    @property
    def may_be_free(self) -> bool:
        """Whether there may be room for what was refused."""
        return not self._refused or self._backlog.has_room(self._refused)

    def __enter__(self) -> Self:
        """Count what was refused before it is executed again; raise Unavailable if it still has no room."""
        if not self.may_be_free:
            message = "Too many answers have not been read yet by those who asked for them."
            raise Unavailable(message)
        self._count(self._refused)
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop counting."""
        self._count(0)

    def take(self, results: Sequence[Result]) -> None:
        """Count the JSON of the results of a batch; raise Unavailable, and free it, if it has no room.

        Batches of up to `FREE_BYTES` always have room.
        """
        sizes = [answers.size_of(self._stream, each, longest=self._longest) for each in results]
        try:
            self._count(_beyond_free(sum(sizes)))
        except Unavailable:
            # The first one is executed next, by itself.
            self._refused = _beyond_free(sizes[0])
            for each in results:
                each.forget_json()
            raise
        self._refused = 0

    def release(self, size: int) -> None:
        """Stop counting bytes that the connection has taken."""
        self._count(max(0, self._counted - size))

    def _count(self, size: int) -> None:
        less = self._counted - size
        if less < 0:
            # A single answer may be longer than the backlog, but not the rest of one.
            self._backlog.remove(self._counted)
            self._counted = 0
            self._backlog.add(size)
        elif less:
            self._backlog.remove(less)
        self._counted = size


def _beyond_free(size: int) -> int:
    """Return the bytes to count of so many."""
    return size if size > FREE_BYTES else 0
