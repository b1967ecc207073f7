"""Facts about operations that are known before they run: permissions, cost, limits, and the plan."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
)
from graphql.execution import Executor

from breadth import Prepared
from domain.access import Permission
from domain.field_permissions import ENROLLING_FIELDS, FIELD_PERMISSIONS, PUBLIC_FIELDS
from server.graphql import root_fields, variable_values
from server.graphql.cost_prices import SMALL_SIZE, Price
from server.graphql.costs import Cost
from server.graphql.event_batches import batched, event_variables
from server.graphql.selected_fields import Fragments
from server.graphql.variable_values import Selected

_INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """Facts about an operation that are known before it runs.

    It is kept with its document, and each request looks at most of it: a slot takes a third of the time of a field of a
    named tuple.
    """

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


class Analysis:
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

    def is_asked_for(self, name: str | None) -> bool:
        """Return whether a request with this name of an operation, or none, asks for it."""
        return name in {None, self._name}

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
