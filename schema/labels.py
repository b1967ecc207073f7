"""Labels of enum fields, in the caller's language."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from operator import attrgetter
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from domain.labels import LABELS
from domain.languages import Language, Text, listed
from resolvers.context import Context
from schema.relations import Field, computed

_DESCRIBED_MAX = 6
"""Number of values up to which a description has all labels."""


def label_of(
    field: str,
    enum: type[Enum],
    *,
    optional: bool = False,
    value_of: Callable[[Context, Any], Enum | None] | None = None,
    reads: Iterable[str] = (),
) -> Field:
    """Declare the label of the field with a value of the enum; `optional` if the field can be null.

    `value_of` computes the field's value from the columns that it `reads`; without it, the value is the row's.
    """
    texts, of_row = LABELS[enum], attrgetter(field)

    def label(context: Context, row: object) -> str | None:
        value = of_row(row) if value_of is None else value_of(context, row)
        return None if value is None else texts[value].within(context.language)

    name = to_camel_case(field)
    null = f" Returns null if `{name}` is null." if optional else ""
    return computed(label, reads=(field, *reads), description=f"{_description(name, texts)}{null}")


def _description(field: str, texts: Mapping[Any, Text]) -> str:
    portuguese, english = (_quoted(list(texts.values()), language) for language in Language)
    such_as = ":" if len(texts) <= _DESCRIBED_MAX else ", such as"
    return f"The label of `{field}` in the caller's language{such_as} {portuguese}; in English {english}."


def _quoted(texts: Sequence[Text], language: Language) -> str:
    shown = texts if len(texts) <= _DESCRIBED_MAX else texts[:1]
    return listed([f"“{text.within(language)}”" for text in shown], "or")
