"""Files of exports, at the URLs that `createExport` returns.

An answer has no Content-Length: it is sent while the database is read. If it has to end before its end, the connection
is closed without the last chunk, so that the caller's program reports an incomplete file.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from http import HTTPStatus

import structlog
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from db.engine import TookTooLongError
from domain.errors import ApiError, Unavailable
from domain.languages import Text
from resolvers.exports import files, links
from resolvers.exports.admission import ExportAdmission, ExportsBusyError
from resolvers.exports.links import LinkError, Opened, Trouble
from resolvers.exports.spool import SpoolFullError
from resolvers.portal import Portal
from server.http import bodies
from server.http.errors import Rejected, error_response, rejected_for
from server.http.headers import Header, Headers
from server.settings import Settings

METHODS = ("GET", "HEAD")
LOGGED_PATH = f"{links.PATH}…"
"""Path in the log, since a URL is a secret for as long as it works."""

_SENDING_SECONDS = 600
"""How long a caller may take to read a file."""

_TROUBLES: Mapping[Trouble, tuple[HTTPStatus, str, Text]] = {
    Trouble.UNKNOWN: (
        HTTPStatus.NOT_FOUND,
        "EXPORT_NOT_FOUND",
        Text(
            pt="Este link de exportação não é válido. Copie o link inteiro ou exporte a lista de novo.",
            en="This link to an export is not valid. Copy the whole link, or export the list again.",
        ),
    ),
    Trouble.EXPIRED: (
        HTTPStatus.GONE,
        "EXPORT_EXPIRED",
        Text(
            pt="Este link de exportação expirou: ele vale por 10 minutos. Exporte a lista de novo.",
            en="This link to an export has expired: it works for 10 minutes. Export the list again.",
        ),
    ),
    Trouble.FORBIDDEN: (
        HTTPStatus.FORBIDDEN,
        "FORBIDDEN",
        Text(
            pt="Quem criou esta exportação saiu do portal ou não pode mais ler a lista. Entre e exporte de novo.",
            en="Who created this export has signed out or may no longer read the list. Sign in, and export it again.",
        ),
    ),
}
_BUSY = Text(
    pt="Há exportações demais em andamento. Tente de novo em {seconds} segundos.",
    en="Too many exports are being made. Try again in {seconds} seconds.",
)
_TOO_LONG = Text(
    pt="A lista não pôde ser lida a tempo. Use um filtro ou tente de novo em {seconds} segundos.",
    en="The list could not be read in time. Filter it, or try again in {seconds} seconds.",
)

_FULL = Text(
    pt="O servidor não tem espaço para este arquivo agora. Use um filtro ou tente de novo em {seconds} segundos.",
    en="The server has no room for this file now. Filter the list, or try again in {seconds} seconds.",
)

log = structlog.get_logger("portal.exports")


class ExportFiles:
    """Application that answers with files of exports."""

    def __init__(self, portal: Portal, settings: Settings) -> None:
        self._portal = portal
        self._seconds = settings.export_seconds
        self._file_bytes = settings.export_spool_mib << 20
        self._retry_seconds = max(1, round(self._seconds))
        self._admission = ExportAdmission(settings.exports_at_once, retry_seconds=self._retry_seconds)

    def route(self) -> Route:
        """Return the route of all URLs of exports."""
        return Route(links.PATH + "{link:path}", self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        link = scope["path_params"]["link"]
        # The request log reads it when the answer is sent.
        scope["path"] = LOGGED_PATH
        language = Headers(scope["headers"]).negotiated().language
        try:
            await self._answer(link, scope, receive, send)
        except LinkError as error:
            status, code, text = _TROUBLES[error.trouble]
            await _refuse(Rejected(status, text.within(language), code=code), scope, receive, send)
        except ExportsBusyError as busy:
            await _refuse(_unavailable(_BUSY.within(language), busy.seconds), scope, receive, send)
        except TookTooLongError:
            await _refuse(_unavailable(_TOO_LONG.within(language), self._retry_seconds), scope, receive, send)
        except SpoolFullError:
            await _refuse(_unavailable(_FULL.within(language), self._retry_seconds), scope, receive, send)
        except Rejected as rejected:
            await _refuse(rejected, scope, receive, send)
        except ApiError as error:
            await _refuse(rejected_for(error), scope, receive, send)

    async def _answer(self, link: str, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in METHODS:
            allowed = ", ".join(METHODS)
            message = f"The methods that work here are {allowed}."
            raise Rejected(HTTPStatus.METHOD_NOT_ALLOWED, message, headers={"Allow": allowed})
        state = scope["state"]
        opened = await links.opened(self._portal, link, state["client_address"])
        state["viewer"] = viewer = opened.viewer
        answer = _Answer(opened, scope, send)
        if scope["method"] == "HEAD":
            await answer.begin()
            await answer.end()
            return
        with self._admission.admit((viewer.partner_id, viewer.user_id), self._portal.monotonic()):
            await self._send(answer, receive)

    async def _send(self, answer: "_Answer", receive: Receive) -> None:
        """Send the file until it ends, the caller goes away, or it takes too long."""
        sending = asyncio.create_task(self._stream(answer))
        gone = asyncio.create_task(bodies.gone(receive))
        try:
            await asyncio.wait([sending, gone], timeout=_SENDING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await sending
            elif gone.done():
                raise ClientDisconnect
            else:
                answer.cut("not read in time")
        finally:
            for task in (sending, gone):
                task.cancel()
            # The thread that reads the database has ended then.
            await asyncio.gather(sending, gone, return_exceptions=True)

    async def _stream(self, answer: "_Answer") -> None:
        parts = files.parts(
            self._portal, answer.opened, answer.writer, seconds=self._seconds, file_bytes=self._file_bytes
        )
        try:
            async with aclosing(parts):
                async for part in parts:
                    await answer.send(part)
            await answer.end()
        except (TookTooLongError, SpoolFullError, Unavailable) as error:
            if not answer.is_begun:
                raise
            answer.cut(type(error).__name__)


class _Answer:
    """Answer with a file, which begins with its first part."""

    def __init__(self, opened: Opened, scope: Scope, send: Send) -> None:
        self.opened, self.writer = opened, files.writer(opened.wanted)
        self.is_begun = False
        self._scope, self._send = scope, send

    async def begin(self) -> None:
        """Send the headers."""
        self.is_begun = True
        wanted, (media_type, extension) = self.opened.wanted, self.writer.type
        disposition = f'attachment; filename="{files.file_name(wanted, extension)}"'
        headers: list[Header] = [
            (b"content-type", media_type.encode()),
            (b"content-disposition", disposition.encode()),
            # The file is made anew each time, so a part of it is a part of no other.
            (b"accept-ranges", b"none"),
        ]
        await self._send({"type": "http.response.start", "status": int(HTTPStatus.OK), "headers": headers})

    async def send(self, part: bytes) -> None:
        """Send a part of the file, and wait while too many earlier bytes are unread."""
        if not self.is_begun:
            await self.begin()
        await self._send({"type": "http.response.body", "body": part, "more_body": True})

    async def end(self) -> None:
        """Send the end of the file."""
        await self._send({"type": "http.response.body"})

    def cut(self, reason: str) -> None:
        """Note that the file ends here; the server closes the connection of an answer without an end."""
        self._scope["state"]["error"] = "UNAVAILABLE"
        log.warning("export cut", reason=reason, rows=self.writer.count)


async def _refuse(rejected: Rejected, scope: Scope, receive: Receive, send: Send) -> None:
    scope["state"]["error"] = rejected.code
    answer = error_response(rejected.status, str(rejected), rejected.code, headers=rejected.headers)
    await answer(scope, receive, send)


def _unavailable(message: str, seconds: int) -> Rejected:
    return Rejected(
        HTTPStatus.SERVICE_UNAVAILABLE,
        message.format(seconds=seconds),
        code="UNAVAILABLE",
        headers={"Retry-After": str(seconds)},
    )
