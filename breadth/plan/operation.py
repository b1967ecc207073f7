"""Plans: what is known of an operation before it runs, made once for a document and kept with it."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from operator import attrgetter, is_
from threading import Lock

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLFieldResolver,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from breadth.plan.comparison import same
from breadth.plan.depth import is_deep
from breadth.plan.descendants import Descendants
from breadth.plan.field import Field
from breadth.plan.schema_field import SchemaField, SchemaFields
from breadth.plan.selection import Selection
from breadth.protocols import PlannedSelection
from breadth.values import Value

_SWITCHES = ("skip", "include")
_STOCK_ONLY = ("defer", "stream", "experimental_disableErrorPropagation")
_WITH_SELECTIONS = (FieldNode, InlineFragmentNode)
_VARIANTS_KEPT = 64
_PLANS_KEPT = 256
_RESOLVER = attrgetter("resolve")
_NO_SWITCHES: tuple[Value, ...] = ()
_NO_VARIABLES = VariableValues({}, {})


class Plan:
    """One operation, with a variant for each combination of the variables of its @skip and @include."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        definitions: Mapping[str, FragmentDefinitionNode],
    ) -> None:
        """Look through the operation for what decides about its fields."""
        self.schema, self.operation, self.definitions = schema, operation, definitions
        self._root_type = schema.get_root_type(operation.operation)
        self._fragments = {name: FragmentDetails(node) for name, node in definitions.items()} if definitions else {}
        directives, self._selection_sets = _directives(operation, definitions)
        self.by_batch = (
            self._root_type is not None
            and not (definitions and any(each.variable_definitions for each in definitions.values()))
            and not is_deep(operation, definitions, self._selection_sets)
        )
        """Whether the operation can be executed by batch; if not, stock execution has to."""
        self._switches: tuple[str, ...] = ()
        if directives:
            self.by_batch = self.by_batch and not any(each.name.value in _STOCK_ONLY for each in directives)
            self._switches = tuple(sorted(set(_switches(directives))))
        self._variants: dict[Hashable, Variant] = {}

    def plan_ahead(self) -> None:
        """Plan now what would be planned by the first request, where no variable decides about it.

        Of fragments that double the paths to what is below them, only a part is planned.
        """
        if self.by_batch and not self._switches:
            # The caller gets the error of what does not fit.
            with suppress(GraphQLError, RecursionError):
                selections: list[PlannedSelection] = [self.variant(_NO_VARIABLES).root]
                known = {id(selections[0])}
                for selection in selections:
                    selection.prepare()
                    for below in selection.below():
                        if len(known) >= self._selection_sets:
                            break
                        if id(below) not in known:
                            known.add(id(below))
                            selections.append(below)

    def is_of(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        definitions: Mapping[str, FragmentDefinitionNode],
    ) -> bool:
        """Return whether it is the plan of that operation, or of one that has equal nodes at equal locations."""
        if self.schema is not schema or len(self.definitions) != len(definitions):
            return False
        if not same(self.operation, operation):
            return False
        return all(same(node, definitions.get(name)) for name, node in self.definitions.items())

    def variant(self, variables: VariableValues) -> "Variant":
        """Return the variant for these variables, of which it keeps those that switch fields on and off."""
        names = self._switches
        switched: Hashable = _NO_SWITCHES
        found: Variant | None
        try:
            if names:
                # A variable that is missing is another error than one that is null.
                switched = tuple([variables.coerced.get(name, Undefined) for name in names])
            found = self._variants.get(switched)
        except Exception:
            # Only a document that is not valid has a variable whose value has no hash.
            switched = found = None
        if found is None or found.is_outdated:
            kept = _NO_VARIABLES
            if names:
                kept = VariableValues(
                    {name: variables.sources[name] for name in names if name in variables.sources},
                    {name: variables.coerced[name] for name in names if name in variables.coerced},
                )
            found = Variant(self.schema, self.operation, self._root_type, self._fragments, kept)
            if switched is not None and (len(self._variants) < _VARIANTS_KEPT or switched in self._variants):
                self._variants[switched] = found
        return found


class Variant:
    """Selections of an operation, made when they are first needed."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        root_type: GraphQLObjectType | None,
        fragments: dict[str, FragmentDetails],
        variables: VariableValues,
    ) -> None:
        """Name what decides about the fields."""
        self.schema, self._root_type = schema, root_type
        self._operation, self._fragments, self._variables = operation, fragments, variables
        self._root: Selection | None = None
        self._selections: dict[Hashable, Selection] = {}
        """By their types and nodes: fragments can be spread at several places."""
        self._descendants: Descendants | None = None
        self._known: dict[GraphQLObjectType, dict[str, SchemaField]] = {}
        """Fields of the schema, by their types and names: a type is often selected again."""
        self._definitions: list[GraphQLField] = []
        self._resolvers: list[GraphQLFieldResolver | None] = []

    @property
    def is_outdated(self) -> bool:
        """Whether a resolver of its fields was replaced after they were planned."""
        return not all(map(is_, map(_RESOLVER, self._definitions), self._resolvers))

    @property
    def root(self) -> Selection:
        """Fields that are selected of the root object."""
        if self._root is None:
            root_type = self._root_type
            if root_type is None:
                return Selection([])
            collected = collect_fields(self.schema, self._fragments, self._variables, root_type, self._operation)
            self._root = self._planned(root_type, collected.grouped_field_set)
        return self._root

    def selection(self, of_type: GraphQLObjectType, details: FieldDetailsList) -> Selection:
        """Return what a field selects of the objects of that type."""
        key: Hashable = None
        if self._fragments:
            key = (of_type, *[id(each.node) for each in details])
            found = self._selections.get(key)
            if found is not None:
                return found
        collected = collect_subfields(self.schema, self._fragments, self._variables, self._operation, of_type, details)
        planned = self._planned(of_type, collected.grouped_field_set)
        if key is not None:
            self._selections[key] = planned
        return planned

    def shareable(self, of_type: GraphQLObjectType, details: FieldDetailsList) -> bool:
        """Return whether nothing that a field selects of the objects, or below, may be resolved for one at a time."""
        if self._descendants is None:
            definitions = {name: each.definition for name, each in self._fragments.items()}
            self._descendants = Descendants(self.schema, definitions, self._field)
        selection_sets = [each.node.selection_set for each in details if each.node.selection_set is not None]
        return self._descendants.shareable(of_type, selection_sets)

    def _planned(self, of_type: GraphQLObjectType, grouped: GroupedFieldSet) -> Selection:
        fields = []
        known = self._known.get(of_type)
        if known is None:
            known = self._known[of_type] = {}
        in_schema = SchemaFields.of(self.schema, of_type)
        for key, details in grouped.items():
            name = details[0].node.name.value
            field = known.get(name)
            if field is None:
                field = in_schema.get(name)
                if field is None:
                    continue
                known[name] = field
                self._resolvers.append(field.resolve)
                self._definitions.append(field.definition)
            fields.append(Field(self, of_type, key, details, field))
        return Selection(fields)

    def _field(self, of_type: GraphQLObjectType, name: str) -> SchemaField | None:
        """Return the field of a type, of which the variant is outdated if another resolver replaces the one it has."""
        known = self._known.setdefault(of_type, {})
        field = known.get(name) or SchemaFields.of(self.schema, of_type).get(name)
        if field is not None and name not in known:
            known[name] = field
            self._resolvers.append(field.resolve)
            self._definitions.append(field.definition)
        return field


class Plans:
    """Plans of the operations that were executed lately, for callers who keep none themselves.

    A plan is found by its operation, or by the text and then by comparison: a program may change what it parsed.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: OrderedDict[Hashable, Plan] = OrderedDict()
        self._lock = Lock()

    def get(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        definitions: Mapping[str, FragmentDefinitionNode],
    ) -> Plan:
        """Return the plan of that operation, an operation of equal text and nodes included."""
        key = _key(schema, operation)
        found = self._kept.get(key)
        if found is not None and found.is_of(schema, operation, definitions):
            with self._lock:
                # Another thread may have dropped it.
                if key in self._kept:
                    self._kept.move_to_end(key)
            return found
        found = Plan(schema, operation, definitions)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _PLANS_KEPT:
                self._kept.popitem(last=False)
        return found


def _key(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Hashable:
    location = operation.loc
    if location is None:
        return id(schema), id(operation)
    source = location.source
    # Errors print the name, and lines from the offset on.
    return id(schema), source.body, source.name, source.location_offset, location.start


def _directives(
    operation: OperationDefinitionNode, definitions: Mapping[str, FragmentDefinitionNode]
) -> tuple[list[DirectiveNode], int]:
    """Return every directive of the operation and of all the fragments, and the number of their selection sets."""
    found: list[DirectiveNode] = [*(operation.directives or ())]
    waiting: list[SelectionSetNode] = [operation.selection_set]
    for definition in definitions.values():
        found += definition.directives or ()
        waiting.append(definition.selection_set)
    number = 0
    while waiting:
        number += 1
        for selection in waiting.pop().selections:
            if selection.directives:
                found += selection.directives
            if isinstance(selection, _WITH_SELECTIONS) and selection.selection_set is not None:
                waiting.append(selection.selection_set)
    return found, number


def _switches(directives: Iterable[DirectiveNode]) -> Iterator[str]:
    """Return the names of the variables that switch fields on and off."""
    for directive in directives:
        if directive.name.value in _SWITCHES:
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode):
                    yield argument.value.name.value
