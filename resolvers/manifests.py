"""Manifests: a client's documents, as the tools that build clients write them.

GraphQL Code Generator and Relay write one JSON object, with the text of each document under its id. Apollo writes a
list of operations, each with an id and a body.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_APOLLO = "apollo-persisted-query-manifest"
_BYTES_MAX = 100_000_000


class ManifestError(Exception):
    """The file is not a manifest; the message says what it must be."""


def read(file: Path) -> Mapping[str, str]:
    """Return the texts of a manifest by id."""
    if file.stat().st_size > _BYTES_MAX:
        message = f"{file} is longer than {_BYTES_MAX} bytes"
        raise ManifestError(message)
    return parsed(file.read_bytes(), str(file))


def parsed(content: bytes, name: str) -> Mapping[str, str]:
    """Return the texts in the content of a file with that name."""
    try:
        given = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_without_repetitions)
    except (ValueError, RecursionError):
        message = f"{name} is not JSON in UTF-8"
        raise ManifestError(message) from None
    if isinstance(given, dict) and isinstance(given.get("operations"), list):
        given = _of_apollo(given, name)
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
        message = (
            f"{name} is not a manifest: it has to be a JSON object with the text of each document under its id, as "
            "GraphQL Code Generator and Relay write it, or Apollo's list of operations"
        )
        raise ManifestError(message)
    if not given:
        message = f"{name} has no documents in it"
        raise ManifestError(message)
    return given


def _of_apollo(given: Mapping[str, Any], name: str) -> Mapping[str, str]:
    if given.get("format") != _APOLLO or given.get("version") != 1:
        message = f"{name} has operations, but not the “format”: “{_APOLLO}” in its “version”: 1"
        raise ManifestError(message)
    pairs = []
    for place, operation in enumerate(given["operations"]):
        found = (operation.get("id"), operation.get("body")) if isinstance(operation, dict) else (None, None)
        if not all(isinstance(each, str) for each in found):
            message = f"{name} has an operation without an “id” and a “body”, which are texts, at place {place + 1}"
            raise ManifestError(message)
        pairs.append(found)
    return _without_repetitions(pairs)


def _without_repetitions(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    """Return the object of the pairs. JSON allows a repeated name, but then it is unclear which value is meant."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made and made[name] != value:
            message = f"The manifest has {name!a} twice, with two texts"
            raise ManifestError(message)
        made[name] = value
    return made
