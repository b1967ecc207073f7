"""Prepared documents of the tests' applications, which share them: a text is validated once and not for each test."""

import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from contextvars import ContextVar
from dataclasses import replace
from functools import partial, wraps
from inspect import isawaitable, iscoroutinefunction
from typing import Any, TypeAlias

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLSchema, OperationType
from graphql.execution.incremental import IncrementalExecutor
from graphql.execution.values import VariableValues

from breadth import Prepared
from breadth.executor import Response
from domain.errors import ApiError, Unavailable
from resolvers.context import Context
from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import Document, Documents
from server.graphql.operation_facts import Operation

_KEPT_MAX, _CHARACTERS_MAX = 10_000, 2_000_000
"""More than a server keeps: the same test on another engine finds what it has prepared some thousand tests before."""

_TRIES = 3
"""How often different answers are made again: another request may have changed rows between the two executions."""

_CHANGED_MAX = 20
"""How often rows may change meanwhile until nothing can be said."""

_TICKET = re.compile(rb"(?<=/exports/)[\w-]+")
"""What each URL of an export has, and no other one."""

_Execute: TypeAlias = Callable[[Context], Awaitable[ExecutionResult]]

_outcome: ContextVar["_Outcome | None"] = ContextVar("_outcome", default=None)


class _Outcome:
    """What the root field of a mutation comes to, which is resolved once."""

    def __init__(self) -> None:
        self.is_known = False
        self.count = 0
        """How many root fields there are."""
        self._found: Any = None
        self._error: Exception | None = None

    async def first(self, resolve: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 — a payload of any mutation.
        """Resolve the field."""
        self.count += 1
        try:
            self._found = await resolve()
        except Exception as error:
            self._error = error
            raise
        return self._found

    def again(self) -> Any:  # noqa: ANN401 — a payload of any mutation.
        """Return or raise what it came to."""
        if self._error is not None:
            raise self._error
        return self._found


def _resolve_once(schema: GraphQLSchema) -> None:
    """Let the mutations of the schema note what they return, or return that again."""
    assert schema.mutation_type is not None
    for field in schema.mutation_type.fields.values():
        resolver = field.extensions["strawberry-definition"].base_resolver
        assert iscoroutinefunction(resolver.wrapped_func)
        resolver.wrapped_func = _once(resolver.wrapped_func)


def _once(resolve: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(resolve)
    async def resolved(*arguments: object, **named: object) -> Any:  # noqa: ANN401 — a payload of any mutation.
        outcome = _outcome.get()
        if outcome is None:
            return await resolve(*arguments, **named)
        return outcome.again() if outcome.is_known else await outcome.first(partial(resolve, *arguments, **named))

    return resolved


class Compared(Prepared):
    """Operation that both executors run; their answers have to be equal.

    A mutation is resolved once, and both complete its payload. Only the batch executor runs what a test observes, an
    answer in parts, and a mutation of several fields, whose payloads depend on the time between them.
    """

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: Operation, *, stock: Prepared | None = None
    ) -> None:
        """Compare with the operation as graphql-core's own executor runs it, unless another one is given."""
        super().__init__(schema, document, operation.ast)
        self._kind = operation.ast.operation
        self._stock = stock or Prepared(schema, document, operation.ast, IncrementalExecutor)

    def execute_with(
        self,
        variables: VariableValues,
        *,
        root_value: object = None,
        context_value: object = None,
        pause: Callable[[], Awaitable[None]] | None = None,
        encode: Callable[[list[Any]], object] | None = None,
    ) -> Response:
        """Return the result of the batch executor, once that of graphql-core's own is found to be the same."""
        batch = partial(super().execute_with, variables, root_value=root_value, pause=pause, encode=encode)
        if not isinstance(context_value, Context) or context_value.portal.database.observers or encode is not None:
            return batch(context_value=context_value)
        stock = partial(self._stock.execute_with, variables, root_value=root_value)
        return self._equal(context_value, batch, stock)

    async def _equal(self, context: Context, batch: Callable[..., Any], stock: Callable[..., Any]) -> ExecutionResult:
        outcome = _Outcome() if self._kind is OperationType.MUTATION else None
        found = await _executed(batch, context, outcome)
        if outcome is not None:
            outcome.is_known = True
        if _is_unexpected(found) or (outcome is not None and outcome.count != 1):
            return found
        if not _is_same(found, await _executed(stock, _apart(context), outcome)):
            await _compare_again(
                context, partial(_executed, batch, outcome=outcome), partial(_executed, stock, outcome=outcome)
            )
        return found


async def _compare_again(context: Context, batch: _Execute, stock: _Execute) -> None:
    """Raise AssertionError if the executors answer differently while nothing changes a row of the SQLite file."""
    unchanged = changed = 0
    with closing(sqlite3.connect(str(context.portal.database.url.database))) as file:
        while changed < _CHANGED_MAX:
            version = file.execute("PRAGMA data_version").fetchone()
            found, expected = await batch(_apart(context)), await stock(_apart(context))
            if _is_same(found, expected):
                return
            if _is_unexpected(found) or file.execute("PRAGMA data_version").fetchone() != version:
                changed += 1
            else:
                unchanged += 1
                assert unchanged < _TRIES, f"The executors differ: {found} is not {expected}"


async def _executed(execute: Callable[..., Any], context: Context, outcome: _Outcome | None) -> ExecutionResult:
    before = _outcome.set(outcome)
    try:
        found = execute(context_value=context)
        if isawaitable(found):
            found = await found
    finally:
        _outcome.reset(before)
    assert isinstance(found, ExecutionResult)
    return found


def _apart(context: Context) -> Context:
    """Return the context of an execution that has loaded nothing, and is not paid for."""
    return replace(context, deadline=None, account=None, charge=None, _loaders=None)


def _is_unexpected(found: ExecutionResult) -> bool:
    """Return whether there is an error that another execution need not have."""
    causes = [error.original_error for error in found.errors or () if error.original_error is not None]
    return any(isinstance(cause, Unavailable) or not isinstance(cause, ApiError) for cause in causes)


def _is_same(found: ExecutionResult, expected: ExecutionResult) -> bool:
    data, same_data = (_TICKET.sub(b"", orjson.dumps(each.data, default=str)) for each in (found, expected))
    errors, wanted = ([(error.message, error.path) for error in each.errors or ()] for each in (found, expected))
    # The batch executor also has the errors below what became null.
    return data == same_data and bool(errors) == bool(wanted) and all(each in errors for each in wanted)


class _ComparedDocuments(Documents):
    """Documents whose operations both executors run."""

    def get(
        self,
        text: str,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
        *,
        of_stranger: bool = False,
        hides_schema: bool = False,
    ) -> Document:
        """Return the document of the text."""
        found = super().get(text, variables, operation_name, of_stranger=of_stranger, hides_schema=hides_schema)
        return self._compared(found)

    def prepare(self, text: str) -> Document:
        """Return a new document of the text, which the caller keeps."""
        return self._compared(super().prepare(text))

    def _keep(self, text: str, document: Document) -> None:
        super()._keep(text, self._compared(document))

    def _compared(self, document: Document) -> Document:
        ast = document.ast
        if ast is None or any(isinstance(each.prepared, Compared) for each in document.operations.values()):
            return document
        operations: Mapping[str | None, Operation] = {
            name: each
            if each.ast.operation is OperationType.SUBSCRIPTION
            else replace(each, prepared=Compared(self.schema, ast, each))
            for name, each in document.operations.items()
        }
        return replace(document, operations=operations)


_resolve_once(GRAPHQL_SCHEMA)

DOCUMENTS = Documents(GRAPHQL_SCHEMA, kept_max=_KEPT_MAX, characters_max=_CHARACTERS_MAX)
"""Those of a server, whose operations the batch executor runs."""

COMPARED_DOCUMENTS = _ComparedDocuments(GRAPHQL_SCHEMA, kept_max=_KEPT_MAX, characters_max=_CHARACTERS_MAX)
"""Those whose queries and mutations graphql-core's own executor runs too, and has to answer equally."""

STOCK_DOCUMENTS = Documents(GRAPHQL_SCHEMA, IncrementalExecutor, kept_max=_KEPT_MAX, characters_max=_CHARACTERS_MAX)
"""Those whose operations graphql-core's own executor runs."""
