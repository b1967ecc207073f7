"""The log: structured lines on standard error, with no value of a caller and no secret in them.

What may stand in a line: methods, paths, statuses, durations, request ids, addresses of callers, ids of partners, users
and tokens, names and types of operations, ids of documents, codes of errors, numbers of statements, keyed hashes of
e-mails, and of an error its type and where it was raised. An error's message may repeat what a caller sent, or the
parameters of a statement: it is left out, but for what is wrong with a registered document, which is the vendor's own.
"""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from logging import LogRecord
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from server.graphql.traces import described
from server.settings import Settings

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is answered, which stands in all lines that are written meanwhile."""


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
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for former in [each for each in root.handlers if isinstance(each.formatter, structlog.stdlib.ProcessorFormatter)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    # The first one's lines hold query strings, and in them variables; the other one's hold the document's literals,
    # a password among them. `server.http.middleware` and the schema write lines of their own in their place.
    for name in ("uvicorn.access", "strawberry.execution"):
        logging.getLogger(name).disabled = True
    logging.getLogger("alembic").setLevel(max(logging.WARNING, root.level))
    # No line names its thread or process, which Python looks up for each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def write(logger: logging.Logger, level: int, event: str, facts: dict[str, Any]) -> None:
    """Write a line as structlog does, in a third of the time: nearly each request has one.

    The caller has asked whether the logger is enabled for the level.
    """
    facts["event"] = event
    if (answered := request_id.get()) is not None:
        facts["request_id"] = answered
    method = facts["level"] = logging.getLevelName(level).lower()
    facts["logger"] = logger.name
    facts["timestamp"] = f"{datetime.now(UTC).isoformat()[:-6]}Z"
    # So that a formatter takes the line for one of structlog's.
    extra = {"_logger": logger, "_name": method}
    logger.handle(logger.makeRecord(logger.name, level, "", 0, facts, (), None, extra=extra))


class _JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """Formats lines of structlog, to which nothing is left to be done, without copying them before."""

    def format(self, record: LogRecord) -> str:
        """Return the line as JSON."""
        return _json(record.msg) if hasattr(record, "_logger") else super().format(record)


def _json(event: object, **_options: object) -> str:
    try:
        return orjson.dumps(event, default=repr).decode()
    except TypeError:
        # A path may hold a lone surrogate, which orjson refuses.
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


def _first_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # asyncio's lines go on with the representation of a task, and that with its error's message.
    event["event"] = str(event.get("event", "")).partition("\n")[0]
    return event
