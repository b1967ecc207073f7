"""Parameters of a URL, in the form of `application/x-www-form-urlencoded`."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, unquote_plus

from server.http.errors import bad_request

NUMBER_MAX = 100
"""Maximum number of parameters, known ones or not; 64 KB have room for 30,000."""

_LONGEST_NAME = 100
"""Maximum number of characters of a name that is decoded; the names of GraphQL have 30 if all are escaped."""


def parsed(query: bytes) -> Mapping[str, Sequence[str]]:
    """Return the values of each parameter, empty ones too; raise Malformed if there are too many."""
    try:
        return parse_qs(query.decode("latin-1"), keep_blank_values=True, max_num_fields=NUMBER_MAX)
    except ValueError:
        message = f"A URL can have at most {NUMBER_MAX} parameters."
        raise bad_request(message) from None


def names(query: bytes) -> set[str]:
    """Return the names of the first 100 parameters; a longer name than any known is cut."""
    parts = query.decode("latin-1").split("&", NUMBER_MAX)[:NUMBER_MAX]
    return {unquote_plus(part.partition("=")[0][:_LONGEST_NAME]) for part in parts}
