"""Completion of objects: the objects of a column are one batch, or one for each class of an abstract type."""

import asyncio
from collections.abc import Awaitable, Collection, Mapping
from functools import partial

from graphql import GraphQLAbstractType, GraphQLError, GraphQLObjectType, GraphQLResolveInfo
from graphql.pyutils import Path, inspect

from breadth.awaiting import EASY, GRACE_SECONDS, Cancelling, Raised, settled, then, wait
from breadth.batch_resolvers import is_by_class
from breadth.completion.base import Completion, has_raised, leave, scatter
from breadth.paths import Chosen, Paths, Repeated, Shared
from breadth.protocols import PlannedField, PlannedSelection, Run
from breadth.row_batch import RowBatch, Sources, is_dictionary_encoded
from breadth.values import Column, MaybeAwaitable, Value

_ACCEPTED_MAX = 100
"""Number of classes after which those that a type was found to accept are forgotten."""


class Objects:
    """Objects of one type in the values of a field."""

    __slots__ = ("_accepted", "_by_class", "_field", "_is_type_of", "_selection", "_type")

    def __init__(self, field: PlannedField, of_type: GraphQLObjectType) -> None:
        """Name the field and the type."""
        self._field, self._type = field, of_type
        self._selection: PlannedSelection | None = None
        self._is_type_of = of_type.is_type_of
        self._by_class = self._is_type_of is not None and is_by_class(self._is_type_of)
        self._accepted: set[type] = set()

    @property
    def selection(self) -> PlannedSelection:
        """Return the fields that are selected of the objects. Raises GraphQLError for an invalid directive."""
        if self._selection is None:
            self._selection = self._field.selection(self._type)
        return self._selection

    def of_row_batch(self, run: Run, batch: RowBatch, paths: Paths) -> MaybeAwaitable[Column] | None:
        """Return the response objects of a row batch; None if each of its objects has to be looked at."""
        if len(batch) == 0:
            return []
        try:
            if not self._takes(run, batch, paths):
                return None
            selection = self.selection
        except Exception:
            return None
        if not is_dictionary_encoded(batch):
            return selection.batch(run, batch, paths)
        dictionary, indices = batch.dictionary, batch.indices
        known = selection.uncalled(dictionary) if run.plain and selection.shareable else None
        if known is None or (known and _can_call(known)):
            return None
        read = selection.knowing(known) if known else selection
        rows = read.batch(run, dictionary, Repeated(paths, indices, len(dictionary)))
        return then(rows, lambda rows: list(map(rows.__getitem__, indices)))

    def _takes(self, run: Run, batch: RowBatch, paths: Paths) -> bool:
        """Return whether the class of the objects says that they are of the type."""
        if self._is_type_of is None or batch.of_class in self._accepted:
            return True
        if self._by_class and self._is_type_of(batch[0], info_of(run, self._field, paths, 0)) is True:
            self._accept({batch.of_class})
            return True
        return False

    def rows(self, run: Run, values: Column, paths: Paths) -> MaybeAwaitable[Column]:
        """Return the response objects, with a `PropagatingError` for each object that can't be had."""
        if self._is_type_of is None or (self._by_class and set(map(type, values)) <= self._accepted):
            return self._batch(run, values, paths)
        return then(_answers(run, self._asked(run, values, paths)), partial(self._checked, run, values, paths))

    def _asked(self, run: Run, values: Column, paths: Paths) -> Column:
        answers: Column = []
        for index, value in enumerate(values):
            try:
                answers.append(self._is_type_of(value, info_of(run, self._field, paths, index)))  # type: ignore[misc]
            except Exception as error:
                answers.append(Raised(error))
        return answers

    def _checked(self, run: Run, values: Column, paths: Paths, answers: Column) -> MaybeAwaitable[Column]:
        results: Column = [None] * len(values)
        kept = []
        for index, answer in enumerate(answers):
            try:
                error = answer.error if isinstance(answer, Raised) else self._refusal(answer, values[index])
            except Exception as another:
                error = another
            if error is None:
                kept.append(index)
            else:
                results[index] = run.raising(error, self._field.nodes, paths, index)
        if len(kept) == len(values):
            if self._by_class:
                self._accept(set(map(type, values)))
            return self._batch(run, values, paths)
        return then(
            self._batch(run, [values[index] for index in kept], Chosen(paths, kept)),
            partial(scatter, results, kept),
        )

    def _accept(self, classes: set[type]) -> None:
        # A program that makes classes as it runs must not fill the memory with them.
        self._accepted = self._accepted | classes if len(self._accepted) < _ACCEPTED_MAX else classes

    def _refusal(self, answer: Value, value: Value) -> GraphQLError | None:
        """Return the error of a value of which `is_type_of` gives a false answer."""
        if answer:
            return None
        message = f"Expected value of type '{self._type}' but got: {inspect(value)}."
        return GraphQLError(message, self._field.nodes)

    def _batch(self, run: Run, values: Column, paths: Paths) -> MaybeAwaitable[Column]:
        if not values:
            # No resolver may be called for no objects, and no error of theirs may be one of something around them.
            return []
        try:
            selection = self.selection
        except Exception as error:
            return [run.raising(error, self._field.nodes, paths, index) for index in range(len(values))]
        if len(values) > 1 and run.plain and len(set(map(id, values))) < len(values):
            return self._repeated(run, selection, values, paths)
        return selection.batch(run, values, paths)

    def _repeated(self, run: Run, selection: PlannedSelection, values: Column, paths: Paths) -> MaybeAwaitable[Column]:
        """Do as `batch` for objects some of which repeat: an attribute is read once of each."""
        different = list(dict(zip(map(id, values), values, strict=True)).values())

        def spread(column: Sources) -> Column:
            of = dict(zip(map(id, different), column, strict=True))
            return list(map(of.__getitem__, map(id, values)))

        known = selection.uncalled(different)
        if selection.shareable and not _can_call(known):
            rows = selection.knowing(known).batch(run, different, Shared(paths, values, different))
            return then(rows, spread)
        # A list is read again: it may be an iterator, which gives its items once.
        leaves = {index: spread(column) for index, column in selection.leaves(known).items()}
        return selection.knowing(leaves).batch(run, values, paths)


class ObjectCompletion(Completion):
    """Completes objects of one type."""

    __slots__ = ("_objects", "of_type")
    of_objects = True

    def __init__(self, field: PlannedField, of_type: GraphQLObjectType, *, nullable: bool) -> None:
        """Name the type."""
        super().__init__(field, nullable=nullable)
        self.of_type, self._objects = of_type, Objects(field, of_type)

    @property
    def selection(self) -> PlannedSelection:
        """The fields of the objects."""
        return self._objects.selection

    def complete(self, run: Run, values: Sources, paths: Paths) -> MaybeAwaitable[Column]:
        """Complete as any completion does, without a look at the objects of a row batch."""
        if not isinstance(values, list):
            rows = self._objects.of_row_batch(run, values, paths)
            if rows is not None:
                return self._stopped(run, rows, paths)
        elif len(values) == 1 and type(values[0]) in EASY and values[0] is not None:
            return self._stopped(run, self._objects.rows(run, values, paths), paths)
        return super().complete(run, values, paths)

    def _settled(self, run: Run, values: Column, paths: Paths) -> MaybeAwaitable[Column]:
        return self._stopped(run, self._objects.rows(run, values, paths), paths)

    def _stopped(self, run: Run, rows: MaybeAwaitable[Column], paths: Paths) -> MaybeAwaitable[Column]:
        return then(rows, partial(self.stop, run, paths=paths)) if self.nullable else rows


class AbstractCompletion(Completion):
    """Completes objects of an interface or union: a batch is split by the objects' types."""

    __slots__ = ("_objects", "_type")
    of_objects = True

    def __init__(self, field: PlannedField, of_type: GraphQLAbstractType, *, nullable: bool) -> None:
        """Name the interface or union."""
        super().__init__(field, nullable=nullable)
        self._type = of_type
        self._objects: dict[GraphQLObjectType, Objects] = {}

    def _settled(self, run: Run, values: Column, paths: Paths) -> MaybeAwaitable[Column]:
        resolve_type = self._type.resolve_type or run.type_resolver
        names: Column = []
        for index, value in enumerate(values):
            try:
                names.append(resolve_type(value, info_of(run, self.field, paths, index), self._type))
            except Exception as error:
                names.append(Raised(error))
        return then(_answers(run, names), partial(self._split, run, values, paths))

    def _split(self, run: Run, values: Column, paths: Paths, names: Column) -> MaybeAwaitable[Column]:
        results: Column = [None] * len(values)
        of_types: dict[GraphQLObjectType, list[int]] = {}
        for index, name in enumerate(names):
            if isinstance(name, Raised):
                results[index] = run.raising(name.error, self.field.nodes, paths, index)
                continue
            try:
                runtime_type = run.ensure_valid_runtime_type(
                    name, self._type, self.field.details, info_of(run, self.field, paths, index), values[index]
                )
                of_types.setdefault(runtime_type, []).append(index)
            except Exception as error:
                results[index] = run.raising(error, self.field.nodes, paths, index)
        waiting: list[Awaitable[Column]] = []
        for runtime_type, indices in of_types.items():
            objects = self._of(runtime_type)
            rows = objects.rows(run, [values[index] for index in indices], Chosen(paths, indices))
            scattered = then(rows, partial(scatter, results, indices))
            if not isinstance(scattered, list):
                waiting.append(scattered)
        if not waiting:
            return self.stop(run, results, paths)
        return self._after(run, waiting, results, paths)

    async def _after(self, run: Run, waiting: list[Awaitable[Column]], results: Column, paths: Paths) -> Column:
        tasks = [asyncio.ensure_future(each) for each in waiting]
        pending: Collection[asyncio.Future[Column]] = tasks
        is_over = paths.together and has_raised(results)
        async with Cancelling(tasks):
            while pending and not (paths.together and has_raised(results)):
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    # One that was cancelled ends the execution.
                    task.result()
            if pending:
                pending = await wait(pending, GRACE_SECONDS)
            if pending:
                run.give_up()
            if is_over:
                leave(run, tasks)
                tasks[:] = [task for task in tasks if task.done()]
        return self.stop(run, results, paths)

    def _of(self, runtime_type: GraphQLObjectType) -> Objects:
        found = self._objects.get(runtime_type)
        if found is None:
            found = self._objects[runtime_type] = Objects(self.field, runtime_type)
        return found


def info_of(run: Run, field: PlannedField, paths: Paths, index: int) -> GraphQLResolveInfo[Value]:
    """Return the info of the field that an object was resolved by, whose path ends before the indices of lists."""
    path: Path | None = next(paths.paths(index))
    while path is not None and isinstance(path.key, int):
        path = path.prev
    return run.info(field, path)


def _can_call(columns: Mapping[int, Sources]) -> bool:
    return any(any(map(callable, column)) for column in columns.values())


def _answers(run: Run, answers: Column) -> MaybeAwaitable[Column]:
    awaitable = [index for index, answer in enumerate(answers) if run.is_awaitable(answer)]
    return settled(answers, awaitable) if awaitable else answers
