"""Breadth-first execution of GraphQL: each field is resolved once for a batch of objects, not once for each.

`BatchExecutor` takes the place of graphql-core's executor:

    graphql.execute(schema, document, executor_class=BatchExecutor)

and answers as graphql-core does. It is fastest if relations are batch resolvers, which are called once with all
objects of a batch: `set_batch_resolver` for a graphql-core schema, `breadth.strawberry.batch_field` for a
Strawberry one. A `Prepared` operation keeps its plan for the requests that ask for it again.

A resolver may return a `RowBatch` in place of a list of objects: it is read a column at a time, and an object of it is
made only if a resolver needs it.
"""

# First of all, so that an untested version is refused before anything else of it fails.
from breadth._versions import UntestedVersionError
from breadth.batch_resolvers import BatchResolver, by_class, of_column, pure, set_batch_resolver, wait_for
from breadth.executor import BatchExecutor
from breadth.prepared import Prepared
from breadth.row_batch import DictionaryEncoded, RowBatch

__all__ = [
    "BatchExecutor",
    "BatchResolver",
    "DictionaryEncoded",
    "Prepared",
    "RowBatch",
    "UntestedVersionError",
    "by_class",
    "of_column",
    "pure",
    "set_batch_resolver",
    "wait_for",
]
