"""Log: structured lines on standard error, without callers' values and secrets.

A line may have: methods, paths, statuses, durations, request ids, addresses of callers, ids of partners, users and
tokens, names and types of operations, ids of documents, codes of errors, numbers of statements, keyed hashes of
e-mails, and an error's type and frames. An error's message may repeat a caller's value or the parameters of a
statement: it is left out, except for errors of a registered document, which is the vendor's own.
"""

import contextlib
import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import Enum
from logging import LogRecord
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from server.graphql.traces import described
from server.log_pipe import PipeHandler, is_pipe
from server.settings import Settings

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the current request, which all its log lines have."""


def configure(settings: Settings) -> None:
    """Send every log line of the process, uvicorn's too, to standard error in one form."""
    console = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        _with_request_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _errors_without_messages,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Processor = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(_json)
    formatter = (structlog.stdlib.ProcessorFormatter if console else _JsonFormatter)(
        foreign_pre_chain=[*shared, _first_line],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _values_of_enums, renderer],
    )
    root = logging.getLogger()
    former = [each for each in root.handlers if isinstance(each.formatter, structlog.stdlib.ProcessorFormatter)]
    for each in former:
        root.removeHandler(each)
        each.close()
    handler = _handler()
    handler.setFormatter(formatter)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    # uvicorn's access log has query strings, and in them variables; the other logger's lines have a document's
    # literals, a password among them. `server.http.middleware` and the schema log lines of their own instead.
    for name in ("uvicorn.access", "strawberry.execution"):
        logging.getLogger(name).disabled = True
    # The client of webhooks logs each URL, which may have a secret of the receiver in it, and so may details of DEBUG.
    for name in ("alembic", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # No line names its thread or process, which Python looks up for each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def flush() -> None:
    """Wait a moment for the reader of the log, at the end of a process."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PipeHandler):
            handler.flush()


def _handler() -> logging.Handler:
    """Return the handler of standard error: a file or a terminal is written as it is, and a pipe without waiting."""
    with contextlib.suppress(OSError, ValueError):
        if is_pipe(descriptor := sys.stderr.fileno()):
            return PipeHandler(descriptor)
    return logging.StreamHandler(sys.stderr)


def write(logger: logging.Logger, level: int, event: str, facts: dict[str, Any]) -> None:
    """Log a line as structlog does, in a third of the time: nearly each request has one.

    The caller must check first whether the logger is enabled for the level.
    """
    facts["event"] = event
    if (answered := request_id.get()) is not None:
        facts["request_id"] = answered
    method = facts["level"] = logging.getLevelName(level).lower()
    facts["logger"] = logger.name
    facts["timestamp"] = f"{datetime.now(UTC).isoformat()[:-6]}Z"
    # Formatters recognize a line of structlog by it.
    extra = {"_logger": logger, "_name": method}
    logger.handle(logger.makeRecord(logger.name, level, "", 0, facts, (), None, extra=extra))


class _JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """Formatter of complete structlog lines, which it does not copy first."""

    def format(self, record: LogRecord) -> str:
        """Return the line as JSON."""
        return _json(record.msg) if hasattr(record, "_logger") else super().format(record)


def _json(event: object, **_options: object) -> str:
    try:
        return orjson.dumps(event, default=repr).decode()
    except TypeError:
        # A path may have a lone surrogate, which orjson refuses.
        return json.dumps(event, default=repr)


def _with_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if (answered := request_id.get()) is not None:
        event.setdefault("request_id", answered)
    return event


def _errors_without_messages(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    given: ExcInfo | BaseException | bool | None = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()[1]
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = described(error)
    return event


def _values_of_enums(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # The console shows the representation of a value: that of a status is `<HTTPStatus.OK: 200>`.
    return {name: value.value if isinstance(value, Enum) else value for name, value in event.items()}


def _first_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # asyncio's lines contain the representation of a task, and with it its error's message.
    event["event"] = str(event.get("event", "")).partition("\n")[0]
    return event
