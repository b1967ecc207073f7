"""Inputs as the digests of idempotency keys read them."""

import os
import subprocess
import sys

from resolvers.input_texts import as_text
from resolvers.moves import MoveActivation

PROGRAM = """
from db.activations import ActivationFilter
from domain.activations import ActivationCancellationReason, ActivationStatus
from resolvers.found_activations import FindActivations
from resolvers.input_texts import as_text

chosen = ActivationFilter(
    status=frozenset(ActivationStatus), cancellation_reason=frozenset(ActivationCancellationReason), note="frozenset("
)
print(as_text(FindActivations(chosen, None, 3, "Troca")))
print(*chosen.status)
print(*chosen.cancellation_reason)
"""


def test_an_input_is_the_same_text_in_every_process() -> None:
    outputs = []
    for seed in (0, 1):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, check=True, capture_output=True, text=True
        )
        outputs.append(done.stdout.splitlines())

    texts, *orders = zip(*outputs, strict=True)
    assert all(one != other for one, other in orders), "With these seeds the sets are read in the same order."
    assert texts[0] == texts[1]
    assert "CLIENT_CANCELLED" in texts[0]


def test_a_move_is_remembered_alike_with_null_and_without_a_printer() -> None:
    omitted, null = [MoveActivation(1, 2, "KEY-1", None, None, without_printer=each) for each in (False, True)]

    assert as_text(omitted) == as_text(null)
    assert as_text(null) == (
        "MoveActivation(activation_id=1, to_client_id=2, activation_key='KEY-1', ecf_serial_number=None, note=None)"
    )
