"""Executor of the API's tests: `EXECUTION=stock` chooses graphql-core's own."""

import os
from typing import Any

from graphql.execution import Executor
from graphql.execution.incremental import IncrementalExecutor

from breadth import BatchExecutor

EXECUTOR: type[Executor[Any]] = IncrementalExecutor if os.environ.get("EXECUTION") == "stock" else BatchExecutor
