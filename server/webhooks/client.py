"""HTTP client of the sender: one request with a body, and the beginning of the answer, within ten seconds."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NamedTuple

import httpcore2
import httpx2

from domain.answers import readable
from domain.webhooks import ANSWER_BYTES, DeliveryFailure, DeliveryStatus
from server.webhooks.network import AddressRefusedError, GuardedBackend, Resolve, ThreadResolver

SECONDS = 10.0
"""How long a connection, a read and the whole exchange may take."""

GONE = 410
_WAITING = frozenset({429, 503})
"""Statuses whose Retry-After counts."""

_SUCCESS, _REDIRECTION = range(200, 300), range(300, 400)
_SECONDS_MAX = 10**6
_IDLE_SECONDS = 5.0
_IDLE_MAX = 100
_HEADERS = {"user-agent": "portal-webhooks/1", "accept-encoding": "identity"}


class Answered(NamedTuple):
    """What became of a request."""

    status: DeliveryStatus
    failure: DeliveryFailure | None
    http_status: int | None
    duration_ms: int
    answer: str | None
    retry_after: timedelta | None = None


@cache
def _system_context() -> ssl.SSLContext:
    """Return a context that trusts the certificates of the system, which takes up to a tenth of a second."""
    return ssl.create_default_context()


class _Transport(httpx2.AsyncHTTPTransport):
    """Transport over a guarded network; httpx has no argument for it."""

    def __init__(self, context: ssl.SSLContext, network: GuardedBackend) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=None,
            max_keepalive_connections=_IDLE_MAX,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=network,
        )


class WebhookClient:
    """Client that follows no redirect, takes no proxy from the environment, and keeps no cookie."""

    def __init__(
        self,
        *,
        private: bool = False,
        resolve: Resolve | None = None,
        context: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """Trust the certificates of the system or of this context; `private` permits any address, and http."""
        self._private, self._seconds, self._context = private, seconds, context
        self._threads = ThreadResolver()
        self._network = GuardedBackend(resolve or self._threads, private=private)
        self._opening = asyncio.Lock()
        self._opened: httpx2.AsyncClient | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered:
        """Send the body, and return what became of it: never an exception of the network."""
        begun, answer = time.perf_counter(), bytearray()
        response: httpx2.Response | None = None
        failure: DeliveryFailure | None = None
        if not self._private and not url.lower().startswith("https://"):
            return Answered(DeliveryStatus.FAILED, DeliveryFailure.ADDRESS, None, 0, None)
        try:
            async with (
                asyncio.timeout(self._seconds),
                (await self._http()).stream("POST", url, headers=headers, content=body) as response,
            ):
                async for part in response.aiter_raw():
                    answer += part
                    if len(answer) >= ANSWER_BYTES:
                        break
        except (TimeoutError, httpx2.TimeoutException):
            failure = DeliveryFailure.TIMEOUT
        except httpx2.ConnectError as error:
            failure = _of_connection(error)
        except httpx2.TransportError:
            failure = DeliveryFailure.BROKEN
        except (httpx2.InvalidURL, ValueError):
            failure = DeliveryFailure.UNREACHABLE
        duration_ms = round((time.perf_counter() - begun) * 1000)
        if response is None:
            return Answered(DeliveryStatus.FAILED, failure, None, duration_ms, None)
        is_cut = failure is not None or len(answer) >= ANSWER_BYTES
        # The status has arrived, and the rest of the answer says nothing about it.
        kept = readable(bytes(answer[:ANSWER_BYTES]), is_cut=is_cut, charset=response.charset_encoding)
        return _of_response(response, duration_ms, kept)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            await self._opened.aclose()
        self._threads.close()

    async def _http(self) -> httpx2.AsyncClient:
        async with self._opening:
            if self._opened is None:
                context = self._context
                if context is None:
                    # No other request waits meanwhile.
                    context = await asyncio.to_thread(_system_context)
                self._opened = httpx2.AsyncClient(
                    transport=_Transport(context, self._network),
                    timeout=self._seconds,
                    follow_redirects=False,
                    trust_env=False,
                    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                    headers=_HEADERS,
                )
        return self._opened


def _of_response(response: httpx2.Response, duration_ms: int, answer: str | None) -> Answered:
    status = response.status_code
    if status in _SUCCESS:
        return Answered(DeliveryStatus.DELIVERED, None, status, duration_ms, answer)
    failure = DeliveryFailure.REDIRECT if status in _REDIRECTION else DeliveryFailure.STATUS
    wanted = _retry_after(response.headers.get("retry-after")) if status in _WAITING else None
    return Answered(DeliveryStatus.FAILED, failure, status, duration_ms, answer, wanted)


def _of_connection(error: httpx2.ConnectError) -> DeliveryFailure:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AddressRefusedError):
            return DeliveryFailure.ADDRESS
        if isinstance(cause, ssl.SSLError):
            return DeliveryFailure.TLS
        cause = cause.__cause__ or cause.__context__
    return DeliveryFailure.UNREACHABLE


def _retry_after(value: str | None) -> timedelta | None:
    """Return the pause that a header asks for, in seconds or until a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=min(int(text[:10]), _SECONDS_MAX))
    try:
        return parsedate_to_datetime(text).astimezone(UTC) - datetime.now(UTC)
    except (ValueError, OverflowError):
        return None
