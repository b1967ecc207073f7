"""`portal documents`: the documents that clients can request by an id."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from db import documents as stored
from db.documents import DocumentRow
from domain.documents import shown
from resolvers import documents, manifests
from resolvers.documents import DocumentProblem, DocumentsRefused, TooManyDocuments
from resolvers.manifests import ManifestError
from resolvers.portal import Portal
from server.cli.commands import Commands
from server.cli.printing import say
from server.cli.runner import WRONGLY_USED, fail, failures, run
from server.graphql import trusted_documents

app = Commands(help="Register the documents that clients can request by an id.", no_args_is_help=True)

_SHOWN = 50
"""Maximum number of errors shown: one change of the schema can break every document."""

_File = Annotated[Path, typer.Argument(help="The manifest that GraphQL Code Generator, Relay or Apollo's tool writes.")]
_Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="The ids, as they were registered.")]


@app.command()
def register(file: _File) -> None:
    """Register all documents of a manifest, or none if one is invalid.

    A document that is already registered is left alone. Running servers know the new ones at once, without a restart.
    """
    with failures():
        try:
            texts = manifests.read(file)
        except ManifestError as error:
            fail(f"{error}.", status=WRONGLY_USED)
    problems = documents.problems(trusted_documents.inspected, texts)
    if problems:
        _refuse(problems, "Nothing was registered.")
    new = run(lambda portal: _registered(portal, texts))
    say(f"{new} registered, {len(texts) - new} registered already.")


@app.command("list")
def list_documents() -> None:
    """Print a line for each document: id, operations, time of registration, and its errors.

    The columns are separated by tabs. A document has errors if the schema has changed since its registration.
    """
    for row in run(_all, reads_only=True):
        found = trusted_documents.inspected(row.text)
        operations = ", ".join(found.operations) or "-"
        state = "; ".join(found.complaints) or "valid"
        typer.echo("\t".join([row.document_id, operations, f"{row.registered_at:%Y-%m-%dT%H:%M:%SZ}", state]))


@app.command()
def remove(ids: _Ids) -> None:
    """Remove documents, or none if one is unknown. Running servers stop running them soon."""
    run(lambda portal: _removed(portal, ids))
    say(f"{len(set(ids))} removed.")


async def _registered(portal: Portal, texts: Mapping[str, str]) -> int:
    try:
        return await documents.register(portal, texts)
    except DocumentsRefused as refused:
        _refuse(refused.problems, "Nothing was registered.")
    except TooManyDocuments as error:
        fail(f"{error} Nothing was registered; remove what is no longer used.")


async def _removed(portal: Portal, ids: list[str]) -> None:
    try:
        await documents.remove(portal, ids)
    except DocumentsRefused as refused:
        _refuse(refused.problems, "Nothing was removed.")


async def _all(portal: Portal) -> list[DocumentRow]:
    return await portal.database.read(stored.all_documents)


def _refuse(problems: Sequence[DocumentProblem], consequence: str) -> NoReturn:
    for problem in problems[:_SHOWN]:
        typer.echo(f"{shown(problem.document_id)}: {problem.reason.rstrip('.')}.", err=True)
    if len(problems) > _SHOWN:
        typer.echo(f"And {len(problems) - _SHOWN} more like these.", err=True)
    fail(consequence)
