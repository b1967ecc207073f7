"""Limits of an operation's size, checked before validation, which is slow on hostile documents."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from domain.limits import CostExceeded

TOKENS_MAX = 4_000
DEPTH_MAX = 20
FIELDS_MAX = 2_000
"""Maximum number of fields of an operation, with its fragments expanded at every spread."""

ALL_FIELDS_MAX = 5_000
"""Maximum number of fields of all operations of a document, each of which is analysed separately."""

FRAGMENTS_MAX = 150

DIRECTIVES_MAX = 4
"""Maximum number of directives of one field, fragment or operation, each of which could be an error."""

FRAGMENT_PAIRS_MAX = 1_000
"""Maximum number of fragment pairs merged into one object: validation compares all fields of each pair."""

COMPARISONS_MAX = 10_000
"""Maximum number of field pairs with the same response path: validation compares all of them with each other."""


def too_many_fragments(ast: DocumentNode) -> list[GraphQLError]:
    """Return the error of a document whose fragments could form a chain that exhausts the interpreter's stack."""
    count = sum(isinstance(node, FragmentDefinitionNode) for node in ast.definitions)
    if count <= FRAGMENTS_MAX:
        return []
    message = f"A document can have at most {FRAGMENTS_MAX} fragments, not {count}."
    return [GraphQLError(message, original_error=CostExceeded(message))]


class Measurement(NamedTuple):
    """Error of a document that is too large, and whether one of its fragments spreads itself."""

    errors: list[GraphQLError]
    endless: bool


def measured(ast: DocumentNode) -> Measurement:
    """Measure every definition; if there is no error, validation is fast."""
    measure = _Measure(ast)
    for node in ast.definitions:
        if isinstance(node, ExecutableDefinitionNode) and (
            message := measure.complaint(node.selection_set, node.directives)
        ):
            return Measurement([GraphQLError(message, node, original_error=CostExceeded(message))], measure.endless)
    operations = [node.selection_set for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) > 1 and sum(map(measure.fields, operations)) > ALL_FIELDS_MAX:
        message = f"All operations of a document can select at most {ALL_FIELDS_MAX} fields."
        return Measurement([GraphQLError(message, original_error=CostExceeded(message))], measure.endless)
    return Measurement([], measure.endless)


class _Size(NamedTuple):
    fields: int
    depth: int


class _Measure:
    """Measure of selections, which visits each fragment once and reuses its figures."""

    def __init__(self, ast: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._measured: dict[str, _Size] = {}
        self._entered: set[str] = set()
        self._pairs = 0
        self._closures: dict[str, frozenset[str]] = {}
        self._directives = 0
        self.endless = False
        """Whether a fragment spreads itself, as far as the definitions were measured."""

    def fields(self, selections: SelectionSetNode) -> int:
        """Return the number of fields, once the nesting is known to be within its limit."""
        return self._of(selections).fields

    def complaint(self, selections: SelectionSetNode, directives: Sequence[DirectiveNode] | None = None) -> str | None:
        """Return the limit that the selections or directives of a definition exceed; None if they don't."""
        self._count(directives)
        try:
            size = self._of(selections)
        except RecursionError:
            # The interpreter's stack is much deeper than the limit.
            size = _Size(fields=0, depth=DEPTH_MAX + 1)
        if (message := self._size_complaint(size)) is not None:
            return message
        # A fragment that spreads itself can't be counted; validation refuses it.
        if self.endless:
            return None
        if self._comparisons([selections]) > COMPARISONS_MAX:
            return "An operation can't repeat the same field that often; select it once, or give it other names."
        if self._pairs > FRAGMENT_PAIRS_MAX:
            return (
                "An operation can't merge that many fragments into one object; put their fields into fewer fragments."
            )
        return None

    def _size_complaint(self, size: _Size) -> str | None:
        if size.fields > FIELDS_MAX:
            return f"An operation can select at most {FIELDS_MAX} fields."
        if size.depth > DEPTH_MAX:
            return f"An operation can nest its fields at most {DEPTH_MAX} deep."
        if self._directives > DIRECTIVES_MAX:
            return f"A field or fragment can have at most {DIRECTIVES_MAX} directives."
        return None

    def _of(self, selections: SelectionSetNode | None) -> _Size:
        sizes = [self._selection(selection) for selection in selections.selections] if selections else []
        return _Size(sum(size.fields for size in sizes), max((size.depth for size in sizes), default=0))

    def _count(self, directives: Sequence[DirectiveNode] | None) -> None:
        if directives:
            self._directives = max(self._directives, len(directives))

    def _selection(self, selection: SelectionNode) -> _Size:
        self._count(selection.directives)
        if isinstance(selection, FieldNode):
            below = self._of(selection.selection_set)
            return _Size(below.fields + 1, below.depth + 1)
        if isinstance(selection, InlineFragmentNode):
            return self._of(selection.selection_set)
        return self._fragment(cast("FragmentSpreadNode", selection).name.value)

    def _fragment(self, name: str) -> _Size:
        if name not in self._measured:
            fragment = self._fragments.get(name)
            if fragment is None or name in self._entered:
                self.endless = self.endless or fragment is not None
                return _Size(0, 0)
            self._entered.add(name)
            self._measured[name] = self._of(fragment.selection_set)
        return self._measured[name]

    def _fragment_pairs(self, together: Sequence[SelectionSetNode]) -> int:
        """Return the number of pairs of fragments that are spread side by side, and of pairs within them."""
        spread: set[str] = set()
        for selections in together:
            self._spreads(selections, spread)
        if len(spread) < 2:  # noqa: PLR2004 — a pair.
            return 0
        sizes = [len(self._within(name)) for name in spread]
        return (sum(sizes) ** 2 - sum(size * size for size in sizes)) // 2

    def _spreads(self, selections: SelectionSetNode, into: set[str]) -> None:
        for selection in selections.selections:
            if isinstance(selection, FragmentSpreadNode):
                into.add(selection.name.value)
            elif isinstance(selection, InlineFragmentNode):
                self._spreads(selection.selection_set, into)

    def _within(self, name: str) -> frozenset[str]:
        """Return the fragment, and those that it spreads into the same object."""
        if name not in self._closures:
            below: set[str] = set()
            if (fragment := self._fragments.get(name)) is not None:
                self._spreads(fragment.selection_set, below)
            self._closures[name] = frozenset([name]).union(*map(self._within, below))
        return self._closures[name]

    def _comparisons(self, together: Sequence[SelectionSetNode]) -> int:
        """Return the number of field pairs with one response path, in merged selections and below them."""
        paths: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for selections in together:
            self._collect(selections, paths, seen)
        self._pairs += self._fragment_pairs(together)
        pairs = 0
        for fields in paths.values():
            pairs += len(fields) * (len(fields) - 1) // 2
            pairs += self._comparisons([node.selection_set for node in fields if node.selection_set])
        return pairs

    def _collect(self, selections: SelectionSetNode, paths: dict[str, list[FieldNode]], seen: set[str]) -> None:
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                place = selection.alias or selection.name
                paths.setdefault(place.value, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                self._collect(selection.selection_set, paths, seen)
            else:
                name = cast("FragmentSpreadNode", selection).name.value
                fragment = self._fragments.get(name)
                if fragment is not None and name not in seen:
                    seen.add(name)
                    self._collect(fragment.selection_set, paths, seen)
