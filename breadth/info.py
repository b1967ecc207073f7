"""Info of a field of a batch."""

from collections.abc import Iterator
from functools import cached_property
from typing import SupportsIndex

from graphql import FieldNode, GraphQLObjectType, GraphQLResolveInfo

from breadth.protocols import PlannedField, Run
from breadth.values import Value


class BatchInfo:
    """Info of graphql-core, most of which is made only if a resolver uses it; `isinstance` takes it for one."""

    def __init__(self, run: Run, field: PlannedField) -> None:
        """Name the operation that is executed and the field; there is no path to an object."""
        self._run, self._field = run, field

    __class__: Value = property(lambda _self: GraphQLResolveInfo)

    @property
    def context(self) -> Value:
        """Context of the operation."""
        return self._run.context_value

    @property
    def field_nodes(self) -> list[FieldNode]:
        """Nodes of the document that select the field."""
        return self._field.nodes

    @property
    def parent_type(self) -> GraphQLObjectType:
        """Type that has the field."""
        return self._field.parent_type

    @cached_property
    def whole(self) -> GraphQLResolveInfo[Value]:
        """Whole info of graphql-core."""
        return self._run.info(self._field, self._field.path)

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Value, ...]:
        """Be the whole info in a copy or a pickle."""
        return self.whole.__reduce_ex__(protocol)

    def __iter__(self) -> Iterator[Value]:
        """Its parts, as it is a tuple."""
        return iter(self.whole)

    def __len__(self) -> int:
        """Return how many parts it has."""
        return len(self.whole)

    def __getitem__(self, index: Value) -> Value:
        """Return one of its parts, or several."""
        return self.whole[index]

    def __getattr__(self, name: str) -> Value:
        """Anything else of it."""
        return getattr(self.whole, name)
