"""Inputs as the digests of idempotency keys read them."""

import os
import subprocess
import sys

PROGRAM = """
from db.activations import ActivationFilter
from domain.activations import ActivationCancellationReason, ActivationStatus
from resolvers.found_activations import FindActivations
from resolvers.input_texts import as_text

chosen = ActivationFilter(
    status=frozenset(ActivationStatus), cancellation_reason=frozenset(ActivationCancellationReason), note="frozenset("
)
print(as_text(FindActivations(chosen, None, 3, "Troca")))
"""


def test_an_input_is_the_same_text_in_every_process() -> None:
    texts = set()
    for seed in range(4):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, check=True, capture_output=True, text=True
        )
        texts.add(done.stdout)

    assert len(texts) == 1
    assert "CLIENT_CANCELLED" in texts.pop()
