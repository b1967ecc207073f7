"""Documents: parsed, limited, validated, and known for what they need, once for each text."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    NoFragmentCyclesRule,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    parse,
    validate,
)
from graphql.execution import Executor

from domain.access import FIELD_PERMISSIONS, PUBLIC_FIELDS, Permission
from domain.documents import TEXT_LENGTH_MAX
from domain.faults import BadUserInput
from schema import limits, values
from schema.costs import Cost, Fragments
from schema.execution import LevelExecutor, Prepared
from schema.literals import RULES
from schema.values import Selected

ERRORS_MAX = 20
"""How many errors of one document are told."""

_KEPT = 1_000
_KEPT_CHARACTERS = 100_000
"""How long all documents that are kept may be together: parsed and planned, one takes some 200 times its length."""


class Operation(NamedTuple):
    """What is known of an operation before it runs."""

    name: str | None
    ast: OperationDefinitionNode
    permissions: frozenset[Permission]
    private: bool
    node_fields: tuple[FieldNode, ...]
    cost: Cost | None
    """The cost of an operation that can be too much by its variables; None if it can't."""
    lengths: values.Variables
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class Document:
    """A document that can be executed, or the errors that say why not."""

    ast: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    operations: Mapping[str | None, Operation] = field(default_factory=dict)


class Documents:
    """The documents that were asked for lately, by their text."""

    def __init__(self, schema: GraphQLSchema, executor_class: type[Executor[Any]] = LevelExecutor) -> None:
        """Begin with none. The executor class is what their operations will be executed by."""
        self._schema, self._executor_class = schema, executor_class
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0
        self._lock = Lock()

    def get(self, text: str) -> Document:
        """The document of that text."""
        with self._lock:
            found = self._kept.get(text)
            if found is not None:
                self._kept.move_to_end(text)
                return found
        found = self.prepare(text)
        if len(text) <= TEXT_LENGTH_MAX:
            with self._lock:
                self._keep(text, found)
        return found

    def prepare(self, text: str) -> Document:
        """The document of that text, for whoever keeps it."""
        return prepare(self._schema, text, self._executor_class)

    def _keep(self, text: str, document: Document) -> None:
        if text not in self._kept:
            self._characters += len(text)
        self._kept[text] = document
        while len(self._kept) > _KEPT or self._characters > _KEPT_CHARACTERS:
            forgotten, _ = self._kept.popitem(last=False)
            self._characters -= len(forgotten)


def prepare(schema: GraphQLSchema, text: str, executor_class: type[Executor[Any]] = LevelExecutor) -> Document:
    """Parse, limit and validate a document, and find out what its operations need."""
    if len(text) > TEXT_LENGTH_MAX:
        message = f"A document can have at most {TEXT_LENGTH_MAX:,} characters, not {len(text):,}."
        fault = BadUserInput(message, argument="query", maxLength=TEXT_LENGTH_MAX, length=len(text))
        return Document(None, (GraphQLError(message, original_error=fault),))
    try:
        return _prepared(schema, parse(text, max_tokens=limits.TOKENS_MAX), executor_class)
    except GraphQLError as error:
        return Document(None, (error,))


def _prepared(schema: GraphQLSchema, ast: DocumentNode, executor_class: type[Executor[Any]]) -> Document:
    errors = values.too_long_literals(ast) or limits.too_many_fragments(ast) or limits.exceeded(ast)
    # Fragments that end nowhere are refused before all else is validated: what is made of them was not counted.
    errors = errors or validate(schema, ast, (NoFragmentCyclesRule,), max_errors=ERRORS_MAX)
    if errors:
        return Document(None, tuple(errors))
    fragments = {node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)}
    nodes = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    costs = [Cost(schema, node, fragments) for node in nodes]
    errors = [
        GraphQLError(str(fault), node, original_error=fault)
        for node, cost in zip(nodes, costs, strict=True)
        if (fault := cost.least.complaint()) is not None
    ]
    errors = errors or validate(schema, ast, RULES, max_errors=ERRORS_MAX)
    if errors:
        return Document(None, tuple(errors[:ERRORS_MAX]))
    _forget_tokens(ast)
    needs = _Needs(schema, ast, fragments, executor_class)
    operations = [needs.of(node, cost) for node, cost in zip(nodes, costs, strict=True)]
    if needs.too_long:
        return Document(None, tuple(needs.too_long[:1]))
    return Document(ast, (), {operation.name: operation for operation in operations})


def _forget_tokens(ast: DocumentNode) -> None:
    """Let go of the tokens that were parsed. A place in the text is all that an error needs to know of a node."""
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


class _Needs:
    """Finds what a valid document's operations need, looking at each fragment once for an operation."""

    def __init__(
        self, schema: GraphQLSchema, ast: DocumentNode, fragments: Fragments, executor_class: type[Executor[Any]]
    ) -> None:
        self._schema, self._ast, self._executor_class = schema, ast, executor_class
        self._fragments = fragments
        self.too_long: list[GraphQLError] = []
        """The errors of literals that are too long."""

    def of(self, node: OperationDefinitionNode, cost: Cost) -> Operation:
        root = self._schema.get_root_type(node.operation)
        fields = list(self._fields(node.selection_set, root, set()))
        names = {name for name, _, _ in fields}
        literals = values.Literals(self._schema)
        definitions = node.variable_definitions or ()
        literals.measure(fields, definitions)
        self.too_long += literals.errors
        return Operation(
            name=node.name.value if node.name else None,
            ast=node,
            permissions=frozenset(FIELD_PERMISSIONS[name] for name in names if name in FIELD_PERMISSIONS),
            private=any(_is_private(name) for name in names),
            node_fields=tuple(field for name, _, field in fields if name in {"Query.node", "Query.nodes"}),
            cost=None if cost.most.complaint() is None else cost,
            lengths=values.Variables(self._schema, definitions, literals.uses),
            prepared=Prepared(self._schema, self._ast, node, self._executor_class),
        )

    def _fields(
        self, selections: SelectionSetNode, parent: GraphQLNamedType | None, seen: set[str]
    ) -> Iterator[Selected]:
        """Every field below."""
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                yield from self._field(selection, parent, seen)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                narrowed = self._schema.get_type(condition.name.value) if condition else parent
                yield from self._fields(selection.selection_set, narrowed, seen)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)
                fragment = self._fragments[selection.name.value]
                narrowed = self._schema.get_type(fragment.type_condition.name.value)
                yield from self._fields(fragment.selection_set, narrowed, seen)

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, seen: set[str]) -> Iterator[Selected]:
        definition = getattr(parent, "fields", {}).get(node.name.value)
        # What is not a field of its type is one of introspection, which needs nothing.
        if parent is not None and definition is not None:
            yield f"{parent.name}.{node.name.value}", definition, node
            if node.selection_set is not None:
                yield from self._fields(node.selection_set, get_named_type(definition.type), seen)


def _is_private(name: str) -> bool:
    return name.startswith(("Query.", "Mutation.")) and name not in PUBLIC_FIELDS
