"""Cost of an operation: its points, and the maximum number of objects and values that it can select.

All of them are counted before it runs. Nested lists multiply: three of 100 objects each are a million objects. Points
estimate its work, by the weights in `schema.weights`; objects and values are those of the response's JSON, and limit
its memory. Fields that are merged in the response are counted once, and of an interface's types the most expensive one
is.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
)

from domain.limits import CostExceeded
from schema import weights
from server.graphql import argument_weights, cost_terms, list_sizes, order_weights
from server.graphql.cost_prices import Figures, Price, Prices, points_of
from server.graphql.cost_terms import Term, Variables
from server.graphql.introspection_costs import INTROSPECTION, IntrospectionCosts
from server.graphql.selected_fields import Fragments, SelectedFields

_SWITCHED_MAX = 6
"""Maximum number of variables of @skip and @include whose values count; all that more of them can include counts."""

_VARIANTS_MAX = 4
"""Counts that an operation keeps, for different values of the variables of @skip and @include."""
_VARIANT_FIELDS_MAX = 400
"""Fields of all these counts together: a large operation keeps one."""


class Cost:
    """Cost of an operation, which its variables may change."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments) -> None:
        """Count the operation twice: with all that variables can include, and without it."""
        self._schema, self._operation, self._fragments = schema, operation, fragments
        most, counting = self._counted(None, otherwise=True)
        if most.switches and counting.read_with:
            # Without the field that it is read with, the other one costs more.
            most, counting = self._counted(None, otherwise=True, read_with=False)
        self._introspection, self._switches = counting.introspection, most.switches
        self._variants_max = max(1, min(_VARIANTS_MAX, _VARIANT_FIELDS_MAX // max(1, counting.fields)))
        least = self._counted(None, otherwise=False, read_with=True)[0] if self._switches else most
        self._variants: dict[Hashable, Prices] = {}
        self._only = self._prices(most) if not self._switches or len(self._switches) > _SWITCHED_MAX else None
        self.least = Figures(least.objects.lowest, least.values.lowest)
        """Figures for the cheapest variables."""
        self.most = Figures(most.objects.highest, most.values.highest)
        """Figures for the most expensive variables."""
        self.points_least, self.points_most = points_of(least.parts.lowest), points_of(most.parts.highest)
        """Points for the cheapest and the most expensive variables."""

    def complaint(self) -> CostExceeded | None:
        """Return the error of an operation that exceeds a limit with any variables; None if it doesn't."""
        return self._introspection.complaint() or self.least.complaint()

    @property
    def varies(self) -> bool:
        """Return whether the values of the variables change the price."""
        return self.least != self.most or self.points_least != self.points_most

    def of(self, variables: Variables) -> Figures:
        """Return the figures for the values of the variables."""
        return self.price(variables).figures

    def points(self, variables: Variables) -> int:
        """Return the points for the values of the variables, at least one."""
        if self.points_least == self.points_most:
            return self.points_most
        return self.price(variables).points

    @property
    def price(self) -> Callable[[Variables], Price]:
        """Return points and figures for the values of the variables."""
        return self._price_of_variant if self._only is None else self._only.of

    def _price_of_variant(self, variables: Variables) -> Price:
        return self._variant(variables).of(variables)

    def _variant(self, variables: Variables) -> Prices:
        """Return the prices for the variables of @skip and @include, which are kept for their last values."""
        switched = tuple(variables.get(name) for name in self._switches)
        found = self._variants.get(switched)
        if found is None:
            switches = dict(zip(self._switches, switched, strict=True))
            if len(self._variants) >= self._variants_max:
                self._variants.pop(next(iter(self._variants)), None)
            found = self._variants[switched] = self._prices(self._count(switches, otherwise=True))
        return found

    def _prices(self, count: "_Count") -> Prices:
        return Prices(count.objects, count.values, count.parts, self._operation.operation)

    def _count(self, switches: Variables | None, *, otherwise: bool) -> "_Count":
        return self._counted(switches, otherwise=otherwise)[0]

    def _counted(
        self, switches: Variables | None, *, otherwise: bool, read_with: bool | None = None
    ) -> tuple["_Count", "_Counter"]:
        """Return a count, and what counted it, which is large."""
        counting = _Counter(self._schema, self._fragments, switches, otherwise=otherwise, always_read_with=read_with)
        root = self._schema.get_root_type(self._operation.operation)
        if root is None:
            return _NOTHING, counting
        counted = counting.below(root, [self._operation.selection_set], None)
        once = weights.parts(weights.of_type(root.name) or "0")
        if counting.selected.switches:
            once += weights.parts(weights.PLANNED) * max(0, counted.fields - weights.PLANNED_FREE)
        parts = cost_terms.total([cost_terms.constant(once), counted.parts])
        return counted._replace(parts=parts, switches=tuple(sorted(counting.selected.switches))), counting


class _Count(NamedTuple):
    """Terms of the selections below one object, and the variables of their @skip and @include."""

    objects: Term
    values: Term
    parts: Term
    """Points, in the parts of `schema.weights`."""
    fields: int = 0
    """Number of fields that are planned, each once for each field above it."""
    switches: tuple[str, ...] = ()


_NOTHING = _Count(cost_terms.constant(0), cost_terms.constant(0), cost_terms.constant(0))


class _Counter:
    """One count of an operation. Selections below the same fields are counted once and reused."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Fragments,
        switches: Variables | None,
        *,
        otherwise: bool,
        always_read_with: bool | None = None,
    ) -> None:
        """Take whether fields always are read with others, for a bound; None if what is selected says it."""
        self._schema = schema
        self._always_read_with = always_read_with
        self._counted: dict[Hashable, _Count] = {}
        self.read_with = False
        """Whether a field is selected that may be read with another one."""
        self.selected = SelectedFields(schema, fragments, switches, otherwise=otherwise)
        self.fields = 0
        """Number of counted fields."""
        self.introspection = IntrospectionCosts(schema, self.selected)

    def below(
        self, of_type: GraphQLObjectType, sets: Iterable[SelectionSetNode], page: Term | None, total: int | None = None
    ) -> _Count:
        """Count the selections below one object of the type.

        Of a connection, `page` is the size, and `total` the parts of a count unless they are those of its type.
        """
        fields = self.selected.of(of_type, sets)
        self.fields += len(fields)
        leaves = fixed = 0
        planned = len(fields)
        objects: list[Term] = []
        values: list[Term] = []
        parts: list[Term] = []
        for nodes in fields.values():
            name = nodes[0].name.value
            definition = self._schema.get_field(of_type, name)
            if definition is None:
                # Validation refuses the document.
                continue
            weight = weights.parts_of(of_type, name, definition)
            if total is not None and weights.counts_total(name):
                weight = total
            if name in weights.READ_WITH:
                self.read_with = True
                selected = _selects(fields, weights.READ_WITH[name])
                if selected if self._always_read_with is None else self._always_read_with:
                    weight = weights.parts(weights.SCALAR)
            if definition.args and of_type is not self._schema.subscription_type:
                parts += self._of_arguments(of_type, nodes, definition)
            named = get_named_type(definition.type)
            if not is_composite_type(named) and get_nullable_type(definition.type) is named:
                leaves += 1
                fixed += weight
                continue
            if name in INTROSPECTION and isinstance(named, GraphQLObjectType):
                described = self.introspection.of(named, nodes)
                fixed += weight + described.parts
                planned += described.fields
                objects.append(cost_terms.constant(described.objects))
                values.append(cost_terms.constant(described.values))
                continue
            size = list_sizes.of_field(of_type, nodes[0], definition.type, page)
            if not is_composite_type(named):
                values.append(size.largest)
                parts.append(cost_terms.product(size.typical, cost_terms.constant(weight)))
                continue
            fixed += weight
            inner = self._of_fields(named, nodes, weights.total_parts_of(of_type, name))
            planned += inner.fields
            objects.append(cost_terms.product(size.largest, cost_terms.total([cost_terms.constant(1), inner.objects])))
            values.append(cost_terms.product(size.largest, inner.values))
            parts.append(cost_terms.product(size.typical, inner.parts))
        return _Count(
            cost_terms.total(objects),
            cost_terms.total([cost_terms.constant(leaves), *values]),
            cost_terms.total([cost_terms.constant(fixed), *parts]),
            planned,
        )

    def _of_arguments(
        self, parent: GraphQLObjectType, nodes: Sequence[FieldNode], definition: GraphQLField
    ) -> list[Term]:
        """Count the arguments of merged fields; a list with its total reads what its filter does twice."""
        connection = get_named_type(definition.type)
        times = 1
        if weights.FILTER in definition.args and isinstance(connection, GraphQLObjectType):
            selected = self.selected.of(connection, _sets(nodes))
            times += any(weights.counts_total(each[0].name.value) for each in selected.values())
        return [
            *argument_weights.of_field(parent, nodes[0], definition, times=times),
            *order_weights.of_field(nodes[0], definition, times=times),
        ]

    def _of_fields(self, of_type: object, nodes: Sequence[FieldNode], total: int | None) -> _Count:
        """Count the selections of merged fields below one object of their most expensive possible type."""
        key = (id(of_type), frozenset(map(id, nodes)), total)
        found = self._counted.get(key)
        if found is None:
            sets = _sets(nodes)
            if is_abstract_type(of_type):
                all_of = [self.below(each, sets, None) for each in self.selected.different(of_type, sets)]
                found = _Count(
                    cost_terms.largest(each.objects for each in all_of),
                    cost_terms.largest(each.values for each in all_of),
                    cost_terms.largest(each.parts for each in all_of),
                    max((each.fields for each in all_of), default=0),
                )
            elif isinstance(of_type, GraphQLObjectType):
                page = list_sizes.of_page(nodes[0]) if weights.is_connection(of_type) else None
                found = self.below(of_type, sets, page, total)
            else:
                found = _NOTHING
            self._counted[key] = found
        return found


def _sets(nodes: Sequence[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set is not None]


def _selects(fields: Mapping[str, Sequence[FieldNode]], name: str) -> bool:
    """Return whether a field is among the selected ones, by any alias."""
    return any(nodes[0].name.value == name for nodes in fields.values())
