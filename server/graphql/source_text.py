"""Source texts: how they are parsed, what is kept of them, and how the positions of many errors are found fast."""

import re
from bisect import bisect_right
from functools import cached_property

from graphql import DocumentNode, Node, Source, SourceLocation, parse

from server.graphql.limits import TOKENS_MAX

_NEWLINE = re.compile(r"\r\n|[\n\r]")


class Text(Source):
    """Source that splits its lines once; graphql-core does it for each error."""

    def get_location(self, position: int) -> SourceLocation:
        """Return the line and column of a position, both from 1."""
        line = bisect_right(self._starts, position)
        return SourceLocation(line, position + 1 - self._starts[line - 1])

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _NEWLINE.finditer(self.body))]


def parsed(source: str | Source, *, no_location: bool = False) -> DocumentNode:
    """Return the document of a text; raise GraphQLError if it is none, or has more than `TOKENS_MAX` tokens.

    As in the specification's grammar, a selection set has a selection; by graphql-core's default it may have none.
    """
    return parse(source, max_tokens=TOKENS_MAX, no_location=no_location, allow_empty_selection_sets=False)


def forget_tokens(ast: DocumentNode) -> None:
    """Drop the parsed tokens: errors need only a node's position in the text."""
    waiting: list[Node] = [ast]
    while waiting:
        node = waiting.pop()
        if node.loc is not None:
            node.loc.start_token = node.loc.end_token = None  # type: ignore[assignment]
        for key in node.keys:
            below = getattr(node, key, None)
            if isinstance(below, Node):
                waiting.append(below)
            elif isinstance(below, list | tuple):
                waiting.extend(each for each in below if isinstance(each, Node))
