"""Files of exports, at the URLs that `createExport` returns.

An answer has no Content-Length: it is sent while the database is read. If it has to end before its end, the connection
is closed without the last chunk, so that the caller's program reports an incomplete file.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from datetime import timedelta
from http import HTTPStatus

import structlog
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from db.engine import TookTooLongError
from domain.errors import ApiError, Unavailable
from domain.languages import Fact, Language, Text
from resolvers.exports import files, links
from resolvers.exports.admission import (
    AT_ONCE_PER_USER,
    PER_USER,
    WITHIN_SECONDS,
    Excess,
    ExportAdmission,
    ExportsBusyError,
)
from resolvers.exports.links import LinkError, Opened, Trouble
from resolvers.exports.spool import SpoolFullError
from resolvers.portal import Portal
from server.http import bodies
from server.http.errors import Rejected, rejected_for, response_for
from server.http.headers import Header, Headers
from server.settings import Settings

METHODS = ("GET", "HEAD")
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
_BUSY: Mapping[Excess, Text] = {
    Excess.AT_ONCE: Text(
        pt="Outros usuários estão baixando muitos arquivos. Tente de novo em {after}.",
        en="Other users are downloading many files. Try again in {after}.",
    ),
    Excess.OF_USER_AT_ONCE: Text(
        pt=(
            "Você já está baixando {highest:arquivo exportado|arquivos exportados}, o máximo de cada vez. Espere um "
            "deles terminar ou tente de novo em {after}."
        ),
        en=(
            "You are downloading {highest:exported file|exported files} already, the most at a time. Wait until one of "
            "them ends, or try again in {after}."
        ),
    ),
    Excess.OF_USER: Text(
        pt=(
            "Você já baixou {highest:arquivo exportado|arquivos exportados} em {within}, o máximo. O próximo pode ser "
            "baixado em {after}."
        ),
        en=(
            "You have downloaded {highest:exported file|exported files} in {within}, the most. You can download the "
            "next one in {after}."
        ),
    ),
}
_NO_FACTS: Mapping[str, Fact] = {}
_FACTS: Mapping[Excess, Mapping[str, Fact]] = {
    Excess.AT_ONCE: _NO_FACTS,
    Excess.OF_USER_AT_ONCE: {"highest": AT_ONCE_PER_USER},
    Excess.OF_USER: {"highest": PER_USER, "within": timedelta(seconds=WITHIN_SECONDS)},
}
_TOO_LONG = Text(
    pt="A lista não pôde ser lida a tempo. Use um filtro ou tente de novo em {after}.",
    en="The list could not be read in time. Filter it, or try again in {after}.",
)

_FULL = Text(
    pt="O servidor não tem espaço para este arquivo agora. Use um filtro ou tente de novo em {after}.",
    en="The server has no room for this file now. Filter the list, or try again in {after}.",
)

log = structlog.get_logger("portal.exports")


def logged_path(path: str) -> str:
    """Return what the log may have of a path: the URL of an export is a secret for as long as it works."""
    return f"{links.PATH}…" if path.startswith(links.PATH) else path


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
        scope["path"] = logged_path(scope["path"])
        language = Headers(scope["headers"]).negotiated().language
        try:
            await self._answer(link, scope, receive, send)
        except (LinkError, ExportsBusyError, TookTooLongError, SpoolFullError, Rejected, ApiError) as error:
            rejected = self._rejected(error, language)
            scope["state"]["error"] = rejected.code
            await response_for(rejected, language)(scope, receive, send)

    def _rejected(self, error: Exception, language: Language) -> Rejected:
        match error:
            case LinkError():
                status, code, text = _TROUBLES[error.trouble]
                return Rejected(status, text.within(language), code=code)
            case ExportsBusyError():
                return _unavailable(_BUSY[error.excess], error.seconds, language, _FACTS[error.excess])
            case TookTooLongError():
                return _unavailable(_TOO_LONG, self._retry_seconds, language)
            case SpoolFullError():
                return _unavailable(_FULL, self._retry_seconds, language)
            case ApiError():
                return rejected_for(error)
            case Rejected():
                return error
        raise error

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


def _unavailable(text: Text, seconds: int, language: Language, facts: Mapping[str, Fact] = _NO_FACTS) -> Rejected:
    return Rejected(
        HTTPStatus.SERVICE_UNAVAILABLE,
        text.filled(language, {**facts, "after": timedelta(seconds=seconds)}),
        code="UNAVAILABLE",
        headers={"Retry-After": str(seconds)},
    )
