"""Validation of documents in tests: a text that fits the schema is validated by one process of the run, once.

Tests run on several engines and in several processes, and most of them send the same texts.
"""

import os
from collections.abc import Collection
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from graphql import ASTValidationRule, DocumentNode, GraphQLError, GraphQLSchema, validate

from schema.root import GRAPHQL_SCHEMA
from server.graphql import documents
from server.graphql.literals import RULES

_DIGEST_BYTES = 16


class ValidTexts:
    """Texts that fit the schema, which the processes of a run tell each other by a file."""

    def __init__(self, file: Path) -> None:
        """Take the file, which any of them makes."""
        self._file = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._known: set[bytes] = set()
        self._read = 0

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def has(self, text: str) -> bool:
        """Return whether any process has added the text."""
        digest = _digest(text)
        if digest not in self._known:
            added = os.pread(self._file, os.fstat(self._file).st_size - self._read, self._read)
            self._read += len(added)
            self._known.update(added[at : at + _DIGEST_BYTES] for at in range(0, len(added), _DIGEST_BYTES))
        return digest in self._known

    def add(self, text: str) -> None:
        """Add a text."""
        # Writes of so few bytes to the end of a file are whole.
        os.write(self._file, _digest(text))


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()


def validate_once(texts: ValidTexts, patched: pytest.MonkeyPatch) -> None:
    """Let the portal's documents be validated unless they are known to fit its schema by all of its rules."""
    patched.setattr(documents, "validate", partial(_errors, texts))


def _errors(
    texts: ValidTexts,
    schema: GraphQLSchema,
    document: DocumentNode,
    rules: Collection[type[ASTValidationRule]],
    **options: Any,  # noqa: ANN401 — those of graphql-core.
) -> list[GraphQLError]:
    if schema is not GRAPHQL_SCHEMA or rules is not RULES or document.loc is None:
        return validate(schema, document, rules, **options)
    text = document.loc.source.body
    if texts.has(text):
        return []
    errors = validate(schema, document, rules, **options)
    if not errors:
        texts.add(text)
    return errors
