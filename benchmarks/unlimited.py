"""The portal without its limits of callers, to count what these take.

Each limit's lines are taken out of the functions of this very tree, so that nothing else differs. A line that is no
longer there is an error: then this table has to follow the code.

`python -m benchmarks.unlimited portal serve …` runs the portal's command without them.
"""

import inspect
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import NamedTuple

from db.engine.database import Database
from db.engine.sqlite_engine import SqliteEngine
from server.graphql import requirements
from server.graphql.cost_prices import SMALL_SIZE
from server.graphql.documents import Document
from server.graphql.operations import Operations
from server.http.endpoint import Endpoint


class Edit(NamedTuple):
    """Lines of a function, and what is left of them without the limit."""

    owner: object
    name: str
    lines: str
    rest: str = ""


_RATES = (
    Edit(
        Endpoint,
        "__call__",
        "answer, body, coming, of_rate = await self._answer(scope, receive, given, negotiated)",
        "answer, body, coming = await self._answer(scope, receive, given, negotiated)\nof_rate = ()",
    ),
    Edit(
        Endpoint,
        "__call__",
        "headers = [*_headers(answer, status), *of_rate] if answer.codes else [*of_rate]",
        "headers = _headers(answer, status) if answer.codes else []",
    ),
    Edit(
        Endpoint,
        "_looked_up",
        """
        if context.viewer is None:
            # Before the body is read.
            await self._operations.limiter.charge_work(context, 1)
        """,
    ),
    Edit(
        Endpoint,
        "_answer",
        """
        if context.charge is not None:
            context.settle(body, answer.braces, executed=answer.executed, longest=self._max_answer_bytes)
        of_rate = () if context.account is None else context.account.headers()
        """,
    ),
    Edit(Endpoint, "_answer", "return answer, body, 0, of_rate", "return answer, body, 0"),
    Edit(
        Endpoint,
        "_answer",
        "return *self._counted(scope, answer, body), of_rate",
        "return self._counted(scope, answer, body)",
    ),
    Edit(
        Operations,
        "execute",
        """
        paying = self.limiter.charge(context, price, preparing)
        if paying is not None:
            await paying
        """,
    ),
)
_PRICE = Edit(Operations, "execute", "price = operation.constant_price or operation.price_of(variables.coerced)")
"""Left out only with all kinds, since rates and fairness both need the price."""

_COSTS = (
    Edit(
        Operations,
        "execute",
        "if request.named is None and not (request.reports_cost or self._reports_cost):",
        "if request.named is None:",
    ),
    Edit(
        requirements,
        "checked",
        "if operation.cost is None and operation.points_most <= points_max:",
        "if operation.cost is None:",
    ),
)
_DEADLINES = (
    Edit(
        Endpoint,
        "_answer",
        """
        # The connection ends what is not answered at the deadline.
        context.deadline = until = self._new_deadline(now, viewer)
        current.set(until)
        """,
    ),
    Edit(
        Endpoint,
        "_answer",
        """
        if answer.codes and until.gone:
            raise ClientDisconnect
        """,
    ),
    Edit(
        Document,
        "chosen",
        """
        if deadline is not None:
            deadline.allow_change()
        """,
    ),
    Edit(Database, "write", "until = deadline.of_unit(self._seconds)", "until = None"),
    Edit(
        Database,
        "write",
        """
        if until is not None:
            until.note_commit(reading_seconds=_READING_SECONDS)
        """,
    ),
    Edit(Database, "_read", "until = deadline.of_unit(self._seconds)", "until = None"),
)
_FAIRNESS = (
    Edit(
        Operations,
        "execute",
        "if operation.cost is None and price.points <= SHORT_POINTS and self._replicas is None:",
        "if operation.cost is None and self._replicas is None:",
    ),
    Edit(
        Operations,
        "execute",
        "answer = await self._executed(context, request, operation, variables, price)",
        "answer = await self._executed(context, request, operation, variables, None)",
    ),
    Edit(
        Operations,
        "_run_within_budget",
        "size, is_query = price.figures.size, operation.ast.operation is OperationType.QUERY",
        "size = 0 if operation.cost is None else operation.cost.of(variables.coerced).size\nis_query = False",
    ),
    Edit(Operations, "_run_within_budget", "if not price.may_wait:", f"if size <= {SMALL_SIZE}:"),
    Edit(
        Endpoint,
        "_answer",
        "await self.admission.wait(None if viewer is None else viewer.partner_id)",
        "await self.admission.wait(None)",
    ),
    Edit(Database, "read_now", "if inline is None or is_large.get():", "if inline is None:"),
    Edit(
        SqliteEngine,
        "read",
        """
        async with self._reads.place(until) as place:
            try:
                return await min(self._readers, key=_waiting).run(counted(work), until, place)
            except FilesChangedError:
                await self._reopen()
                return await min(self._readers, key=_waiting).run(counted(work), until, place)
        """,
        """
        try:
            return await min(self._readers, key=_waiting).run(counted(work), until)
        except FilesChangedError:
            await self._reopen()
            return await min(self._readers, key=_waiting).run(counted(work), until)
        """,
    ),
)
_STRANGERS = (
    Edit(
        Operations,
        "execute",
        """
        if context.viewer is None and not document.public:
            insist_on_viewer(context, document, request)
        """,
    ),
    Edit(
        requirements,
        "checked",
        "needs_token = operation.private or (operation.introspects and not context.portal.shows_schema_to_all)",
        "needs_token = operation.private",
    ),
)
EDITS: dict[str, Sequence[Edit]] = {
    # Rates are counted in the points of costs.
    "rates": (*_RATES, *_COSTS),
    "deadlines": _DEADLINES,
    "fairness": _FAIRNESS,
    "strangers": _STRANGERS,
}
"""Edits by the kind of limit that they take out."""


@contextmanager
def without(kinds: Sequence[str] = tuple(EDITS)) -> Iterator[None]:
    """Run what is called in this context without the limits of these kinds."""
    before: dict[FunctionType, CodeType] = {}
    texts: dict[FunctionType, str] = {}
    edits = [edit for kind in kinds for edit in EDITS[kind]]
    for edit in [*edits, _PRICE] if set(kinds) == set(EDITS) else edits:
        function: FunctionType = getattr(edit.owner, edit.name)
        before[function] = function.__code__
        text = texts.get(function) or textwrap.dedent(inspect.getsource(function))
        texts[function] = _edited(text, edit)
    for function, text in texts.items():
        function.__code__ = _compiled(function, text)
    try:
        yield
    finally:
        for function, code in before.items():
            function.__code__ = code


def _edited(text: str, edit: Edit) -> str:
    """Return the text of a function with its edit; raise LookupError if it does not have the lines once."""
    wanted = textwrap.dedent(edit.lines).strip().splitlines()
    lines = text.splitlines()
    found = [
        at
        for at in range(len(lines))
        if [line.strip() for line in lines[at : at + len(wanted)]] == [line.strip() for line in wanted]
    ]
    if len(found) != 1:
        message = f"{edit.name} has these lines {len(found)} times, not once:\n{edit.lines}"
        raise LookupError(message)
    indent = lines[found[0]][: len(lines[found[0]]) - len(lines[found[0]].lstrip())]
    rest = textwrap.indent(textwrap.dedent(edit.rest).strip(), indent)
    return "\n".join([*lines[: found[0]], *([rest] if rest else []), *lines[found[0] + len(wanted) :]])


def _compiled(function: FunctionType, text: str) -> CodeType:
    made: dict[str, FunctionType] = {}
    # Text of this tree.
    exec(compile(text, function.__code__.co_filename, "exec"), function.__globals__, made)  # noqa: S102
    return made[function.__name__].__code__.replace(co_qualname=function.__qualname__)


def main() -> None:
    """Run the command of the arguments without the limits."""
    # It keeps the process without collections until the server has started.
    from server.__main__ import main as portal  # noqa: PLC0415

    del sys.argv[0]
    with without():
        portal()


if __name__ == "__main__":
    main()
