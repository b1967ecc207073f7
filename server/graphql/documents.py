"""Documents: parsed, limited, validated and analysed, once per text."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from threading import Lock
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldsOnCorrectTypeRule,
    GraphQLError,
    GraphQLSchema,
    NoFragmentCyclesRule,
    OperationDefinitionNode,
    OperationType,
    validate,
)
from graphql.execution import Executor

from breadth import BatchExecutor
from db.engine.deadline import Deadline
from domain.documents import TEXT_LENGTH_MAX
from domain.errors import ApiError, BadUserInput, SignInFirst
from server.graphql import kept_errors, limits, literals, root_fields, variable_values
from server.graphql.literals import RULES, Rules
from server.graphql.operation_facts import Analysis, Operation
from server.graphql.source_text import Text, forget_tokens, parsed
from server.graphql.suggestions import SUGGESTIONS_MAX, Errors, merged, plain, suggested

OPERATION_NAME_MAX = 250

ERRORS_MAX = 20
"""Maximum number of errors reported for a document."""

_SHORT = 1_000
"""Length up to which a stranger who gets the schema gets the errors of a text that needs a viewer anyway."""

_MISFIT = "The document or a variable does not fit the schema. Send a token to get the reasons."

_KEPT = 1_000
_KEPT_CHARACTERS = 100_000
"""Maximum length of all cached documents: parsed and planned, a document takes some 200 times its length."""


class MutationOverGetError(ApiError):
    """A request that may only read selects a mutation."""

    code = "BAD_USER_INPUT"


@dataclass(frozen=True, slots=True)
class Document:
    """Document that can be executed, or the errors that prevent it."""

    ast: DocumentNode | None
    errors: Errors = ()
    operations: Mapping[str | None, Operation] = field(default_factory=dict)
    lasting: bool = True
    """Whether the errors, if there are any, depend on the text alone, and none is unexpected."""
    suggesting: Callable[[], Errors] | None = None
    """Return the errors with suggestions, if there may be any."""
    hidden: Errors | None = None
    """The errors without names of the schema, if they have any."""
    public: bool = False
    """Whether none of the operations selects a field that needs a viewer, known or not."""

    def found(self, name: str | None) -> Operation | None:
        """Return the operation of the name, or the only one if none is named."""
        if name is None:
            return next(iter(self.operations.values())) if len(self.operations) == 1 else None
        return self.operations.get(name)

    def chosen(self, name: str | None, deadline: Deadline | None, *, read_only: bool) -> Operation:
        """Return the operation to run; raise BadUserInput if there is none of the name.

        Raise MutationOverGetError for a mutation if the request may only read; others get the time of a mutation.
        """
        if name is not None and len(name) > OPERATION_NAME_MAX:
            message = f"“operationName” can have at most {OPERATION_NAME_MAX} characters, not {len(name):,}."
            raise BadUserInput(message, argument="operationName", maxLength=OPERATION_NAME_MAX, length=len(name))
        operation = self.found(name)
        if operation is None:
            known = ", ".join(f"“{each}”" for each in self.operations)
            message = f"“operationName” must name one of the document's operations: {known}."
            if None in self.operations:
                message = "“operationName” must be left out, because the document's only operation has no name."
            raise BadUserInput(message, argument="operationName")
        if operation.ast.operation is OperationType.MUTATION:
            if read_only:
                message = "A GET request can only run a query or a subscription; send mutations by POST."
                raise MutationOverGetError(message)
            if deadline is not None:
                deadline.allow_change()
        return operation

    def suggested_errors(self) -> Errors:
        """Return the errors with suggestions, which take longer to find than the errors."""
        return self.errors if self.suggesting is None else self.suggesting()

    def hidden_errors(self) -> Errors:
        """Return the errors for a stranger who does not get the schema."""
        return self.errors if self.hidden is None else self.hidden


class DocumentRequest(NamedTuple):
    """Request for a document: the values of its variables, and the name of an operation."""

    variables: Mapping[str, Any]
    operation_name: str | None = None
    stops_if_private: bool = False
    """Whether a document that needs a viewer is refused before it is validated."""
    hides_schema: bool = False
    """Whether one operation for viewers is enough for that, known or not, and errors name nothing of the schema.

    Validation is of the document as a whole, so that a public operation beside would show the errors of the other.
    """


class Documents:
    """Cache of recently used documents, by text."""

    def __init__(
        self,
        schema: GraphQLSchema,
        executor_class: type[Executor[Any]] = BatchExecutor,
        *,
        kept_max: int = _KEPT,
        characters_max: int = _KEPT_CHARACTERS,
    ) -> None:
        """Start with an empty cache of so many documents and characters; `executor_class` executes the operations."""
        self.schema, self._executor_class = schema, executor_class
        self._kept_max, self._characters_max = kept_max, characters_max
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0
        self._lock = Lock()
        self.hits = self.misses = 0
        """Numbers of lookups that the cache answered, and could not answer."""

    def known(self, text: str) -> Document | None:
        """Return the document of a text that was prepared before, if it is kept."""
        with self._lock:
            found = self._kept.get(text)
            if found is not None:
                self._kept.move_to_end(text)
                self.hits += 1
            return found

    def get(
        self,
        text: str,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
        *,
        of_stranger: bool = False,
        hides_schema: bool = False,
    ) -> Document:
        """Return the document of the text.

        For a variable that is too long, or a stranger's text that needs a viewer, it is a document with the error; if
        the stranger gets the schema, only for a long text.
        """
        if (found := self.known(text)) is not None:
            return found
        self.misses += 1
        stops = of_stranger and (hides_schema or len(text) > _SHORT)
        request = DocumentRequest(variables or {}, operation_name, stops, hides_schema)
        found = prepare(self.schema, text, self._executor_class, request)
        if found.lasting and len(text) <= TEXT_LENGTH_MAX:
            with self._lock:
                self._keep(text, found)
        return found

    def prepare(self, text: str) -> Document:
        """Return a new document of the text, which the caller keeps."""
        return prepare(self.schema, text, self._executor_class)

    def _keep(self, text: str, document: Document) -> None:
        if text not in self._kept:
            self._characters += len(text)
        self._kept[text] = document
        while len(self._kept) > self._kept_max or self._characters > self._characters_max:
            forgotten, _ = self._kept.popitem(last=False)
            self._characters -= len(forgotten)


def prepare(
    schema: GraphQLSchema,
    text: str,
    executor_class: type[Executor[Any]] = BatchExecutor,
    request: DocumentRequest | None = None,
) -> Document:
    """Parse, limit, validate and analyse a document, which keeps nothing of its request.

    If the request is known, values that are too long are refused before the document is validated.
    """
    found = _limited(schema, text, executor_class, request)
    if not all(map(kept_errors.is_expected, found.errors)):
        return replace(found, lasting=False)
    kept_errors.release_frames(found.errors)
    return found


def _limited(
    schema: GraphQLSchema, text: str, executor_class: type[Executor[Any]], request: DocumentRequest | None
) -> Document:
    if len(text) > TEXT_LENGTH_MAX:
        message = f"A document can have at most {TEXT_LENGTH_MAX:,} characters, not {len(text):,}."
        error = BadUserInput(message, argument="query", maxLength=TEXT_LENGTH_MAX, length=len(text))
        return Document(None, (GraphQLError(message, original_error=error),))
    if (too_many := literals.too_many_characters(text)) is not None:
        return Document(None, (too_many,))
    try:
        return _prepared(schema, parsed(Text(text)), executor_class, request)
    except GraphQLError as error:
        return Document(None, (error,))


def _prepared(
    schema: GraphQLSchema, ast: DocumentNode, executor_class: type[Executor[Any]], request: DocumentRequest | None
) -> Document:
    errors = variable_values.too_long_literals(ast) or limits.too_many_fragments(ast)
    if errors:
        return Document(None, tuple(errors))
    public = root_fields.all_public(ast)
    if request is not None and request.stops_if_private:
        needs_viewer = not public if request.hides_schema else root_fields.all_private(ast, schema)
        if needs_viewer:
            return Document(None, _sign_in_first(), lasting=False)
    found = _validated(schema, ast, executor_class, request)
    return replace(found, hidden=_without_schema(found, public=public) if found.errors else None, public=public)


def _sign_in_first() -> Errors:
    refusal = SignInFirst()
    return (GraphQLError(str(refusal), original_error=refusal),)


def _without_schema(document: Document, *, public: bool) -> Errors:
    """Return a document's errors for a stranger, the same as if the text had not been known."""
    if not public:
        return _sign_in_first()
    # Only the errors of validation may have suggestions, and only they have names that the caller did not send.
    return document.errors if document.suggesting is None else (misfit(),)


def misfit() -> GraphQLError:
    """Return one error in place of errors that name parts of the schema, or whose places tell which ones there are."""
    return GraphQLError(_MISFIT)


def _validated(
    schema: GraphQLSchema, ast: DocumentNode, executor_class: type[Executor[Any]], request: DocumentRequest | None
) -> Document:
    errors, endless = limits.measured(ast)
    errors = errors or root_fields.none_can_run(ast)
    # Refuse endless fragments before validation: what they expand to was not counted.
    if endless and not errors:
        errors = validate(schema, ast, (NoFragmentCyclesRule,), max_errors=ERRORS_MAX)
    errors = errors or root_fields.too_many_public(ast)
    if errors:
        return Document(None, tuple(errors))
    fragments = root_fields.fragments_of(ast)
    nodes = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    needs = [Analysis(schema, fragments, node) for node in nodes]
    # Validation takes longer than all of these checks, so they come first.
    errors = [error for each in needs if (error := each.literals.error) is not None][:1]
    if not errors and request is not None:
        error = next(
            (each.lengths.error(request.variables) for each in needs if each.is_asked_for(request.operation_name)), None
        )
        if error is not None:
            return Document(None, (error,), lasting=False)
    errors = errors or [error for each in needs if (error := each.cost_error()) is not None]
    if errors:
        return Document(None, tuple(errors[:ERRORS_MAX]))
    # If a document is mostly wrong, check its fields only: other rules visit all of it.
    rules = RULES if sum(each.unknown for each in needs) < ERRORS_MAX else (FieldsOnCorrectTypeRule,)
    errors = validate(schema, ast, rules, max_errors=ERRORS_MAX, hide_suggestions=True)
    if errors:
        hidden = tuple(map(plain, errors))
        again = partial(_with_suggestions, schema, ast, hidden, rules)
        return Document(None, hidden, suggesting=cache(partial(suggested, hidden, again)))
    forget_tokens(ast)
    operations = [each.operation(ast, executor_class) for each in needs]
    return Document(ast, (), {operation.name: operation for operation in operations})


def _with_suggestions(schema: GraphQLSchema, ast: DocumentNode, errors: Errors, rules: Rules) -> Errors:
    found = merged(errors, validate(schema, ast, rules, max_errors=SUGGESTIONS_MAX))
    kept_errors.release_frames(found)
    return found
