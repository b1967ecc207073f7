"""Fields as their selection uses them."""

from collections.abc import Callable
from typing import Protocol

from breadth.paths import Paths
from breadth.protocols import PlannedSelection, Run
from breadth.row_batch import Sources
from breadth.values import Column, MaybeAwaitable


class _Completion(Protocol):
    @property
    def selection(self) -> PlannedSelection | None:
        """The fields of its objects."""


class SelectedField(Protocol):
    """A field of a selection."""

    key: str
    quick: Callable[..., MaybeAwaitable[Column]]

    @property
    def is_of_parts(self) -> bool:
        """Whether the field is a scalar or enum that can be had of a part of a batch of rows after the other."""

    @property
    def is_leaf(self) -> bool:
        """Whether the field is a scalar or enum."""

    def prepare(self) -> None:
        """Make what an operation that is executed again is executed with."""

    @property
    def completion(self) -> _Completion:
        """Completion of its values."""

    @property
    def shareable(self) -> bool:
        """Whether the field gives equal objects equal values, unless it calls them."""

    @property
    def calls(self) -> bool:
        """Whether the field calls values that can be called."""

    def column(self, run: Run, objects: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        """Return the completed values of the field."""

    def uncalled(self, objects: Sources) -> Sources:
        """Return the values that the field reads of the objects, before any of them is called."""

    def read(self, run: Run, objects: Sources, values: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        """Return the completed values of a field whose values were read of the objects."""


class KnownField:
    """A field whose values were read before its selection is executed."""

    calls = is_of_parts = shareable = False

    def __init__(self, field: SelectedField, values: Sources) -> None:
        """Name the field, and its value for each object."""
        self.key, self._field, self._values = field.key, field, values
        self.quick: Callable[..., MaybeAwaitable[Column]] = KnownField.column

    @property
    def is_leaf(self) -> bool:
        """Whether the field is a scalar or enum."""
        return self._field.is_leaf

    @property
    def completion(self) -> _Completion:
        """Completion of its values."""
        return self._field.completion

    def prepare(self) -> None:
        """Prepare nothing: no other execution has these values."""

    def column(self, run: Run, objects: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        """Return the completed values of the field."""
        return self._field.read(run, objects, self._values, paths)

    def uncalled(self, _objects: Sources) -> Sources:
        """Return the values."""
        return self._values

    def read(self, run: Run, objects: Sources, values: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        """Return the completed values of a field whose values were read of the objects."""
        return self._field.read(run, objects, values, paths)
