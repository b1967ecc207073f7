"""Comparison of answers: a contender is measured only if it answers as the portal does."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from benchmarks.contenders import REFERENCE, Contender
from benchmarks.processes import FailedError, Server, ask, serving
from benchmarks.workloads import Workload

_SAMPLE = 12
"""Number of requests of a workload that are compared, spread over all of them."""

_LONGEST_MESSAGE = 800


class OtherAnswerError(Exception):
    """A contender's answer differs from the portal's; the message says where."""


def reference(workload: Workload) -> Sequence[Any]:
    """Return the portal's answers, executed by graphql-core on a fresh database."""
    with serving(REFERENCE, "FULL") as server:
        found = _answers(server, workload)
    if any(set(answer) != {"data"} for answer in found):
        message = f"the portal itself answers {workload.name} with an error: {found}"
        raise FailedError(message[:_LONGEST_MESSAGE])
    return found


def compare(contender: Contender, server: Server, workload: Workload, right: Sequence[Any]) -> None:
    """Raise OtherAnswerError unless a contender answers the same data to the same requests, on a fresh database."""
    if not contender.answers:
        return
    for number, (found, wanted) in enumerate(zip(_answers(server, workload), right, strict=True)):
        difference = _difference(found, wanted, "")
        if difference is not None:
            message = f"{contender.name} answers request {number} of {workload.name} otherwise: {difference}"
            raise OtherAnswerError(message)


def _answers(server: Server, workload: Workload) -> list[Any]:
    bodies = workload.bodies()
    return [ask(server.port, body) for body in bodies[:: len(bodies) // _SAMPLE]]


def _difference(found: Any, wanted: Any, path: str) -> str | None:  # noqa: ANN401 — JSON.
    """Return the first difference between two answers."""
    if isinstance(found, dict) and isinstance(wanted, dict) and found.keys() == wanted.keys():
        pairs = [(found[key], wanted[key], f"{path}.{key}") for key in wanted]
    elif isinstance(found, list) and isinstance(wanted, list):
        pairs = [(one, other, f"{path}[{at}]") for at, (one, other) in enumerate(zip_longest(found, wanted))]
    else:
        return None if found == wanted else f"{path or 'all of it'} is {found!r:.300}, and has to be {wanted!r:.300}"
    return next((found for pair in pairs if (found := _difference(*pair)) is not None), None)
