"""Answers whose bytes wait for their callers."""

from domain.errors import Unavailable
from server.graphql.operations import Answer, too_long, withheld
from server.http.backlog import FREE_BYTES, Backlog
from server.http.bodies import Json, encoded


def counted(
    answer: Answer, body: Json, backlog: Backlog, *, longest: int, free: int = FREE_BYTES
) -> tuple[Answer, Json, int]:
    """Return the answer, its JSON, and the number of its bytes that were added to the backlog.

    It is another answer, an error, if it has more bytes than `longest`, or was a mutation's and has no room in the
    backlog. Raises Unavailable if the answer to a query has none. Answers up to `free` bytes always have room.
    """
    size = len(body)
    if size > longest:
        del body
        answer = too_long(answer, size=size, longest=longest)
        return answer, encoded(answer.body), 0
    if size <= free:
        return answer, body, 0
    try:
        backlog.add(size)
    except Unavailable as error:
        if not answer.mutated:
            raise
        # A retry would repeat it.
        answer = withheld(answer, str(error))
        return answer, encoded(answer.body), 0
    return answer, body, size
