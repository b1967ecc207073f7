"""Enums of the domain become enums of the schema."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

import strawberry

Member = TypeVar("Member", bound=Enum)


def describe(enum: type[Member], description: str, values: Mapping[Member, str]) -> None:
    """Make the enum one of the schema; each of its members needs a description."""
    strawberry.enum(enum, description=description)
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]  # Strawberry adds the definition.
        value.description = values[enum[value.name]]
