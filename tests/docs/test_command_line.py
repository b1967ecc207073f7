"""The page of the command line: each command is an operator's, or names what does the same by the API."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import typer

from server.cli import app
from tests.docs.pages import text
from tests.schema.introspection import GRAPHQL

PAGE = "docs/operate/command-line.md"
OPERATORS = {
    *("serve", "migrate", "demo", "backup", "restore", "copy-from", "doctor", "erase-check", "rotate-secret", "cost"),
    *("export-schema", "export-messages", "webhooks send", "row-security"),
}
"""Commands about the process, the database or the files; a new one is written down here on purpose."""


class Row(NamedTuple):
    """Row of the page's table."""

    command: str
    equivalents: list[str]
    """Root fields of the schema; empty if it says “operator”."""


def rows() -> list[Row]:
    found = re.findall(r"^\| `portal ([^`]+)` \|[^\n]*\| ([^|\n]+) \|$", text(PAGE), re.MULTILINE)
    return [Row(command, re.findall(r"`(\w+)`", api)) for command, api in found]


def commands(of: typer.Typer, *names: str) -> Iterator[str]:
    for each in of.registered_commands:
        assert each.callback is not None
        yield " ".join([*names, each.name or each.callback.__name__.replace("_", "-")])
    for group in of.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance, *names, group.name or "")


def test_each_command_has_one_row() -> None:
    assert sorted(row.command for row in rows()) == sorted(commands(app))


def test_each_command_is_an_operator_s_or_exists_by_the_api() -> None:
    assert GRAPHQL.query_type is not None
    assert GRAPHQL.mutation_type is not None
    fields = {*GRAPHQL.query_type.fields, *GRAPHQL.mutation_type.fields}

    assert {row.command for row in rows() if not row.equivalents} == OPERATORS
    assert {name for row in rows() for name in row.equivalents} <= fields
