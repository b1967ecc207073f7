"""Prepared documents of the tests' applications, which share them: a text is validated once and not for each test."""

from graphql.execution.incremental import IncrementalExecutor

from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import Documents

_KEPT_MAX, _CHARACTERS_MAX = 10_000, 2_000_000
"""More than a server keeps: the same test on another engine finds what it has prepared some thousand tests before."""

DOCUMENTS = Documents(GRAPHQL_SCHEMA, kept_max=_KEPT_MAX, characters_max=_CHARACTERS_MAX)
"""Those of a server, whose operations the batch executor runs."""

STOCK_DOCUMENTS = Documents(GRAPHQL_SCHEMA, IncrementalExecutor, kept_max=_KEPT_MAX, characters_max=_CHARACTERS_MAX)
"""Those whose operations graphql-core's own executor runs."""
