"""Scheduler of a simulation: tasks take turns at the moments when they pause, in an order that a seed decides."""

from collections.abc import Callable
from contextlib import suppress
from random import Random

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]  # It has no types.


class Killed(BaseException):
    """The process of the task ended here. It is no Exception, so that the program does not handle it."""


class Task:
    """Task of a simulation, which runs from one pause to the next."""

    def __init__(self, run: Callable[[], None]) -> None:
        """Take the function of the task; its pauses return to where it is made."""
        self._function = run
        self._greenlet = greenlet(self._run_to_end)
        self._greenlet.task = self
        self.is_ready: Callable[[], bool] | None = None
        """Says whether it can go on; it can whenever this is None."""
        self.error: Exception | None = None

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return bool(self._greenlet.dead)

    def go_on(self) -> None:
        """Run until its next pause."""
        self._greenlet.switch()

    def kill(self) -> None:
        """End it where it is."""
        # One that had no turn yet does not catch it.
        with suppress(Killed):
            self._greenlet.throw(Killed)

    def _run_to_end(self) -> None:
        try:
            self._function()
        except Killed:
            return
        except Exception as error:  # noqa: BLE001 — the scheduler raises any error where the test sees it.
            self.error = error


class Scheduler:
    """Scheduler of one simulation."""

    def __init__(self, random: Random) -> None:
        """Take what decides the order."""
        self.random = random
        self.moment = 0
        """The number of turns so far."""
        self._tasks: list[Task] = []
        self._has_killed = False

    def start(self, run: Callable[[], None]) -> Task:
        """Start a task, which does nothing before its first turn."""
        task = Task(run)
        self._tasks.append(task)
        return task

    def pause(self, until: Callable[[], bool] | None = None) -> None:
        """Give the turn to another task; called in a task. It goes on at a later turn at which `until` holds."""
        current = getcurrent()
        current.task.is_ready = until
        current.parent.switch()

    def kill(self, tasks: list[Task]) -> None:
        """End tasks where they are."""
        for task in tasks:
            self._has_killed = True
            if not task.is_done:
                task.kill()
                assert task.is_done, "A task went on after its end."

    def run(self, between: Callable[[], None], *, waits: Callable[[Task], bool]) -> None:
        """Give turns until no task is left but those that only wait, and call a function between them.

        Raises what a task raised, and AssertionError when all wait for each other.
        """
        while True:
            ready = [each for each in self._tasks if each.is_ready is None or each.is_ready()]
            if not ready:
                assert all(waits(each) for each in self._tasks), "All tasks wait for each other."
                return
            task = self.random.choice(ready)
            self.moment += 1
            task.go_on()
            if task.error is not None:
                raise task.error
            between()
            if task.is_done or self._has_killed:
                self._tasks = [each for each in self._tasks if not each.is_done]
                self._has_killed = False
