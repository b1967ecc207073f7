"""What use cases ask about the selections of webhooks."""

from typing import Protocol

from domain.access import Permissions


class Selections(Protocol):
    """Selections of events' fields, such as `{ message client { name } }`."""

    def permissions(self, text: str, batch_size: int) -> Permissions:
        """Return the permissions that a selection requires; raise InvalidSelection if it can't be used."""
