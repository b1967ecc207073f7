"""The info of a field of a level."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLResolveInfo

if TYPE_CHECKING:
    from breadth.executor import LevelExecutor
    from breadth.plan.field import Field


class LevelInfo:
    """What graphql-core's info tells, and made when more of it is asked for than nearly every resolver does."""

    def __init__(self, run: "LevelExecutor", field: "Field") -> None:
        """Name the operation that is executed and the field, which is told without a path to an object."""
        self._run, self._field = run, field

    @property
    def context(self) -> Any:  # noqa: ANN401 — the caller's own.
        """The context of the operation."""
        return self._run.context_value

    @property
    def field_nodes(self) -> list[FieldNode]:
        """Where the document asks for the field."""
        return self._field.nodes

    @cached_property
    def whole(self) -> GraphQLResolveInfo[Any]:
        """All that graphql-core tells."""
        return self._run.info(self._field, self._field.path)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 — of any type.
        """Anything else of it."""
        return getattr(self.whole, name)
