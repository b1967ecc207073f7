"""Requirements of operations, all of which are checked before anything runs."""

from contextlib import suppress
from typing import Any, cast

from graphql import GraphQLError, GraphQLObjectType, get_argument_values
from graphql.execution.values import VariableValues

from domain.access import Permissions
from domain.errors import ProviderUnreachable, SecondFactorRequired, lacking
from domain.limits import TooManyPoints
from resolvers import nodes
from resolvers.context import Context, unauthenticated
from resolvers.viewers import Viewer
from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import Document, misfit
from server.graphql.operation_facts import Operation
from server.graphql.operation_requests import OperationRequest
from server.graphql.suggestions import suggested

_query_type = cast("GraphQLObjectType", GRAPHQL_SCHEMA.query_type)
_NODE_ARGUMENTS = {"node": "id", "nodes": "ids"}

Coerced = VariableValues | list[GraphQLError]
"""Values of an operation's variables, or their errors."""


def checked(context: Context, operation: Operation, given: dict[str, Any], points_max: int) -> Coerced:
    """Check all that the operation requires, and return the values of its variables."""
    needs_token = operation.private or (operation.introspects and not context.portal.shows_schema_to_all)
    if context.unusable is not None and (
        needs_token
        or operation.error is not None
        # A viewer whose token can't be checked for a minute is not signed out.
        or (operation.shows_viewer and isinstance(context.unusable, ProviderUnreachable))
    ):
        raise context.unusable
    if needs_token and not gets_schema(context):
        # As for a new document, which is refused before anything else of it is looked at.
        raise unauthenticated()
    if operation.error is not None:
        return [operation.error]
    # As for a new document, whose values are measured before validation.
    if given and (too_long := operation.lengths.error(given)) is not None:
        return [too_long]
    viewer = context.viewer
    if viewer is None and needs_token:
        raise unauthenticated()
    variables = operation.prepared.coerced(given)
    if viewer is not None and (
        viewer.must_enroll or operation.node_fields or not operation.permissions <= viewer.permissions
    ):
        _check_permissions(viewer, operation, variables)
    if isinstance(variables, list):
        if not gets_schema(context):
            return [misfit()]
        return list(suggested(variables, lambda: operation.prepared.errors_with_suggestions(given)))
    if operation.cost is None and operation.points_most <= points_max:
        return variables
    return _affordable(operation, variables, points_max)


def insist_on_token(context: Context) -> None:
    """Raise the error of the request's token, if it has one."""
    if context.unusable is not None:
        raise context.unusable


def insist_on_viewer(context: Context, document: Document, request: OperationRequest) -> None:
    """Refuse a stranger before the answer says whether a text is valid, or what a registered document has.

    A public operation of a registered document runs beside others.
    """
    if not gets_schema(context) and (request.named is None or document.found(request.operation_name) is None):
        raise unauthenticated()


def gets_schema(context: Context) -> bool:
    """Return whether errors have names of the schema, and suggestions, which take longer than validation."""
    return context.viewer is not None or context.portal.shows_schema_to_all


def _affordable(operation: Operation, variables: VariableValues, points_max: int) -> Coerced:
    """Return the variables, or the error of an operation that costs too much with them."""
    exceeded = None if operation.cost is None else operation.cost.of(variables.coerced).complaint()
    if exceeded is None and operation.points_most > points_max:
        points = operation.points(variables.coerced)
        exceeded = TooManyPoints(points, points_max) if points > points_max else None
    return variables if exceeded is None else [GraphQLError(str(exceeded), operation.ast, original_error=exceeded)]


def _check_permissions(viewer: Viewer, operation: Operation, variables: Coerced) -> None:
    if viewer.must_enroll and not operation.enrolling:
        raise SecondFactorRequired
    needed = operation.permissions
    if operation.node_fields and not isinstance(variables, list):
        needed |= _of_nodes(operation, variables)
    missing = needed - viewer.permissions
    if missing:
        raise lacking(missing, viewer.role)


def _of_nodes(operation: Operation, variables: VariableValues) -> Permissions:
    """Return the permissions that `node` and `nodes` require, by the types of the ids."""
    wanted: set[str] = set()
    for node in operation.node_fields:
        name = node.name.value
        # Execution refuses the field too.
        with suppress(GraphQLError):
            value = get_argument_values(_query_type.fields[name], node, variables)[_NODE_ARGUMENTS[name]]
            wanted.update([value] if isinstance(value, str) else value)
    return frozenset(nodes.permissions(wanted))
