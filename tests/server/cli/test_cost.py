"""`portal cost`, called as a client's build calls it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from server.cli import app

PAGE = "query Page($n: Int!) { clients(first: $n) { nodes { activations(first: 100) { nodes { client { id } } } } } }"


def cost(*words: object) -> Result:
    return CliRunner().invoke(app, ["cost", *map(str, words)])


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "page.graphql"
    file.write_text(PAGE)
    return file


def given(folder: Path, variables: object) -> Path:
    file = folder / "variables.json"
    file.write_text(json.dumps(variables))
    return file


def test_each_operation_has_a_line_with_its_highest_cost(page: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"a": "query A { __typename } query B { viewer { role } }"}))

    found = cost(page, manifest)

    assert found.exit_code == 0
    assert found.stdout.splitlines() == [f"{page}\tPage\t346", "a\tA\t3", "a\tB\t4"]


def test_values_of_variables_say_a_lower_cost(page: Path, tmp_path: Path) -> None:
    found = cost(page, "--variables", given(tmp_path, {"n": 4, "other": 1}))

    assert (found.exit_code, found.stdout) == (0, f"{page}\tPage\t20\n")


def test_files_may_begin_with_a_byte_order_mark(page: Path, tmp_path: Path) -> None:
    values = given(tmp_path, {"n": 4})
    for file in (page, values):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())

    assert cost(page, "--variables", values).stdout == f"{page}\tPage\t20\n"


def test_what_costs_more_than_the_limit_fails_the_build(page: Path, tmp_path: Path) -> None:
    assert cost(page, "--limit", 346).exit_code == 0

    found = cost(page, "--limit", 345)

    assert found.exit_code == 1
    assert found.stderr == f"{page}: Page can cost 346 points, and the limit is 345.\n"
    assert cost(page, "--limit", 345, "--variables", given(tmp_path, {"n": 1})).exit_code == 0


@pytest.mark.parametrize(
    ("text", "variables", "complaint"),
    [
        ("{ nothing }", {}, "Cannot query field 'nothing' on type 'Query'."),
        ("{ viewer {} }", {}, "Syntax Error: Expected Name, found '}'."),
        (PAGE, {}, "Variable '$n' has invalid value: Expected a value of non-null type 'Int!' to be provided."),
    ],
)
def test_what_can_not_run_fails_the_build(tmp_path: Path, text: str, variables: object, complaint: str) -> None:
    file = tmp_path / "bad.graphql"
    file.write_text(text)

    found = cost(file, "--variables", given(tmp_path, variables))

    assert found.exit_code == 1
    assert complaint in found.stderr


@pytest.mark.parametrize("content", [b"[]", b"\xff", b"{"])
def test_files_that_can_not_be_read_are_a_wrong_use(page: Path, tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(content)

    assert cost(page, "--variables", bad).exit_code == 2
    assert cost(bad).exit_code == 2
