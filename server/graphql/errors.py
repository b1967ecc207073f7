"""Errors as clients see them: unexpected ones are masked, and logged without values."""

import re
from functools import cache

import structlog
from graphql import GraphQLError, GraphQLFormattedError, ValueNode

from domain.errors import ApiError, Internal
from resolvers.context import Context
from schema.root import GRAPHQL_SCHEMA
from server.graphql.traces import described

_log = structlog.get_logger("portal")

# The engine's messages repeat the refused value, which may be a password, or an object that holds one.
_VALUES = (
    (re.compile(r"Value .* does not exist in ('\w+' enum)", re.DOTALL), r"The value does not exist in \1"),
    (re.compile(r"\? Found: .*", re.DOTALL), "?"),
    (re.compile(r"(?:[,;.]| but) [Ff]ound: .*", re.DOTALL), "."),
    (re.compile(r"(cannot represent [^:']*?)(?: value)?: .*", re.DOTALL), r"\1 value."),
    (re.compile(r"not to be None\.$"), "not to be null."),
    (re.compile(r"^(Syntax Error: .*?\b(?:String|BlockString|Int|Float)) '.*", re.DOTALL), r"\1."),
)

QUOTED_MAX = 100
"""Maximum number of characters of the caller's text that a message quotes."""

_QUOTE = re.compile(r"(?<!\w)'[^']*'|“[^”]*”")
_WORD = re.compile(r"\w+")
# Only this text is no name and may have quotes of its own: a key of an object in a variable.
_KEY = re.compile(r"(unknown field ')(.*)('\.(?: Did you mean [^\n]{1,300}\?)?)$", re.DOTALL)
# Rest of a list of names that had no more room.
_EMPTY_QUOTES = re.compile(r"(['“]…['”])(?:, (?:and |or )?['“]…['”])+")
_SUBJECT = re.compile(r"(Argument '|Variable '\$)(\w+)' has invalid (?:default )?value(?: at ((?:\.\w+|\[\d+\])+))?: ")
_INDEX = re.compile(r"\[(\d+)\]")


def presented(error: GraphQLError, context: Context) -> GraphQLFormattedError:
    """Return the error as it appears in the response to a request."""
    original = _original(error)
    formatted = error.formatted
    match original:
        case ApiError():
            formatted["message"] = shortened(original.message(context.language))
            formatted["extensions"] = {"code": original.code, **original.extensions}
        case None if error.path is None or _is_of_a_value(error):
            formatted["message"] = shortened(without_values(error.message))
            formatted["extensions"] = {"code": "BAD_USER_INPUT", **_named(error.message), **(error.extensions or {})}
        case _:
            internal, request_id = Internal(), context.request_id
            _log.error("unexpected error", request_id=request_id, path=error.path, error=described(original or error))
            formatted["message"] = internal.message(context.language)
            formatted["extensions"] = {"code": internal.code, "requestId": request_id}
    return formatted


def _is_of_a_value(error: GraphQLError) -> bool:
    """Return whether the engine refused an argument's value during the execution of a field or directive.

    The engine's other errors of fields, which are about values of resolvers, have the field's node.
    """
    return bool(error.nodes) and all(isinstance(node, ValueNode) for node in error.nodes or ())


def _named(message: str) -> dict[str, str]:
    """Return the argument or variable that the engine's message is about, such as `filter.registeredAt.from`."""
    found = _SUBJECT.match(message)
    if found is None:
        return {}
    kind, name, path = found.groups(default="")
    subject = name + _INDEX.sub(r".\1", path)
    return {"argument" if kind == "Argument '" else "variable": _cut(subject)}


def _cut(text: str) -> str:
    return text if len(text) <= QUOTED_MAX else text[:QUOTED_MAX] + "…"


def without_values(message: str) -> str:
    """Return the engine's message without the refused value."""
    for pattern, replacement in _VALUES:
        message = pattern.sub(replacement, message, count=1)
    return message


def shortened(message: str) -> str:
    """Return the message with at most `QUOTED_MAX` characters of the caller's text, in all quotes together."""
    if len(message) <= QUOTED_MAX:
        return message
    room = QUOTED_MAX

    def cut(quote: re.Match[str]) -> str:
        nonlocal room
        opening, text, closing = quote[0][0], quote[0][1:-1], quote[0][-1]
        if _names().issuperset(_WORD.findall(text)):
            return quote[0]
        kept, room = text[:room], max(0, room - len(text))
        return quote[0] if kept == text else f"{opening}{kept}…{closing}"

    message = _KEY.sub(lambda key: key[1] + key[2].replace("'", "’") + key[3], message)
    return _EMPTY_QUOTES.sub(r"\1", _QUOTE.sub(cut, message))


@cache
def _names() -> frozenset[str]:
    """Return every name of the schema: none of them is the caller's text."""
    types = GRAPHQL_SCHEMA.type_map
    fields = [field for each in types.values() for field in getattr(each, "fields", {}).items()]
    values = [value for each in types.values() for value in getattr(each, "values", {})]
    arguments = [argument for _, field in fields for argument in getattr(field, "args", ())]
    return frozenset([*types, *(name for name, _ in fields), *values, *arguments])


def _original(error: GraphQLError) -> BaseException | None:
    original: BaseException | None = error
    while isinstance(original, GraphQLError):
        original = original.original_error
    return original
