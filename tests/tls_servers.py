"""TLS in front of a PostgreSQL server of the tests, with a certificate that can be replaced."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.engine import make_url

from tests import listening
from tests.certificates import Certificate
from tests.clusters import Cluster
from tests.replicas import Standby

_SSL_REQUEST_BYTES = 8
_ACCEPTED = b"S"


class TlsServer:
    """Server of which new sessions see the certificate that is `shown` then; those that are open go on."""

    def __init__(self, server: Cluster | Standby, shown: Certificate) -> None:
        """Take the server, and the certificate."""
        self._server, self.shown, self.port = server, shown, 0

    @property
    def url(self) -> str:
        """Return the URL of the database, at which only a certificate that is trusted is taken."""
        parsed = make_url(self._server.url)
        return parsed.set(host="127.0.0.1", port=self.port, query={"ssl": "verify-ca"}).render_as_string()

    async def answer(self, requests: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Serve a session."""
        try:
            await requests.readexactly(_SSL_REQUEST_BYTES)
            to_client.write(_ACCEPTED)
            await to_client.start_tls(self.shown.server)
            server, to_server = await asyncio.open_unix_connection(self._server.directory / ".s.PGSQL.5432")
        except (OSError, asyncio.IncompleteReadError):
            # The caller does not trust the certificate, or the server is stopped.
            to_client.close()
            return
        await asyncio.gather(_copy(requests, to_server), _copy(server, to_client))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
    except OSError:
        pass
    finally:
        target.close()


@asynccontextmanager
async def with_tls(server: Cluster | Standby, shown: Certificate) -> AsyncIterator[TlsServer]:
    """Serve with a certificate."""
    found = TlsServer(server, shown)
    listener = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    found.port = listener.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        await listening.close(listener)
