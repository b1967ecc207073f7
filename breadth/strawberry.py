"""Batch fields in Strawberry: their resolver is called once with all objects of a batch."""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from types import CodeType, FunctionType
from typing import NoReturn, Protocol, Self

from graphql import GraphQLField, GraphQLResolveInfo, GraphQLSchema
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver
from strawberry.types.info import Info

from breadth._versions import STRAWBERRY, check, require
from breadth.batch_resolvers import only
from breadth.coercion.inputs import Inputs
from breadth.executor import BatchExecutor
from breadth.plan.resolver import ADAPTERS, BatchFunction, Resolution, attribute
from breadth.values import Value

__all__ = [
    "BatchField",
    "Declaration",
    "DeclaredField",
    "StrawberryBatchExecutor",
    "batch_field",
    "declared",
]

check("strawberry-graphql", version("strawberry-graphql"), *STRAWBERRY)
# Private names that are used here; without one of them, even a version that the environment allows is refused.
require("strawberry-graphql", GraphQLCoreConverter, "_get_field_exception_handlers")
require("strawberry-graphql", Info, "_raw_info")

_DEFINITION = "strawberry-definition"

Resolver = Callable[..., Value] | StrawberryResolver[Value]


class StrawberryBatchExecutor(BatchExecutor, StrawberryGraphQLCoreExecutionContext):
    """Executor for `strawberry.Schema(execution_context_class=…)`."""


class _BatchResolver(StrawberryResolver[Value]):
    @property
    def type(self) -> None:
        """None: what it returns is for a batch, and the field has a type of its own."""


class BatchField(StrawberryField):
    """A field whose resolver takes a batch of objects as its `strawberry.Parent`, and returns a value for each."""

    reads: frozenset[str] | None = None
    """The attributes of the objects that the resolver reads; None where it may read any."""

    def __call__(self, resolver: Value) -> Self:
        """Give the field its resolver."""
        return super().__call__(resolver if isinstance(resolver, StrawberryResolver) else _BatchResolver(resolver))

    def get_result(self, source: Value, info: Value, args: list[Value], kwargs: dict[str, Value]) -> Value:
        """Return the value for one object, in stock execution."""
        parent = self.base_resolver.parent_parameter if self.base_resolver else None
        if parent is None:
            message = f"The batch resolver of {self.python_name} takes its objects as a strawberry.Parent."
            raise TypeError(message)
        return only(super().get_result(source, info, args, kwargs | {parent.name: [source]}))

    def __copy__(self) -> Self:
        """Return the field for another specialisation of a generic type."""
        copied = super().__copy__()
        copied.reads = self.reads
        return copied


class Declaration(Protocol):
    """Resolution of a declared field.

    If it has an attribute `of_each` that is true, the value of each object depends on that object only, and none is
    awaited: an executor with pauses may call it with one part of a batch after the other.
    """

    @property
    def reads(self) -> frozenset[str] | None:
        """Attributes that are read of the objects; None if any may be."""

    @property
    def resolve(self) -> Callable[..., Value]:
        """Batch resolver, called with the objects, the info, and the arguments by their Python names."""


class DeclaredField(StrawberryField):
    """A batch field without a resolver function: an annotation gives its type."""

    batch: Declaration

    @property
    def is_basic_field(self) -> bool:
        """Whether Strawberry reads an attribute of that name, which it does not."""
        return False

    def get_result(self, source: Value, info: Value, args: list[Value], kwargs: Value) -> Value:  # noqa: ARG002 — Strawberry's.
        """Return the value for one object, in stock execution."""
        return only(self.batch.resolve([source], info._raw_info, **kwargs))  # noqa: SLF001 — it has no public name.

    def __copy__(self) -> Self:
        """Return the field for another specialisation of a generic type."""
        copied = super().__copy__()
        copied.batch = self.batch
        return copied


def declared(batch: Declaration, *, arguments: Iterable[StrawberryArgument] = (), **named: Value) -> Value:
    """Return a field that `batch` resolves; its type is the annotation of the attribute that it is assigned to.

    `named` is what `StrawberryField` takes: `description`, `graphql_name` and the like. The call of a resolver with
    arguments that do not fit raises GraphQLError, as any other field's does.
    """
    field = DeclaredField(**named)
    field.batch, field.arguments = batch, list(arguments)
    return field


def batch_field(
    resolver: Resolver | None = None,
    *,
    graphql_type: object,
    reads: Iterable[str] | None = None,
    name: str | None = None,
    description: str | None = None,
    permission_classes: Iterable[type[BasePermission]] = (),
    deprecation_reason: str | None = None,
    metadata: Mapping[str, object] | None = None,
    directives: Iterable[object] = (),
    extensions: Iterable[FieldExtension] = (),
) -> Value:
    """Return `strawberry.field` for a batch resolver: a decorator, or the field if the resolver is given.

    `graphql_type` is the type of the value for one object. `reads` names the attributes of the objects that the
    resolver reads, so that a loader of the objects can defer the others; None if it may read any. Everything else is
    as in `strawberry.field`. A resolver without a `strawberry.Parent` is a TypeError of each object.
    """
    field = BatchField(
        graphql_name=name,
        type_annotation=StrawberryAnnotation.from_annotation(graphql_type),
        description=description,
        permission_classes=list(permission_classes),
        deprecation_reason=deprecation_reason,
        metadata=metadata,
        directives=list(directives),
        extensions=list(extensions),
    )
    field.reads = None if reads is None else frozenset(reads)
    return field if resolver is None else field(resolver)


def resolution(definition: GraphQLField, schema: GraphQLSchema) -> Resolution | None:
    """Return how the values of a field of a Strawberry schema are had; None if Strawberry did not make its resolver."""
    # Schemas that graphql-core derives from Strawberry's keep its extensions.
    strawberry_schema = schema.extensions.get(_DEFINITION)
    resolve: Value = definition.resolve
    # The extension of the field may have a copy, and the resolver may have been that of another field.
    field = _made_for(resolve)
    if strawberry_schema is None or field is None:
        return None
    converter: GraphQLCoreConverter = strawberry_schema.schema_converter
    if type(field).get_result not in _KNOWN_RESULTS or "get_result" in vars(field):
        return Resolution()
    if field.is_basic_field and field.default_resolver is getattr and resolve.__code__.co_name == _READS:
        return attribute(field.python_name)
    if field.extensions or field.is_subscription or _handles_errors(field, converter):
        return Resolution()
    return _by_resolver(field, converter)


def _by_resolver(field: StrawberryField, converter: GraphQLCoreConverter) -> Resolution:
    if isinstance(field, DeclaredField):
        of_each = getattr(field.batch, "of_each", False)
        return BatchFunction(_Declared(field, converter).resolver(), reads=field.batch.reads, of_each=of_each)
    if type(field.base_resolver).__call__ is not StrawberryResolver.__call__:
        # There is none, or one of a class that calls its function in a way of its own.
        return Resolution()
    call = _Call(field, converter)
    if isinstance(field, BatchField):
        return BatchFunction(call.for_batches(), needs_info=call.needs_info, reads=field.reads)
    return Resolution(call.of_one)


def _made_for(resolve: Value) -> Value:
    """Return the field that Strawberry made the resolver for; None if another resolver has taken its place."""
    # A wrapper may have its name and its module, but not its code.
    names = _MADE.get(resolve.__code__) if isinstance(resolve, FunctionType) else None
    if names is None:
        return None
    found: Value = resolve
    for name in names:
        found = found.__closure__[found.__code__.co_freevars.index(name)].cell_contents
    return found


def _handles_errors(field: StrawberryField, converter: GraphQLCoreConverter) -> bool:
    return bool(converter._get_field_exception_handlers(field))  # noqa: SLF001 — there is no public way to know.


def _arguments(field: StrawberryField, converter: GraphQLCoreConverter) -> dict[str, tuple[str, Value]]:
    """Return the Python name of each argument and what converts its value, by its name in GraphQL."""
    inputs = Inputs(converter)
    return {
        converter.config.name_converter.from_argument(argument): (
            argument.python_name,
            inputs.conversion(argument.type),
        )
        for argument in field.arguments
    }


class _Declared:
    """A call of a declared field, whose arguments are converted as Strawberry does it."""

    def __init__(self, field: DeclaredField, converter: GraphQLCoreConverter) -> None:
        self._field, self._info_class = field, converter.config.info_class
        self._arguments = _arguments(field, converter)

    def resolver(self) -> Callable[..., Value]:
        """Return what is called with the objects of a batch."""
        return self._with_arguments if self._arguments else self._field.batch.resolve

    def _with_arguments(self, objects: Value, info: GraphQLResolveInfo[Value], /, **given: Value) -> Value:
        named = {}
        for name, value in given.items():
            python_name, convert = self._arguments[name]
            if convert is not None:
                value = convert(value, self._info_class(_raw_info=info, _field=self._field), (name,))  # noqa: PLW2901
            named[python_name] = value
        return self._field.batch.resolve(objects, info, **named)


class _Call:
    """A call of a field's resolver as Strawberry makes it, with what is the same for each call found out before."""

    def __init__(self, field: StrawberryField, converter: GraphQLCoreConverter) -> None:
        self._field, self._config = field, converter.config
        self._named = _arguments(field, converter)
        resolver: Value = field.base_resolver
        # Strawberry's own call of it would look first whether it can be called.
        self._function = resolver.wrapped_func if callable(resolver.wrapped_func) else resolver
        self._of_self = resolver.self_parameter is not None
        self._sources = [each.name for each in (resolver.parent_parameter, resolver.root_parameter) if each is not None]
        self._info = None if resolver.info_parameter is None else resolver.info_parameter.name
        self.needs_info = self._info is not None or any(convert for _, convert in self._named.values())
        """Whether the info is looked at."""

    def for_batches(self) -> Callable[..., Value]:
        """Return the function that is called with the objects of a batch."""
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
        message = f"The batch resolver of {self._field.python_name} takes its objects as a strawberry.Parent."
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


_READS = "_get_basic_result"
_MADE = {
    part: ("field",) if part.co_name == _READS else ("_strawberry_info_from_graphql", "field")
    for part in GraphQLCoreConverter.from_resolver.__code__.co_consts
    if isinstance(part, CodeType) and part.co_name in {_READS, "_resolver", "_async_resolver"}
}
"""Code of the resolvers that Strawberry makes, and the names by which they and what they call know their field."""

_KNOWN_RESULTS = (StrawberryField.get_result, BatchField.get_result, DeclaredField.get_result)
ADAPTERS[_DEFINITION] = resolution
