"""Classes that a program makes as it runs can be freed, however many objects of them are executed."""

import gc
from typing import Any
from weakref import ref

import pytest
from graphql import build_schema, execute, parse

from breadth import BatchExecutor, awaiting, by_class, row_batch
from breadth.completion import object as objects
from tests.breadth.row_batches import Columns

SDL = """
  interface Any { name: String }
  type Row implements Any { name: String }
  type Query { rows: [Row], any: [Any] }
"""


class Row:
    """A row."""

    name = "a"


@pytest.mark.parametrize("document", ["{ rows { name } }", "{ any { name } }"])
@pytest.mark.parametrize("table", [list, Columns])
def test_few_classes_that_a_type_accepts_are_kept(
    monkeypatch: pytest.MonkeyPatch,
    document: str,
    table: Any,  # noqa: ANN401 — a class of lists.
) -> None:
    gc.freeze()
    monkeypatch.setattr(objects, "_ACCEPTED_MAX", 4)
    for module in (awaiting, row_batch):
        # What all schemas share is limited too, and is not to be filled by this test.
        monkeypatch.setattr(module, "_KNOWN_MAX", 0)
    monkeypatch.setattr("breadth.plan.resolver._may_be_mapping", lambda _kind: False)
    asked: list[type] = []
    schema = build_schema(SDL)

    @by_class
    def is_row(value: object, _info: object) -> bool:
        asked.append(type(value))
        return True

    schema.type_map["Row"].is_type_of = is_row  # type: ignore[attr-defined]  # It is an object type.
    kinds = [type(f"Row{number}", (Row,), {}) for number in range(40)]
    for kind in kinds:
        for _ in range(2):
            rows = {"rows": table([kind(), kind()]), "any": table([kind(), kind()])}
            result: Any = execute(schema, parse(document), rows, executor_class=BatchExecutor)
            assert result.data == {document.split()[1]: [{"name": "a"}, {"name": "a"}]}
    if document.startswith("{ rows"):
        assert len(asked) <= 2 * len(kinds)
    alive = [ref(kind) for kind in kinds]
    kinds.clear()
    asked.clear()
    del kind, rows

    gc.collect()

    assert sum(kind() is not None for kind in alive) <= 4


def test_a_class_of_executors_can_be_freed() -> None:
    gc.freeze()

    class Own(BatchExecutor):
        """An executor."""

    execute(build_schema(SDL), parse("{ rows { name } }"), executor_class=Own)
    dropped = ref(Own)
    del Own

    gc.collect()

    assert dropped() is None
