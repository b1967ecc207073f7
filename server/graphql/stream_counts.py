"""Numbers of the subscriptions that a process runs, which are limited."""

from collections import Counter
from collections.abc import Callable, Hashable
from typing import Literal

from domain.errors import Unavailable
from domain.limits import TooManySubscriptions
from resolvers.viewers import Viewer

Transport = Literal["sse", "websocket"]


class StreamCounts:
    """Counts of running subscriptions: of all, and of each user and address."""

    def __init__(self, *, total: int = 10_000, of_user: int = 100, of_address: int = 1_000) -> None:
        """Take the largest numbers."""
        self.total = 0
        self._total_max, self._maxima = total, {"user": of_user, "address": of_address}
        self._counts: Counter[Hashable] = Counter()
        self.of_transports: Counter[str] = Counter()

    def enter(self, viewer: Viewer | None, address: str | None, transport: Transport = "sse") -> Callable[[], None]:
        """Count one more, of the user and address that are known, and return what counts one less in the end.

        Raises TooManySubscriptions for a caller that has as many as it may, and Unavailable if the process has.
        """
        keys: list[tuple[str, Hashable]] = []
        if viewer is not None:
            keys.append(("user", (viewer.partner_id, viewer.user_id)))
        if address is not None:
            keys.append(("address", address))
        for key in keys:
            limit = self._maxima[key[0]]
            if self._counts[key] >= limit:
                raise TooManySubscriptions(limit)
        if self.total >= self._total_max:
            message = "This server has as many subscriptions as it can serve. Try again in a moment."
            raise Unavailable(message)
        self.total += 1
        self._counts.update(keys)
        self.of_transports[transport] += 1

        def leave() -> None:
            self.total -= 1
            self.of_transports[transport] -= 1
            for key in keys:
                self._counts[key] -= 1
                if not self._counts[key]:
                    del self._counts[key]

        return leave
