"""Answers whose bytes wait for their callers."""

from domain.errors import Unavailable
from server.graphql.answer_json import Json, encoded, encoded_up_to
from server.graphql.answers import Answer, too_long, withheld
from server.graphql.shared_results import Result
from server.graphql.subscriptions import ResultStream
from server.http.backlog import FREE_BYTES, Backlog


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


def of_result(stream: ResultStream, result: Result, *, longest: int) -> Json:
    """Return the JSON of a subscription's result, an error in its place if it has more bytes than `longest`."""
    if result.encoded is not None:
        return result.encoded
    body: Json = encoded_up_to(longest, result.body) if stream.large else encoded(result.body)
    size = len(body)
    if size > longest:
        answer = Answer({}, executed=True, codes=frozenset(), operation=stream.operation)
        body = encoded(too_long(answer, size=size, longest=longest).body)
    result.encoded, result.size = body, len(body)
    return body


def size_of(stream: ResultStream, result: Result, *, longest: int) -> int:
    """Return the number of bytes of a result's JSON, which is made unless another subscription has made it."""
    return len(of_result(stream, result, longest=longest)) if result.size is None else result.size
