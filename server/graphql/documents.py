"""Documents: parsed, limited, validated and analysed, once per text."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from threading import Lock
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FieldsOnCorrectTypeRule,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    NoFragmentCyclesRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    parse,
    validate,
)
from graphql.execution import Executor

from breadth import BatchExecutor, Prepared
from domain.access import Permission
from domain.documents import TEXT_LENGTH_MAX
from domain.errors import BadUserInput, SignInFirst
from domain.field_permissions import ENROLLING_FIELDS, FIELD_PERMISSIONS, PUBLIC_FIELDS
from server.graphql import limits, literals, root_fields, variable_values
from server.graphql.cost_prices import SMALL_SIZE, Price
from server.graphql.costs import Cost
from server.graphql.event_batches import batched, event_variables
from server.graphql.literals import RULES, Rules
from server.graphql.selected_fields import Fragments
from server.graphql.source_text import Text
from server.graphql.suggestions import SUGGESTIONS_MAX, Errors, merged, plain, suggested
from server.graphql.variable_values import Selected

ERRORS_MAX = 20
"""Maximum number of errors reported for a document."""

_INTROSPECTION = frozenset({"__schema", "__type"})
_SHORT = 1_000
"""Length up to which a stranger gets the errors of a text that needs a viewer anyway."""

_KEPT = 1_000
_KEPT_CHARACTERS = 100_000
"""Maximum length of all cached documents: parsed and planned, a document takes some 200 times its length."""


class Operation(NamedTuple):
    """Facts about an operation that are known before it runs."""

    name: str | None
    ast: OperationDefinitionNode
    error: GraphQLError | None
    """Error of the operation, though its document is valid."""
    permissions: frozenset[Permission]
    private: bool
    shows_viewer: bool
    """Whether it selects `viewer`, which needs no token, but is another one with each."""
    enrolling: bool
    """Whether a user who must enroll a second factor first can run it."""
    introspects: bool
    """Whether it selects `__schema` or `__type`."""
    node_fields: tuple[FieldNode, ...]
    cost: Cost | None
    """Cost of a subscription, and of an operation that can be large; None if it is small for any variables."""
    constant_price: Price | None
    """What it costs, if its variables don't change it."""
    price_of: Callable[[Mapping[str, Any]], Price]
    """Return what it costs with coerced values of its variables."""
    points_least: int
    points_most: int
    """Points that it costs with the cheapest and the most expensive variables."""
    lengths: variable_values.Variables
    event_variables: frozenset[str]
    """Names of the variables on which the result of a subscription for an event depends."""
    prepared: Prepared

    def points(self, variables: Mapping[str, Any]) -> int:
        """Return the points that it costs with coerced values of its variables."""
        return self.price_of(variables).points


@dataclass(frozen=True, slots=True)
class Document:
    """Document that can be executed, or the errors that prevent it."""

    ast: DocumentNode | None
    errors: Errors = ()
    operations: Mapping[str | None, Operation] = field(default_factory=dict)
    lasting: bool = True
    """Whether the errors, if there are any, depend on the text alone."""
    suggesting: Callable[[], Errors] | None = None
    """Return the errors with suggestions, if there may be any."""

    def errors_for(self, *, suggesting: bool) -> Errors:
        """Return the errors; with suggestions only for callers who get them, and who wait until they are found."""
        return self.errors if self.suggesting is None or not suggesting else self.suggesting()


class DocumentRequest(NamedTuple):
    """Request for a document: the values of its variables, and the name of an operation."""

    variables: Mapping[str, Any]
    operation_name: str | None = None
    stops_if_private: bool = False
    """Whether a document that needs a viewer is refused before it is validated."""


class Documents:
    """Cache of recently used documents, by text."""

    def __init__(self, schema: GraphQLSchema, executor_class: type[Executor[Any]] = BatchExecutor) -> None:
        """Start with an empty cache; `executor_class` executes the operations."""
        self._schema, self._executor_class = schema, executor_class
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
    ) -> Document:
        """Return the document of the text.

        For a variable that is too long, or a stranger's long text that needs a viewer, it is a document with the error.
        """
        if (found := self.known(text)) is not None:
            return found
        self.misses += 1
        request = DocumentRequest(variables or {}, operation_name, of_stranger and len(text) > _SHORT)
        found = prepare(self._schema, text, self._executor_class, request)
        if found.lasting and len(text) <= TEXT_LENGTH_MAX:
            with self._lock:
                self._keep(text, found)
        return found

    def prepare(self, text: str) -> Document:
        """Return a new document of the text, which the caller keeps."""
        return prepare(self._schema, text, self._executor_class)

    def _keep(self, text: str, document: Document) -> None:
        if text not in self._kept:
            self._characters += len(text)
        self._kept[text] = document
        while len(self._kept) > _KEPT or self._characters > _KEPT_CHARACTERS:
            forgotten, _ = self._kept.popitem(last=False)
            self._characters -= len(forgotten)


def prepare(
    schema: GraphQLSchema,
    text: str,
    executor_class: type[Executor[Any]] = BatchExecutor,
    request: DocumentRequest | None = None,
) -> Document:
    """Parse, limit, validate and analyse a document.

    If the request is known, values that are too long are refused before the document is validated.
    """
    if len(text) > TEXT_LENGTH_MAX:
        message = f"A document can have at most {TEXT_LENGTH_MAX:,} characters, not {len(text):,}."
        error = BadUserInput(message, argument="query", maxLength=TEXT_LENGTH_MAX, length=len(text))
        return Document(None, (GraphQLError(message, original_error=error),))
    if (too_many := literals.too_many_characters(text)) is not None:
        return Document(None, (too_many,))
    try:
        return _prepared(schema, parse(Text(text), max_tokens=limits.TOKENS_MAX), executor_class, request)
    except GraphQLError as error:
        return Document(None, (error,))


def _prepared(
    schema: GraphQLSchema, ast: DocumentNode, executor_class: type[Executor[Any]], request: DocumentRequest | None
) -> Document:
    errors = variable_values.too_long_literals(ast) or limits.too_many_fragments(ast)
    if not errors and request is not None and request.stops_if_private and root_fields.all_private(ast, schema):
        refusal = SignInFirst()
        return Document(None, (GraphQLError(str(refusal), original_error=refusal),), lasting=False)
    if not errors:
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
    needs = [_Requirements(schema, fragments, node) for node in nodes]
    # Validation takes longer than all of these checks, so they come first.
    errors = [error for each in needs if (error := each.literals.error) is not None][:1]
    if not errors and request is not None:
        error = next((each.lengths.error(request.variables) for each in needs if each.is_asked_for(request)), None)
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
    _forget_tokens(ast)
    operations = [each.operation(ast, executor_class) for each in needs]
    return Document(ast, (), {operation.name: operation for operation in operations})


def _with_suggestions(schema: GraphQLSchema, ast: DocumentNode, errors: Errors, rules: Rules) -> Errors:
    return merged(errors, validate(schema, ast, rules, max_errors=SUGGESTIONS_MAX))


def _forget_tokens(ast: DocumentNode) -> None:
    """Drop the parsed tokens: errors need only a node's position in the text."""
    waiting: list[Node] = [ast]
    while waiting:
        node = waiting.pop()
        if node.loc is not None:
            node.loc.start_token = node.loc.end_token = None  # type: ignore[assignment]
        for key in node.keys:
            below = getattr(node, key, None)
            if isinstance(below, Node):
                waiting.append(below)
            elif isinstance(below, list | tuple):
                waiting.extend(each for each in below if isinstance(each, Node))


class _Requirements:
    """Visitor that collects the needs of an operation, each fragment once. The operation may be invalid."""

    def __init__(self, schema: GraphQLSchema, fragments: Fragments, node: OperationDefinitionNode) -> None:
        self._schema, self._fragments, self._node = schema, fragments, node
        self._name = node.name.value if node.name else None
        self.unknown = 0
        """Number of fields that their types do not have."""
        self._introspects = False
        self._selected = list(self._fields(node.selection_set, schema.get_root_type(node.operation), set()))
        definitions = node.variable_definitions or ()
        self.literals = variable_values.Literals(schema, self._selected, definitions)
        self.lengths = variable_values.Variables(schema, definitions, self.literals.uses)
        self.cost: Cost | None = None

    def is_asked_for(self, request: DocumentRequest) -> bool:
        """Return whether the request names the operation, or names none."""
        return request.operation_name in {None, self._name}

    def cost_error(self) -> GraphQLError | None:
        """Count the operation, and return the error if it is too large for any variables."""
        self.cost = Cost(self._schema, self._node, self._fragments)
        error = self.cost.complaint()
        return None if error is None else GraphQLError(str(error), self._node, original_error=error)

    def operation(self, ast: DocumentNode, executor_class: type[Executor[Any]]) -> Operation:
        """Return the operation of a valid document."""
        names = {name for name, _, _ in self._selected}
        streams = self._node.operation is OperationType.SUBSCRIPTION
        cost = self.cost or Cost(self._schema, self._node, self._fragments)
        return Operation(
            name=self._name,
            ast=self._node,
            error=root_fields.crowded(self._node, self._fragments),
            permissions=frozenset(FIELD_PERMISSIONS[name] for name in names if name in FIELD_PERMISSIONS),
            private=any(_is_private(name) for name in names),
            shows_viewer="Query.viewer" in names,
            enrolling=all(_is_enrolling(name) for name in names),
            introspects=self._introspects,
            node_fields=tuple(field for name, _, field in self._selected if name in {"Query.node", "Query.nodes"}),
            cost=cost if streams or cost.most.size > SMALL_SIZE else None,
            constant_price=None if cost.varies else cost.price({}),
            price_of=cost.price,
            points_least=cost.points_least,
            points_most=cost.points_most,
            lengths=self.lengths,
            event_variables=event_variables(self._node, self._fragments) if streams else frozenset(),
            prepared=Prepared(batched(self._schema) if streams else self._schema, ast, self._node, executor_class),
        )

    def _fields(
        self, selections: SelectionSetNode, parent: GraphQLNamedType | None, seen: set[str]
    ) -> Iterator[Selected]:
        """Yield every field below the selections."""
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                yield from self._field(selection, parent, seen)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                narrowed = self._schema.get_type(condition.name.value) if condition else parent
                yield from self._fields(selection.selection_set, narrowed, seen)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)
                fragment = self._fragments.get(selection.name.value)
                if fragment is not None:
                    narrowed = self._schema.get_type(fragment.type_condition.name.value)
                    yield from self._fields(fragment.selection_set, narrowed, seen)

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, seen: set[str]) -> Iterator[Selected]:
        definition = getattr(parent, "fields", {}).get(node.name.value)
        # A field that its type does not have is one of introspection, which needs nothing.
        if parent is not None and definition is not None:
            yield f"{parent.name}.{node.name.value}", definition, node
            if node.selection_set is not None:
                yield from self._fields(node.selection_set, get_named_type(definition.type), seen)
        elif node.name.value in _INTROSPECTION:
            self._introspects = True
        elif parent is not None and not node.name.value.startswith("__"):
            self.unknown += 1


def _is_enrolling(name: str) -> bool:
    return name in ENROLLING_FIELDS if _is_root(name) else name not in FIELD_PERMISSIONS


def _is_private(name: str) -> bool:
    return _is_root(name) and name not in PUBLIC_FIELDS


def _is_root(name: str) -> bool:
    return name.startswith(("Query.", "Mutation.", "Subscription."))
