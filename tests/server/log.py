"""The log of the process, for tests that read it."""

import logging
from io import StringIO
from json import loads
from typing import Any

from structlog.stdlib import ProcessorFormatter

from server import logs
from server.settings import Settings

Line = dict[str, Any]


class Log:
    """The lines that were logged, as JSON."""

    def __init__(self, settings: Settings) -> None:
        """Log as a server does, but to where the test reads: pytest's streams are closed and opened meanwhile."""
        self._written = StringIO()
        logs.configure(settings)
        for handler in logging.getLogger().handlers:
            if isinstance(handler.formatter, ProcessorFormatter) and isinstance(handler, logging.StreamHandler):
                handler.setStream(self._written)

    def read(self) -> str:
        """What was logged since the last time."""
        text = self._written.getvalue()
        self._written.seek(0)
        self._written.truncate()
        return text

    def lines(self) -> list[Line]:
        """The same, line by line."""
        return [loads(line) for line in self.read().splitlines()]
