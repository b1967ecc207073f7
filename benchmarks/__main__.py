"""`python -m benchmarks`: measure, and write the results."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import installation, measurement, results
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.installation import MissingError
from benchmarks.measurement import Plan
from benchmarks.paths import CACHE, HERE
from benchmarks.processes import FailedError
from benchmarks.workloads import WORKLOADS


def main() -> None:
    """Measure what the arguments select."""
    given = _arguments()
    plan = Plan(
        contenders=_chosen(given.only, CONTENDERS),
        workloads=[workload for workload in WORKLOADS if not given.workloads or workload.name in given.workloads],
        connections=given.connections,
        seconds=given.seconds,
        warm_up=given.warm_up,
        rounds=given.rounds,
    )
    command = f"python -m benchmarks {' '.join(sys.argv[1:])}".strip()
    try:
        installation.check_tools()
        for set_up in dict.fromkeys(contender.set_up for contender in plan.contenders):
            set_up()
        # Written after each workload, so that an interrupted run loses little.
        measurement.measure(plan, lambda found: results.write(found, plan, given.into, command=command))
    except (MissingError, FailedError) as error:
        sys.exit(str(error))


def _chosen(names: Sequence[str] | None, contenders: Sequence[Contender]) -> list[Contender]:
    if not names:
        return [contender for contender in contenders if contender.by_default]
    return [contender for contender in contenders if contender.name in names]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("--only", type=_some(names), help=f"some of {','.join(names)}")
    parser.add_argument("--workloads", type=_some([each.name for each in WORKLOADS]), help="such as W1,W2")
    parser.add_argument("--connections", type=_numbers, default=[1, 16, 64], help="how many at once, such as 1,16,64")
    parser.add_argument("--seconds", type=int, default=8, help="how long each is measured")
    parser.add_argument("--warm-up", type=int, default=3, help="how many seconds go before that")
    parser.add_argument("--rounds", type=int, default=3, help="how often all of it is done, one after the other")
    parser.add_argument("--into", type=Path, default=CACHE, help=f"where RESULTS.md goes; {HERE.name}/ is committed")
    return parser.parse_args()


def _some(known: Sequence[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        if unknown := ", ".join(name for name in names if name not in known):
            message = f"{unknown} is none of {','.join(known)}"
            raise argparse.ArgumentTypeError(message)
        return names

    return parse


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()
