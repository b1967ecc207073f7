"""Executor of the API's tests: `EXECUTION=stock` chooses graphql-core's own."""

import os
from typing import Any

from graphql.execution import Executor
from graphql.execution.incremental import IncrementalExecutor

from breadth import BatchExecutor
from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import Documents

EXECUTOR: type[Executor[Any]] = IncrementalExecutor if os.environ.get("EXECUTION") == "stock" else BatchExecutor

DOCUMENTS = Documents(GRAPHQL_SCHEMA, EXECUTOR)
"""Prepared documents of the applications that share them, so that a text is validated once and not for each test."""

BATCHED = Documents(GRAPHQL_SCHEMA)
"""Likewise of the applications whose operations always run with the batch executor."""
