"""Level resolvers in Strawberry: fields whose resolver is called once with all the objects of a level."""

from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import NoReturn

from graphql import GraphQLField, GraphQLResolveInfo, GraphQLSchema
from strawberry.annotation import StrawberryAnnotation
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from breadth._versions import check
from breadth.batch_resolvers import only
from breadth.coercion.inputs import Inputs
from breadth.executor import LevelExecutor
from breadth.plan.resolver import ADAPTERS, Level, Resolution, attribute
from breadth.values import Value

check("strawberry-graphql", version("strawberry-graphql"), oldest=(0, 341), newest=(0, 341))

_DEFINITION = "strawberry-definition"


class StrawberryLevelExecutor(LevelExecutor, StrawberryGraphQLCoreExecutionContext):
    """The executor for `strawberry.Schema(execution_context_class=…)`."""


class LevelField(StrawberryField):
    """A field whose resolver takes the objects of a level as its `strawberry.Parent`, and returns a value for each."""

    reads: frozenset[str] | None = None
    """The attributes of the objects that the resolver reads; None where it may read any."""

    def get_result(self, source: Value, info: Value, args: list[Value], kwargs: dict[str, Value]) -> Value:
        """Return the value for one object, in stock execution."""
        parent = self.base_resolver.parent_parameter if self.base_resolver else None
        if parent is None:
            message = f"The level resolver of {self.python_name} takes its objects as a strawberry.Parent."
            raise TypeError(message)
        return only(super().get_result(source, info, args, kwargs | {parent.name: [source]}))


def level_field(*, graphql_type: object, reads: Iterable[str] | None = None, **named: Value) -> Value:
    """`strawberry.field` over a level resolver; `graphql_type` is the type of the value for one object.

    Where the resolver reads just some attributes of the objects, `reads` names them, so that whoever brings the
    objects can leave the others out.
    """
    field = LevelField(type_annotation=StrawberryAnnotation.from_annotation(graphql_type), **named)
    field.reads = None if reads is None else frozenset(reads)
    return field


def resolution(definition: GraphQLField, schema: GraphQLSchema) -> Resolution | None:
    """Return how the values of a field of a Strawberry schema are had; None if it is not one of Strawberry's."""
    field = definition.extensions[_DEFINITION]
    # Schemas that graphql-core derives from Strawberry's keep its extensions.
    strawberry_schema = schema.extensions.get(_DEFINITION)
    if strawberry_schema is None or not _is_strawberrys(definition):
        return None
    converter: GraphQLCoreConverter = strawberry_schema.schema_converter
    if type(field).get_result not in _KNOWN_RESULTS:
        return Resolution()
    if field.is_basic_field and field.default_resolver is getattr and _is_read_only(definition):
        return attribute(field.python_name)
    if field.base_resolver is None or field.extensions or field.is_subscription or _handles_errors(field, converter):
        return Resolution()
    call = _Call(field, converter)
    if isinstance(field, LevelField):
        return Level(call.for_levels(), needs_info=call.needs_info, reads=field.reads)
    return Resolution(call.of_one)


def _is_strawberrys(definition: GraphQLField) -> bool:
    """Whether the resolver is the one that Strawberry made, and was not replaced in the graphql-core schema."""
    return getattr(definition.resolve, "__module__", None) == GraphQLCoreConverter.__module__


def _is_read_only(definition: GraphQLField) -> bool:
    """Whether Strawberry reads the attribute and does nothing else, such as handling exceptions."""
    return getattr(definition.resolve, "__name__", "") == "_get_basic_result"


def _handles_errors(field: StrawberryField, converter: GraphQLCoreConverter) -> bool:
    return bool(converter._get_field_exception_handlers(field))  # noqa: SLF001 — there is no public way to know.


class _Call:
    """A call of a field's resolver as Strawberry makes it, with what is the same for each call found out before."""

    def __init__(self, field: StrawberryField, converter: GraphQLCoreConverter) -> None:
        self._field, self._config = field, converter.config
        inputs = Inputs(converter)
        self._named = {
            converter.config.name_converter.from_argument(argument): (
                argument.python_name,
                inputs.conversion(argument.type),
            )
            for argument in field.arguments
        }
        resolver: Value = field.base_resolver
        # Strawberry's own call of it would look first whether it can be called.
        self._function = resolver.wrapped_func if callable(resolver.wrapped_func) else resolver
        self._of_self = resolver.self_parameter is not None
        self._sources = [each.name for each in (resolver.parent_parameter, resolver.root_parameter) if each is not None]
        self._info = None if resolver.info_parameter is None else resolver.info_parameter.name
        self.needs_info = self._info is not None or any(convert for _, convert in self._named.values())
        """Whether the info is looked at."""

    def for_levels(self) -> Callable[..., Value]:
        """What is called with the objects of a level."""
        if not self._sources:
            return self._without_objects
        if self._named or self._of_self or len(self._sources) > 1:
            return self.of_one
        function, name, of_info = self._function, self._sources[0], self._info
        if of_info is None:
            return lambda objects, _info: function(**{name: objects})
        made, field = self._config.info_class, self._field
        return lambda objects, info: function(**{name: objects, of_info: made(_raw_info=info, _field=field)})

    def _without_objects(self, /, *_: object, **__: object) -> NoReturn:
        message = f"The level resolver of {self._field.python_name} takes its objects as a strawberry.Parent."
        raise TypeError(message)

    def of_one(self, source: Value, info: GraphQLResolveInfo[Value] | None, /, **given: Value) -> Value:
        """Return the value for one object."""
        strawberry_info = None if info is None else self._config.info_class(_raw_info=info, _field=self._field)
        named = self._converted(given, strawberry_info) if given else given
        for name in self._sources:
            named[name] = source
        if self._info is not None:
            named[self._info] = strawberry_info
        return self._function(source, **named) if self._of_self else self._function(**named)

    def _converted(self, given: dict[str, Value], info: Value) -> dict[str, Value]:
        named = {}
        for name, value in given.items():
            python_name, convert = self._named[name]
            named[python_name] = value if convert is None else convert(value, info, (name,))
        return named


_KNOWN_RESULTS = (StrawberryField.get_result, LevelField.get_result)
ADAPTERS[_DEFINITION] = resolution
