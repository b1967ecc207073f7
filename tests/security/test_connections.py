"""Connections that send without end, or hardly anything, take little from others."""

from contextlib import ExitStack

from tests.e2e.sockets import HEALTH, Caller, calling
from tests.security.harness import CountedTarget, Target

MEGABYTE = b"a" * 1024 * 1024


def endless_header(port: int) -> None:
    """Send a header of up to 100 MB, until the server closes."""
    with calling(port) as caller:
        caller.send(HEALTH, b"X-Long: ", *[MEGABYTE] * 100)
        assert caller.answer().status == 431


def test_an_endless_header_is_refused_for_next_to_nothing(counted: CountedTarget) -> None:
    with counted.takes_little():
        endless_header(counted.port)


def test_others_are_answered_while_endless_headers_come(victim: Target) -> None:
    victim.answers_others_meanwhile(lambda: endless_header(victim.port))


def test_others_are_answered_while_hundreds_of_requests_are_never_completed(victim: Target) -> None:
    with ExitStack() as stack:
        slow: list[Caller] = [stack.enter_context(calling(victim.port)) for _ in range(300)]

        def trickle() -> None:
            for caller in slow:
                caller.send(b"G" if caller is slow[0] else HEALTH[:5])

        victim.answers_others_meanwhile(trickle)
