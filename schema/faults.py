"""Errors of requests and of the server as clients see them: an unexpected one is masked and logged without values."""

import re

import structlog
from graphql import GraphQLError, GraphQLFormattedError, ValueNode

from domain.faults import Fault
from schema.traces import described

_log = structlog.get_logger("portal")

INTERNAL_MESSAGE = "Something went wrong on the server. Nothing is known to be wrong with the request."

# The engine's messages repeat the value that they refuse, which may be a password, or an object that holds one.
_VALUES = (
    (re.compile(r"Value .* does not exist in ('\w+' enum)", re.DOTALL), r"The value does not exist in \1"),
    (re.compile(r"\? Found: .*", re.DOTALL), "?"),
    (re.compile(r"(?:[,;.]| but) [Ff]ound: .*", re.DOTALL), "."),
    (re.compile(r"(cannot represent [^:']*?)(?: value)?: .*", re.DOTALL), r"\1 value."),
    (re.compile(r"not to be None\.$"), "not to be null."),
    (re.compile(r"^(Syntax Error: .*?\b(?:String|BlockString|Int|Float)) '.*", re.DOTALL), r"\1."),
)

_SUBJECT = re.compile(r"(Argument '|Variable '\$)(\w+)' has invalid (?:default )?value(?: at ((?:\.\w+|\[\d+\])+))?: ")
_INDEX = re.compile(r"\[(\d+)\]")


def presented(error: GraphQLError, request_id: str) -> GraphQLFormattedError:
    """The error for the response."""
    original = _original(error)
    formatted = error.formatted
    match original:
        case Fault():
            formatted["message"] = str(original)
            formatted["extensions"] = {"code": original.code, **original.extensions}
        case None if error.path is None or _is_of_a_value(error):
            formatted["message"] = without_values(error.message)
            formatted["extensions"] = {"code": "BAD_USER_INPUT", **_named(error.message), **(error.extensions or {})}
        case _:
            _log.error("unexpected error", request_id=request_id, path=error.path, error=described(original or error))
            formatted["message"] = INTERNAL_MESSAGE
            formatted["extensions"] = {"code": "INTERNAL", "requestId": request_id}
    return formatted


def _is_of_a_value(error: GraphQLError) -> bool:
    """Whether the engine refused the value of an argument while it executed a field or a directive.

    Its other errors of fields, which are about what resolvers return, name the field's node.
    """
    return bool(error.nodes) and all(isinstance(node, ValueNode) for node in error.nodes or ())


def _named(message: str) -> dict[str, str]:
    """Return the argument or variable that the engine's message is about, such as `filter.registeredAt.from`."""
    found = _SUBJECT.match(message)
    if found is None:
        return {}
    kind, name, path = found.groups(default="")
    return {"argument" if kind == "Argument '" else "variable": name + _INDEX.sub(r".\1", path)}


def without_values(message: str) -> str:
    """The engine's message without the value that it is about."""
    for pattern, replacement in _VALUES:
        message = pattern.sub(replacement, message, count=1)
    return message


def _original(error: GraphQLError) -> BaseException | None:
    original: BaseException | None = error
    while isinstance(original, GraphQLError):
        original = original.original_error
    return original
