"""Headers that are lists, such as `Accept-Language: pt-BR, en;q=0.5` (RFC 9110, 5.6.1)."""

MEMBERS_MAX = 50
"""Maximum number of members that are read; browsers send some ten."""

LENGTH_MAX = 2_000
"""Maximum number of characters that are read; browsers send some two hundred."""


def members(value: str) -> list[str]:
    """Return the first members of a list, as many as are read; what follows counts as not sent.

    Anyone can send 64 KB of members, empty ones too, and proxies join the values of repeated headers.
    """
    found = value[: LENGTH_MAX + 1].split(",", MEMBERS_MAX)
    if len(found) > MEMBERS_MAX or len(value) > LENGTH_MAX:
        # The last one is the rest, or was cut.
        found.pop()
    return found
