"""What the processes of a run tell each other of valid documents."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from graphql import GraphQLError

from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import prepare
from tests.validated import ValidTexts, validate_once

VALID, WRONG = "{ viewer { role } }", "{ viewer { roles } }"
UNKNOWN = f"{{ {' '.join(f'a{number}' for number in range(20))} }}"


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[tuple[ValidTexts, ValidTexts]]:
    with ExitStack() as stack:
        first, second = (stack.enter_context(closing(ValidTexts(tmp_path / "valid"))) for _ in range(2))
        yield first, second


def test_each_process_knows_what_another_one_has_added(processes: tuple[ValidTexts, ValidTexts]) -> None:
    first, second = processes
    assert not second.has(VALID)

    first.add(VALID)
    second.add("{ \ud800 }")

    assert second.has(VALID)
    assert first.has("{ \ud800 }")
    assert not first.has(WRONG)


def test_a_wrong_text_is_refused_each_time(
    processes: tuple[ValidTexts, ValidTexts], monkeypatch: pytest.MonkeyPatch
) -> None:
    validate_once(processes[0], monkeypatch)

    for text in (VALID, WRONG) * 2:
        assert bool(prepare(GRAPHQL_SCHEMA, text).errors) == (text is WRONG)
    assert [processes[1].has(text) for text in (VALID, WRONG)] == [True, False]


def test_a_text_is_validated_by_one_process_and_never_for_other_rules(
    processes: tuple[ValidTexts, ValidTexts], monkeypatch: pytest.MonkeyPatch
) -> None:
    validated: list[str] = []

    def validate(_schema: object, document: object, _rules: object, **_: object) -> list[GraphQLError]:
        validated.append(str(document))
        return []

    monkeypatch.setattr("tests.validated.validate", validate)
    for each in processes:
        validate_once(each, monkeypatch)
        prepare(GRAPHQL_SCHEMA, VALID)
        # All of its fields are unknown, so they are looked at by one rule only.
        prepare(GRAPHQL_SCHEMA, UNKNOWN)

    assert len(validated) == 3
