"""Middleware around batch resolvers: it is called for each object, and the batch resolver once for all of them."""

import asyncio
from collections.abc import Callable

from graphql.execution import MiddlewareManager

from breadth.awaiting import shared, task_of
from breadth.batch_resolvers import one_for_each, only
from breadth.coercion.arguments import UNCHANGEABLE
from breadth.paths import Paths
from breadth.protocols import PlannedField, Run
from breadth.row_batch import Sources
from breadth.values import Column, Value


class Hooked:
    """One batch of a field that is resolved behind middleware.

    The first object for which the middleware proceeds has the batch resolver called with all objects. A middleware
    that proceeds with another object or other arguments has it called for that object alone.
    """

    def __init__(
        self, field: PlannedField, run: Run, resolver: Callable[..., Value], objects: Sources, info: Value
    ) -> None:
        """Name the batch resolver and all that it is called with but its arguments."""
        self._field, self._run, self._resolver, self._objects, self._info = field, run, resolver, objects, info
        self._batch: Value = None
        self._asked = False
        self._waiting = 0

    def values(self, here: Paths, given: dict[str, Value]) -> Column:
        """Return what the middleware makes of the value of each object, or raises."""
        manager = self._run.middleware_manager
        infos = [self._run.info(self._field, next(here.paths(index))) for index in range(len(self._objects))]
        indices = {id(info): index for index, info in enumerate(infos)}
        objects = list(self._objects)
        # What a middleware gets, it may change in place: the values of no other object, nor those of the batch.
        may_change = not all(isinstance(value, UNCHANGEABLE) for value in given.values())
        unchanged = _copied(given) if may_change else given

        def proceed(source: Value, info: Value, /, **named: Value) -> Value:
            index = indices.get(id(info))
            if index is not None and source is objects[index] and named == unchanged:
                return self._value(index, given)
            return only(self._resolver([source], info, **named))

        if manager is None:
            chained: Callable[..., Value] = proceed
        elif chains_plainly(manager):
            # The manager of the caller would remember the function for as long as the process runs.
            chained = MiddlewareManager(*manager.middlewares).get_field_resolver(proceed)
        else:
            # One of another class may look at the resolver, and gets the one that stock execution gives it.
            resolve: Value = self._field.definition.resolve
            chained = manager.get_field_resolver(resolve)
        values: Column = []
        for source, info in zip(objects, infos, strict=True):
            try:
                values.append(chained(source, info, **(self._given_anew() if may_change else given)))
            except Exception as error:
                values.append(error)
        return values

    def _given_anew(self) -> dict[str, Value]:
        run = self._run
        return self._field.arguments.values(run.variable_values, hide_suggestions=run.hide_suggestions)

    def _value(self, index: int, given: dict[str, Value]) -> Value:
        if not self._asked:
            self._asked = True
            try:
                objects = list(self._objects) if isinstance(self._objects, list) else self._objects
                self._batch = self._resolver(objects, self._info, **given)
            except Exception as error:
                self._batch = error
        return self._later(index) if hasattr(type(self._batch), "__await__") else self._one(self._batch, index)

    async def _later(self, index: int) -> Value:
        # It is awaited once, as a future, which may be awaited again.
        self._batch = batch = task_of(self._batch)
        self._waiting += 1
        try:
            # Middleware may give up waiting for one object, and not for the others.
            value = self._one(await asyncio.shield(batch), index)
            return await shared(value) if hasattr(type(value), "__await__") else value
        except asyncio.CancelledError as cancelled:
            if self._waiting == 1:
                batch.cancel(*cancelled.args)
            raise
        finally:
            self._waiting -= 1

    def _one(self, batch: Value, index: int) -> Value:
        if isinstance(batch, Exception):
            raise batch
        value = one_for_each(batch, len(self._objects))[index]
        if isinstance(value, Exception):
            raise value
        return value


def _copied(value: Value) -> Value:
    """Return the value with its lists and dicts copied, all the way down."""
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return list(map(_copied, value)) if isinstance(value, list) else value


def chains_plainly(manager: MiddlewareManager) -> bool:
    """Return whether the manager wraps resolvers in its middlewares, in the way of graphql-core's own."""
    kind = type(manager)
    return kind.get_field_resolver is MiddlewareManager.get_field_resolver and "get_field_resolver" not in vars(manager)
