"""What use cases ask about the selections of webhooks."""

from collections.abc import Collection
from typing import Protocol

from domain.access import Permissions


class Selections(Protocol):
    """Selections of events' fields, such as `{ message client { name } }`."""

    @property
    def schema_names(self) -> Collection[str]:
        """Names of the schema that a selection may have in it."""

    def permissions(self, text: str, batch_size: int) -> Permissions:
        """Return the permissions that a selection requires; raise InvalidSelection if it can't be used."""
