"""Level resolvers in Strawberry: fields whose resolver is called once with all the objects of a level."""

from typing import Any

from graphql import GraphQLField, GraphQLResolveInfo, GraphQLSchema
from strawberry.annotation import StrawberryAnnotation
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from schema.execution.executor import LevelExecutor
from schema.execution.marks import LevelResolver, only
from schema.execution.resolution import Level, Resolution, attribute

_DEFINITION = "strawberry-definition"


class StrawberryLevelExecutor(LevelExecutor, StrawberryGraphQLCoreExecutionContext):
    """The executor for `strawberry.Schema(execution_context_class=…)`."""


class LevelField(StrawberryField):
    """A field whose resolver takes the objects of a level as its `strawberry.Parent`, and returns a value for each."""

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:  # noqa: ANN401 — Strawberry's.
        """The value for one object, in stock execution."""
        parent = self.base_resolver.parent_parameter if self.base_resolver else None
        if parent is None:
            message = f"The level resolver of {self.python_name} takes its objects as a strawberry.Parent."
            raise TypeError(message)
        return only(super().get_result(source, info, args, kwargs | {parent.name: [source]}))


def level_field(*, graphql_type: object, **named: Any) -> Any:  # noqa: ANN401 — as `strawberry.field`.
    """`strawberry.field` over a level resolver; `graphql_type` is the type of the value for one object."""
    return LevelField(type_annotation=StrawberryAnnotation.from_annotation(graphql_type), **named)


def resolution(definition: GraphQLField, schema: GraphQLSchema) -> Resolution:
    """How the values of a field of a Strawberry schema are had."""
    field = definition.extensions[_DEFINITION]
    if isinstance(field, LevelField) and not field.extensions:
        return Level(_level_resolver(field, schema))
    if field.is_basic_field and field.default_resolver is getattr and _is_read_only(definition):
        return attribute(field.python_name)
    return Resolution()


def _is_read_only(definition: GraphQLField) -> bool:
    """Whether Strawberry reads the attribute and does nothing else, such as handling exceptions."""
    return getattr(definition.resolve, "__name__", "") == "_get_basic_result"


def _level_resolver(field: LevelField, schema: GraphQLSchema) -> LevelResolver:
    converter = schema._strawberry_schema.schema_converter  # type: ignore[attr-defined]  # noqa: SLF001 — the way back.
    config, registry = converter.config, converter.scalar_registry
    resolver = field.base_resolver
    if resolver is None or resolver.parent_parameter is None:
        message = f"The level resolver of {field.python_name} takes its objects as a strawberry.Parent."
        raise TypeError(message)
    parent, wants_info = resolver.parent_parameter.name, resolver.info_parameter

    def resolve(objects: list[Any], info: GraphQLResolveInfo[Any], **given: Any) -> Any:  # noqa: ANN401 — of any type.
        strawberry_info = config.info_class(_raw_info=info, _field=field)
        named = convert_arguments(given, field.arguments, registry, config, strawberry_info) if given else {}
        named[parent] = objects
        if wants_info:
            named[wants_info.name] = strawberry_info
        return resolver(**named)

    return resolve
