"""Values of arguments, converted as Strawberry converts them, with what is the same for each value found out before."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING

from strawberry.relay import GlobalID
from strawberry.scalars import is_scalar
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional, has_object_definition
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition

from breadth.values import Value
from strawberry import UNSET

Path = tuple[str | int, ...]
Convert = Callable[[Value, Value, Path], Value]
"""Converts what graphql-core gives for an argument, or for a part of one; it gets the info and the path too."""


class Inputs:
    """Conversions of values, by their types."""

    def __init__(self, converter: GraphQLCoreConverter) -> None:
        """Begin with none."""
        self._converter = converter
        self._of_objects: dict[type[Value], Convert] = {}

    def conversion(self, wanted: Value) -> Convert | None:
        """Return the conversion of values of the type; None if they are used as they are."""
        if isinstance(wanted, StrawberryMaybe):
            return self._by_strawberry(wanted)
        if isinstance(wanted, StrawberryOptional):
            return self.conversion(wanted.of_type)
        if isinstance(wanted, StrawberryList):
            return self._of_list(self.conversion(wanted.of_type))
        if self._is_leaf(wanted):
            return None
        if has_object_definition(wanted):
            definition = wanted.__strawberry_definition__
            if definition.is_input and definition.from_input is None:
                return self._of_object(wanted)
        return self._by_strawberry(wanted)

    def _is_leaf(self, wanted: Value) -> bool:
        """Return whether graphql-core gives values as they are meant, as it does of scalars and enums."""
        if isinstance(wanted, StrawberryEnumDefinition) or has_enum_definition(wanted):
            return True
        return wanted is not GlobalID and is_scalar(wanted, self._converter.scalar_registry)

    def _by_strawberry(self, wanted: Value) -> Convert:
        registry, config = self._converter.scalar_registry, self._converter.config
        return lambda value, info, path: convert_argument(value, wanted, registry, config, info, path=path)

    def _of_list(self, of_item: Convert | None) -> Convert:
        def convert(values: Value, info: Value, path: Path) -> Value:
            if values is None or values is UNSET:
                return values
            if of_item is None:
                # A default is given to every request, so that changes to the list itself would be the next one's.
                return list(values)
            return [of_item(value, info, (*path, index)) for index, value in enumerate(values)]

        return convert

    def _of_object(self, wanted: type[Value]) -> Convert:
        """Return a conversion that looks at the fields at its first value: they may be of the same type."""
        known = self._of_objects.get(wanted)
        if known is not None:
            return known
        definition = wanted.__strawberry_definition__
        left_out = {
            field.python_name: None
            for field in definition.fields
            if field.default_value is MISSING and field.default_factory is MISSING
        }
        fields: list[tuple[str, str, Convert | None]] = []

        def convert(values: Mapping[str, Value] | None, info: Value, path: Path) -> Value:
            if values is None or values is UNSET:
                return values
            if not fields and definition.fields:
                fields[:] = self._fields(definition)
            named: dict[str, Value] = dict(left_out)
            for name, python_name, of_field in fields:
                if name in values:
                    value = values[name]
                    named[python_name] = value if of_field is None else of_field(value, info, (*path, name))
            return wanted(**named)

        self._of_objects[wanted] = convert
        return convert

    def _fields(self, definition: Value) -> list[tuple[str, str, Convert | None]]:
        name_of = self._converter.config.name_converter.from_field
        return [
            (name_of(field), field.python_name, self.conversion(field.resolve_type(type_definition=definition)))
            for field in definition.fields
        ]
