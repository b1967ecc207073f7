"""Level by level: GraphQL executed once for all the objects of a level, instead of once for each of them.

`LevelExecutor` takes the place of graphql-core's executor:

    graphql.execute(schema, document, executor_class=LevelExecutor)

and answers as graphql-core does. It is fastest where relations are level resolvers, which are called once with all the
objects of a level: `set_level_resolver` for a graphql-core schema, `breadth.strawberry.batch_field` for a
Strawberry one. A `Prepared` operation keeps its plan for the requests that ask for it again.

A resolver may return a `Table` in the place of a list of objects: it is read a column at a time, and no object of it is
made unless a resolver needs it.
"""

# First of all, so that an untested version is refused before anything else of it fails.
from breadth._versions import UntestedVersionError
from breadth.batch_resolvers import by_class, of_column, pure, set_level_resolver, wait_for
from breadth.column_batch import Repeating, Table
from breadth.executor import LevelExecutor
from breadth.prepared import Prepared

__all__ = [
    "LevelExecutor",
    "Prepared",
    "Repeating",
    "Table",
    "UntestedVersionError",
    "by_class",
    "of_column",
    "pure",
    "set_level_resolver",
    "wait_for",
]
