"""Prepared documents of the tests' applications, which share them: a text is validated once and not for each test."""

from graphql.execution.incremental import IncrementalExecutor

from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import Documents

DOCUMENTS = Documents(GRAPHQL_SCHEMA)
"""Those of a server, whose operations the batch executor runs."""

STOCK_DOCUMENTS = Documents(GRAPHQL_SCHEMA, IncrementalExecutor)
"""Those whose operations graphql-core's own executor runs."""
