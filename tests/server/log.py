"""Log of the process, for tests that read it."""

import logging
from io import StringIO
from json import loads
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter

from server import logs
from server.settings import Settings

Line = dict[str, Any]


class Log:
    """Logged lines, as JSON."""

    def __init__(self, settings: Settings) -> None:
        """Log as a server does, but to a buffer: pytest closes and reopens its streams."""
        self._written = StringIO()
        logs.configure(settings)
        # The client that tests send requests with is no part of the server.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        # A logger that is first used now would stay as it is for all later tests of this process.
        structlog.configure(cache_logger_on_first_use=False)
        root = logging.getLogger()
        for handler in [each for each in root.handlers if isinstance(each.formatter, ProcessorFormatter)]:
            buffered = logging.StreamHandler(self._written)
            buffered.setFormatter(handler.formatter)
            root.removeHandler(handler)
            root.addHandler(buffered)

    def read(self) -> str:
        """Return the text that was logged since the last call."""
        text = self._written.getvalue()
        self._written.seek(0)
        self._written.truncate()
        return text

    def lines(self) -> list[Line]:
        """Return the logged lines since the last call."""
        return [loads(line) for line in self.read().splitlines()]
