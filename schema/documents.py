"""Documents: parsed, limited, validated, and known for what they need, once for each text."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple, cast

from graphql import (
    DefinitionNode,
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    parse,
    validate,
)

from domain.access import FIELD_PERMISSIONS, PUBLIC_FIELDS, Permission

TOKENS_MAX = 4_000
DEPTH_MAX = 20
FIELDS_MAX = 2_000
"""How many fields an operation may select, its fragments written out wherever they are used."""

_KEPT = 1_000
_KEPT_TEXT_MAX = 100_000


class Operation(NamedTuple):
    """What is known of an operation before it runs."""

    name: str | None
    ast: OperationDefinitionNode
    permissions: frozenset[Permission]
    private: bool
    node_fields: tuple[FieldNode, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A document that can be executed, or the errors that say why not."""

    ast: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    operations: Mapping[str | None, Operation] = field(default_factory=dict)


class Documents:
    """The documents that were asked for lately, by their text."""

    def __init__(self, schema: GraphQLSchema) -> None:
        """Begin with none."""
        self._schema = schema
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._lock = Lock()

    def get(self, text: str) -> Document:
        """The document of that text."""
        with self._lock:
            found = self._kept.get(text)
            if found is not None:
                self._kept.move_to_end(text)
                return found
        found = prepare(self._schema, text)
        if len(text) <= _KEPT_TEXT_MAX:
            with self._lock:
                self._kept[text] = found
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return found


def prepare(schema: GraphQLSchema, text: str) -> Document:
    """Parse, limit and validate a document, and find out what its operations need."""
    try:
        ast = parse(text, max_tokens=TOKENS_MAX)
    except GraphQLError as error:
        return Document(None, (error,))
    too_much = _too_much(ast)
    if too_much is not None:
        return Document(None, (too_much,))
    errors = validate(schema, ast, max_errors=20)
    if errors:
        return Document(None, tuple(errors))
    needs = _Needs(schema, ast)
    operations = [needs.of(node) for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    return Document(ast, (), {operation.name: operation for operation in operations})


class _Size(NamedTuple):
    fields: int
    depth: int


class _Measure:
    """Counts the fields of selections, looking at each fragment once, however often it is used."""

    def __init__(self, ast: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._measured: dict[str, _Size] = {}

    def of(self, selections: SelectionSetNode | None) -> _Size:
        sizes = [self._selection(selection) for selection in selections.selections] if selections else []
        return _Size(sum(size.fields for size in sizes), max((size.depth for size in sizes), default=0))

    def _selection(self, selection: SelectionNode) -> _Size:
        if isinstance(selection, FieldNode):
            below = self.of(selection.selection_set)
            return _Size(below.fields + 1, below.depth + 1)
        if isinstance(selection, InlineFragmentNode):
            return self.of(selection.selection_set)
        return self._fragment(cast("FragmentSpreadNode", selection).name.value)

    def _fragment(self, name: str) -> _Size:
        if name not in self._measured:
            # A fragment that spreads itself is nothing more here; validation refuses it.
            self._measured[name] = _Size(0, 0)
            fragment = self._fragments.get(name)
            self._measured[name] = self.of(fragment.selection_set if fragment else None)
        return self._measured[name]


def _too_much(ast: DocumentNode) -> GraphQLError | None:
    """The error where an operation is too large: found before validation, which is slow on what is meant to be."""
    measure = _Measure(ast)
    for node in ast.definitions:
        size = measure.of(node.selection_set) if isinstance(node, ExecutableDefinitionNode) else _Size(0, 0)
        if size.fields > FIELDS_MAX:
            return _cost_exceeded(f"An operation can select at most {FIELDS_MAX} fields.", node)
        if size.depth > DEPTH_MAX:
            return _cost_exceeded(f"An operation can nest its fields at most {DEPTH_MAX} deep.", node)
    return None


def _cost_exceeded(message: str, node: DefinitionNode) -> GraphQLError:
    return GraphQLError(message, node, extensions={"code": "COST_EXCEEDED"})


class _Needs:
    """Finds what a valid document's operations need, looking at each fragment once for an operation."""

    def __init__(self, schema: GraphQLSchema, ast: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def of(self, node: OperationDefinitionNode) -> Operation:
        root = self._schema.get_root_type(node.operation)
        fields = list(self._fields(node.selection_set, root, set()))
        names = {name for name, _ in fields}
        return Operation(
            name=node.name.value if node.name else None,
            ast=node,
            permissions=frozenset(FIELD_PERMISSIONS[name] for name in names if name in FIELD_PERMISSIONS),
            private=any(_is_private(name) for name in names),
            node_fields=tuple(field for name, field in fields if name in {"Query.node", "Query.nodes"}),
        )

    def _fields(
        self, selections: SelectionSetNode, parent: GraphQLNamedType | None, seen: set[str]
    ) -> Iterator[tuple[str, FieldNode]]:
        """Every field below, as `Type.field`."""
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

    def _field(
        self, node: FieldNode, parent: GraphQLNamedType | None, seen: set[str]
    ) -> Iterator[tuple[str, FieldNode]]:
        definition = getattr(parent, "fields", {}).get(node.name.value)
        # What is not a field of its type is one of introspection, which needs nothing.
        if parent is not None and definition is not None:
            yield f"{parent.name}.{node.name.value}", node
            if node.selection_set is not None:
                yield from self._fields(node.selection_set, get_named_type(definition.type), seen)


def _is_private(name: str) -> bool:
    return name.startswith(("Query.", "Mutation.")) and name not in PUBLIC_FIELDS
