"""`portal cost`: what documents cost, for a client's build."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from domain.costs import POINTS_MAX
from resolvers import manifests
from resolvers.manifests import ManifestError
from schema.root import GRAPHQL_SCHEMA
from server.cli.listing import print_rows
from server.cli.runner import WRONGLY_USED, fail
from server.graphql.documents import prepare
from server.graphql.operation_facts import Operation

_Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...", help="Documents, or manifests of documents (.json).", exists=True, dir_okay=False
    ),
]
_Variables = Annotated[
    Path | None,
    typer.Option(help="A JSON object with values of the variables, of all operations.", exists=True, dir_okay=False),
]
_Limit = Annotated[int, typer.Option(help="The most points that an operation may cost.", min=1)]


class _Cost(NamedTuple):
    document: str
    operation: str
    points: int
    complaints: Sequence[str]


def cost(files: _Files, *, variables: _Variables = None, limit: _Limit = POINTS_MAX) -> None:
    """Print a line for each operation: document, name, and points with the most expensive variables, or those given.

    Ends with 1 if an operation is not valid or costs more than the limit. Needs no database.
    """
    given = None if variables is None else _object(variables)
    costs = [each for file in files for name, text in _documents(file) for each in _costs(name, text, given, limit)]
    columns = ("document", "operation", "points")
    print_rows(columns, [(each.document, each.operation, f"{each.points}") for each in costs if each.points])
    complaints = [f"{each.document}: {complaint}" for each in costs for complaint in each.complaints]
    for complaint in complaints[:-1]:
        typer.echo(complaint, err=True)
    if complaints:
        fail(complaints[-1])


def _documents(file: Path) -> Iterable[tuple[str, str]]:
    try:
        if file.suffix == ".json":
            return [(name, text) for name, text in manifests.read(file).items()]
        return [(str(file), file.read_text(encoding="utf-8-sig"))]
    except ManifestError as error:
        fail(f"{error}.", status=WRONGLY_USED)
    except (OSError, UnicodeDecodeError):
        fail(f"{file} can't be read as UTF-8.", status=WRONGLY_USED)


def _object(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        fail(f"{file} must be a JSON object with the values of variables.", status=WRONGLY_USED)
    return found


def _costs(name: str, text: str, given: Mapping[str, Any] | None, limit: int) -> Iterator[_Cost]:
    document = prepare(GRAPHQL_SCHEMA, text)
    errors = [error.message for error in document.suggested_errors()]
    if errors:
        yield _Cost(name, "-", 0, errors)
    for operation in document.operations.values():
        points, complaints = _of_operation(operation, given)
        called = operation.name or "-"
        if points > limit:
            complaints = [f"{called} can cost {points:,} points, and the limit is {limit:,}."]
        yield _Cost(name, called, points, complaints)


def _of_operation(operation: Operation, given: Mapping[str, Any] | None) -> tuple[int, Sequence[str]]:
    """Return the points of an operation, and what is wrong with the values of its variables."""
    if given is None:
        return operation.points_most, []
    names = {each.variable.name.value for each in operation.ast.variable_definitions or ()}
    coerced = operation.prepared.coerced({name: value for name, value in given.items() if name in names})
    if isinstance(coerced, list):
        return 0, [f"{operation.name or '-'}: {error.message}" for error in coerced]
    return operation.points(coerced.coerced), []
