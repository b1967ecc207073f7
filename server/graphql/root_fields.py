"""Root fields that must be alone in their operation, so that a document acts as one viewer."""

from collections.abc import Iterator, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from domain.field_permissions import LARGE_MUTATIONS, LONE_MUTATIONS, PUBLIC_FIELDS, SELF_CHECKING_MUTATIONS
from domain.limits import CostExceeded

PUBLIC_MAX = 20
"""Maximum number of an operation's root fields that need no token."""

_ALONE = {
    **dict.fromkeys(LONE_MUTATIONS, "an operation acts as one viewer"),
    **dict.fromkeys(LARGE_MUTATIONS, "it does the work of many"),
    **dict.fromkeys(SELF_CHECKING_MUTATIONS, "its permission depends on its input"),
}
"""Mutations that must be alone in their operation, and why."""

_TYPENAME = "__typename"
_PUBLIC = frozenset({"viewer", "__schema", "__type", _TYPENAME})

Fragments = Mapping[str, FragmentDefinitionNode]


def fragments_of(ast: DocumentNode) -> Fragments:
    """Return the fragments of a document by name."""
    return {node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)}


def too_many_public(ast: DocumentNode) -> list[GraphQLError]:
    """Return the error of an operation that repeats fields that need no token."""
    fragments = fragments_of(ast)
    for node in ast.definitions:
        if isinstance(node, OperationDefinitionNode):
            fields = _fields(node.selection_set, fragments, set())
            count = len({(each.alias or each.name).value for each in fields if each.name.value in _PUBLIC})
            if count > PUBLIC_MAX:
                message = (
                    f"An operation can select “viewer”, “__schema”, “__type” and “__typename” at most {PUBLIC_MAX} "
                    f"times together, not {count}."
                )
                return [GraphQLError(message, node, original_error=CostExceeded(message))]
    return []


def all_private(ast: DocumentNode, schema: GraphQLSchema) -> bool:
    """Return whether each operation, valid or not, selects a field that needs a viewer."""
    fragments = fragments_of(ast)
    operations = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    return bool(operations) and all(_is_private(node, fragments, schema) for node in operations)


def all_public(ast: DocumentNode) -> bool:
    """Return whether no operation selects a field that needs a viewer, known or not."""
    fragments = fragments_of(ast)
    operations = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    return bool(operations) and all(_is_public(node, fragments) for node in operations)


def _is_public(operation: OperationDefinitionNode, fragments: Fragments) -> bool:
    root = operation.operation.value.capitalize()
    names = {node.name.value for node in _fields(operation.selection_set, fragments, set())}
    return all(name == _TYPENAME or f"{root}.{name}" in PUBLIC_FIELDS for name in names)


def _is_private(operation: OperationDefinitionNode, fragments: Fragments, schema: GraphQLSchema) -> bool:
    root = schema.get_root_type(operation.operation)
    names = {node.name.value for node in _fields(operation.selection_set, fragments, set())}
    return root is not None and any(f"{root.name}.{name}" not in PUBLIC_FIELDS for name in names & root.fields.keys())


def none_can_run(ast: DocumentNode) -> list[GraphQLError]:
    """Return the errors of all operations, if each has one: then nothing else needs to be checked."""
    fragments = fragments_of(ast)
    found = [crowded(node, fragments) for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    errors = [error for error in found if error is not None]
    return errors if len(errors) == len(found) else []


def crowded(operation: OperationDefinitionNode, fragments: Fragments) -> GraphQLError | None:
    """Return the error of an operation that selects other root fields beside one that must be alone."""
    if operation.operation is not OperationType.MUTATION:
        return None
    every = _fields(operation.selection_set, fragments, set())
    fields = [node for node in every if node.name.value != _TYPENAME]
    lone = next((node for node in fields if node.name.value in _ALONE), None)
    if lone is None or len(fields) == 1:
        return None
    other = next(node for node in fields if node is not lone)
    message = (
        f"“{lone.name.value}” must be the only field of its operation, beside “__typename”: {_ALONE[lone.name.value]}. "
        "Send the other fields in requests of their own."
    )
    return GraphQLError(message, [lone, other])


def _fields(selections: SelectionSetNode, fragments: Fragments, seen: set[str]) -> Iterator[FieldNode]:
    """Yield the root fields, also those of fragments, each fragment once."""
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            yield selection
        elif isinstance(selection, FragmentSpreadNode):
            fragment = fragments.get(selection.name.value)
            if fragment is not None and selection.name.value not in seen:
                seen.add(selection.name.value)
                yield from _fields(fragment.selection_set, fragments, seen)
        else:
            yield from _fields(selection.selection_set, fragments, seen)  # type: ignore[attr-defined]  # It is inline.
