"""GraphQL over HTTP: reads a request, executes it for its viewer, and answers in an accepted media type.

The status depends on the media type, as the GraphQL over HTTP specification has it: a request that is not GraphQL is
4xx in either type, and a bad token is 401 unless the operation needs none.

In `application/json`, every GraphQL request is 200 and its errors are in the body, because older clients take any other
status for a failure of the network. In `application/graphql-response+json`, it is that of `server.http.status_codes`.
"""

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from time import perf_counter

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from db.engine.deadline import current, of_requests
from domain.deadlines import CallerGone
from domain.errors import ApiError, ProviderUnreachable, UnusableToken
from resolvers.context import Context
from resolvers.portal import Portal
from resolvers.viewers import Viewer
from server.graphql.answer_json import Json, encoded
from server.graphql.answers import Answer
from server.graphql.documents import MutationOverGetError
from server.graphql.operation_requests import OperationRequest
from server.graphql.operations import Operations
from server.graphql.subscriptions import ResultStream
from server.http import answers, bearer, bodies, charges, etag, event_stream, parameters, status_codes
from server.http.backlog import FREE_BYTES, backlog_of
from server.http.compression import Coding, Compressor
from server.http.errors import RETRY_AFTER_SECONDS, Rejected, rejected_for, unreadable
from server.http.headers import Header, Headers, Negotiated, bearer_token
from server.http.negotiation import GRAPHQL_TYPE, JSON_TYPE, STREAM_TYPE
from server.http.scheduling import Admission
from server.http.stream_checks import StreamChecks
from server.settings import Settings

PATH = "/graphql"
METHODS = ("GET", "HEAD", "POST", "OPTIONS")

_ALLOWED = ", ".join(METHODS)
_CONTENT_TYPES = {each: f"{each}; charset=utf-8".encode() for each in (JSON_TYPE, GRAPHQL_TYPE)}
_VARY: Header = (b"vary", b"Accept, Accept-Encoding, Accept-Language, Authorization, GraphQL-Cost")
_BY_GET = "Without a token, only registered documents can be read by GET; send the text of a document by POST."


class Endpoint:
    """Endpoint /graphql."""

    def __init__(self, portal: Portal, operations: Operations, settings: Settings) -> None:
        self._portal, self._operations = portal, operations
        self._max_body_bytes, self._max_answer_bytes = settings.max_body_bytes, settings.max_answer_bytes
        self._uncounted_bytes = min(FREE_BYTES, settings.max_answer_bytes)
        self._gzip_from_bytes = settings.gzip_from_bytes
        self._compressor = Compressor()
        self._edition = settings.status_codes
        self._new_deadline = of_requests(
            settings.request_timeout_seconds, settings.mutation_timeout_seconds, know_task=portal.database.is_remote
        )
        self._hold = operations.limiter.hold
        self.admission = Admission()
        self.checks = StreamChecks(portal)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] == "OPTIONS":
            await _send_nothing(send, HTTPStatus.NO_CONTENT, [(b"allow", _ALLOWED.encode()), _VARY])
            return
        given: Headers = scope["state"]["headers"]
        negotiated = given.negotiated()
        form, coding = negotiated.form, negotiated.coding if self._gzip_from_bytes else Coding.PLAIN
        coming = 0
        try:
            try:
                answer, body, coming, of_rate = await self._answer(scope, receive, given, negotiated)
            except CallerGone:
                raise ClientDisconnect from None
            except (Rejected, ApiError) as error:
                limiter, state = self._operations.limiter, scope["state"]
                # No name for what it returns: with its traceback, this frame would keep the answer until a collection.
                rejected = _rejected(await charges.refused(limiter, state, state["client_address"], error))
                status, headers, body = self._refused(scope, rejected, negotiated)
                del rejected
                charges.cancel(state.get("context"))
                headers += charges.headers(limiter, state, state["client_address"])
            else:
                if negotiated.streams and (answer.stream is not None or form is None):
                    by = event_stream.Caller(given.all(b"authorization"), scope["state"]["client_address"], receive)
                    stream = answer.stream
                    # The objects of an answer take more memory than its JSON, which may be read slowly.
                    del answer
                    await self._stream(stream, body, (scope, by, send), [_VARY, *of_rate])
                    return
                status = status_codes.of_answer(answer, self._edition) if form == GRAPHQL_TYPE else HTTPStatus.OK
                headers = [*_headers(answer, status), *of_rate] if answer.codes else [*of_rate]
                if answer.may_be_kept:
                    tag = etag.etag(self._portal, body, form or JSON_TYPE)
                    headers += etag.headers(tag)
                    if etag.holds(given.all(b"if-none-match"), tag):
                        await _send_nothing(send, HTTPStatus.NOT_MODIFIED, [*headers, _VARY])
                        return
                del answer
            if coding is Coding.GZIP or (coding is Coding.EITHER and len(body) >= self._gzip_from_bytes):
                body = await self._compressor.gzipped(body)
                headers.append((b"content-encoding", b"gzip"))
            headers += (
                (b"content-type", _CONTENT_TYPES[form or JSON_TYPE]),
                (b"content-length", b"%d" % len(body)),
                _VARY,
            )
            await send({"type": "http.response.start", "status": int(status), "headers": headers})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
        finally:
            if coming:
                backlog_of(scope).remove(coming)

    async def _stream(
        self,
        stream: ResultStream | None,
        body: Json,
        of: tuple[Scope, event_stream.Caller, Send],
        headers: Sequence[Header],
    ) -> None:
        scope, by, send = of
        if stream is None:
            await event_stream.send_answer(send, body, headers)
        else:
            # They may be long, and nothing reads them while the subscription is followed.
            scope["state"]["wanted"] = scope["state"]["wanted"].logged
            terms = event_stream.Terms(self.admission, backlog_of(scope), self.checks, self._max_answer_bytes)
            await event_stream.send_results(stream, by, send, headers, terms)

    async def _answer(
        self, scope: Scope, receive: Receive, given: Headers, negotiated: Negotiated
    ) -> tuple[Answer, Json, int, Sequence[Header]]:
        """Return the answer, its JSON, the number of its bytes in the backlog, and the headers of its caller's rate."""
        if scope["method"] not in METHODS:
            message = f"The methods that work here are {_ALLOWED}."
            raise Rejected(HTTPStatus.METHOD_NOT_ALLOWED, message, headers={"Allow": _ALLOWED})
        # The request log reads the state once the request is answered.
        state = scope["state"]
        authorization, address = given.all(b"authorization"), state["client_address"]
        portal, token = self._portal, bearer_token(authorization)
        viewer = None if token is None else portal.viewers.usable(token, portal.now(), portal.monotonic(), address)
        state["context"] = context = Context(
            portal,
            viewer=viewer,
            language=negotiated.language,
            request_id=state["request_id"],
            client_address=address,
            gone=partial(bodies.gone, receive),
            last_event_id=(given.first(b"last-event-id") or None) if negotiated.streams else None,
        )
        if viewer is None:
            viewer = await self._looked_up(context, authorization)
        state["viewer"] = viewer
        try:
            state["wanted"] = wanted = await self._wanted(scope, receive, given, negotiated)
        except Rejected:
            # An error of the token comes first, unless an operation is known to need none.
            if context.unusable is not None:
                raise context.unusable from None
            raise
        if negotiated.asks_more or not authorization:
            wanted = self._completed(wanted, scope, authorization, negotiated)
        now = perf_counter()
        # The connection ends what is not answered at the deadline.
        context.deadline = until = self._new_deadline(now, viewer)
        current.set(until)
        # Request admission only after the body has arrived, or the admission would be for an earlier iteration.
        if not self.admission.admit_now(now):
            await self.admission.wait(None if viewer is None else viewer.partner_id)
        state["answer"] = answer = await self._operations.execute(context, wanted)
        if answer.codes and until.gone:
            raise ClientDisconnect
        body: Json = encoded(answer.body) if answer.json is None else answer.json
        if context.charge is not None:
            context.settle(body, answer.braces, executed=answer.executed, longest=self._max_answer_bytes)
        of_rate = () if context.account is None else context.account.headers()
        if len(body) <= self._uncounted_bytes:
            return answer, body, 0, of_rate
        return *self._counted(scope, answer, body), of_rate

    async def _looked_up(self, context: Context, authorization: Sequence[str]) -> Viewer | None:
        """Return the viewer of a token that this process does not know as usable; charge callers without one.

        The context gets the viewer, or what is wrong with the token.
        """
        address = context.client_address
        try:
            context.viewer = await bearer.viewer_of(self._portal, authorization, address, hold=self._hold)
        except (UnusableToken, ProviderUnreachable) as error:
            context.unusable = error
        if context.viewer is None:
            # Before the body is read.
            await self._operations.limiter.charge_work(context, 1)
        return context.viewer

    def _completed(
        self, wanted: OperationRequest, scope: Scope, authorization: Sequence[str], negotiated: Negotiated
    ) -> OperationRequest:
        """Return the request with what its headers ask for; refuse a stranger's document by GET.

        A link of any page could cause such a request, which tells a stranger nothing anyway.
        """
        if not authorization and wanted.read_only and wanted.query is not None:
            self._refuse_unless_open()
        if negotiated.streams and scope["method"] != "HEAD":
            renew = partial(bearer.renewed, self._portal, authorization, scope["state"]["client_address"])
            wanted = wanted._replace(renew=renew)
        if negotiated.reports_cost:
            wanted = wanted._replace(reports_cost=True)
        return wanted

    def _refuse_unless_open(self) -> None:
        if not self._portal.shows_schema_to_all:
            challenge = {"WWW-Authenticate": "Bearer"}
            raise Rejected(HTTPStatus.UNAUTHORIZED, _BY_GET, code="UNAUTHENTICATED", headers=challenge)

    def _counted(self, scope: Scope, answer: Answer, body: Json) -> tuple[Answer, Json, int]:
        """Count the bytes of a longer answer until the connection holds them, or replace it by an error."""
        state = scope["state"]
        # Release the answer's objects before it is compressed and sent; the log needs only its codes.
        state["answer"] = answer._replace(body={}, json=None)
        state["context"].forget()
        found, body, size = answers.counted(answer, body, backlog_of(scope), longest=self._max_answer_bytes)
        if found is not answer:
            state["answer"] = found
        return found, body, size

    async def _wanted(self, scope: Scope, receive: Receive, given: Headers, negotiated: Negotiated) -> OperationRequest:
        if negotiated.form is None and not negotiated.streams:
            message = f"Accept {JSON_TYPE} or {GRAPHQL_TYPE}, or {STREAM_TYPE}."
            raise Rejected(HTTPStatus.NOT_ACCEPTABLE, message)
        if negotiated.coding is None and self._gzip_from_bytes:
            message = "Accept the encoding gzip or identity."
            raise Rejected(HTTPStatus.NOT_ACCEPTABLE, message)
        context: Context = scope["state"]["context"]
        if scope["method"] != "POST":
            return await self._in_url(scope["query_string"], context)
        longest = most = self._max_body_bytes
        if context.viewer is None:
            most = min(longest, bodies.OF_STRANGERS_MAX)
        for length in given.all(b"content-length"):
            bodies.check_length(length, most, longest=longest)
        if not negotiated.is_json:
            message = f"Send the request as Content-Type: {JSON_TYPE}."
            raise Rejected(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message, headers={"Accept": JSON_TYPE})
        encodings = given.all(b"content-encoding")
        if encodings and any(encoding.lower() != "identity" for encoding in encodings):
            message = "Send the body as it is, without a Content-Encoding."
            raise Rejected(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message, headers={"Accept-Encoding": "identity"})
        body = await bodies.read(receive, most, longest=longest)
        if not body:
            message = "The body is empty; it must be a JSON object with the text of an operation in “query”."
            raise unreadable(message)
        if len(body) > charges.FREE_BYTES:
            await charges.parse(self._operations.limiter, context, len(body))
        return bodies.from_body(body)

    async def _in_url(self, query: bytes, context: Context) -> OperationRequest:
        if len(query) > self._max_body_bytes:
            message = f"The URL's parameters must not be longer than {self._max_body_bytes} bytes."
            raise Rejected(HTTPStatus.REQUEST_URI_TOO_LONG, message)
        await charges.parse(self._operations.limiter, context, len(query))
        return bodies.from_parameters(parameters.parsed(query))

    def _refused(self, scope: Scope, rejected: Rejected, negotiated: Negotiated) -> tuple[int, list[Header], bytes]:
        scope["state"]["error"] = rejected.code
        by_edition = negotiated.form == GRAPHQL_TYPE
        status = status_codes.of_rejected(rejected, self._edition) if by_edition else rejected.status
        headers = [(name.lower().encode(), value.encode()) for name, value in (rejected.headers or {}).items()]
        return status, headers, rejected.body(negotiated.language)


def _rejected(error: Rejected | ApiError) -> Rejected:
    if isinstance(error, Rejected):
        return error
    if isinstance(error, MutationOverGetError):
        return Rejected(HTTPStatus.METHOD_NOT_ALLOWED, str(error), code=error.code, headers={"Allow": "POST"})
    return rejected_for(error)


async def _send_nothing(send: Send, status: HTTPStatus, headers: list[Header]) -> None:
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body"})


def _headers(answer: Answer, status: int) -> list[Header]:
    headers: list[Header] = []
    if status == HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    if "RATE_LIMITED" in answer.codes:
        waits = [error.get("extensions", {}).get("retryAfter", 0) for error in answer.body.get("errors", ())]
        headers.append((b"retry-after", b"%d" % max(waits, default=0)))
    elif "UNAVAILABLE" in answer.codes:
        headers.append((b"retry-after", b"%d" % RETRY_AFTER_SECONDS))
    return headers
