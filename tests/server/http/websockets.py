"""What the tests of WebSockets ask, and the applications that they ask."""

from typing import Any

from server.app import Application, create_app
from server.http.websocket import WebSockets
from server.settings import Settings
from tests.api import Api
from tests.executors import DOCUMENTS
from tests.websockets import Closed, Socket

VIEWER = "{ viewer { user { name } } }"


REGISTER = """mutation ($cnpj: String!, $key: String) {
    registerClient(input: {cnpj: $cnpj, name: "Padaria", idempotencyKey: $key}) {
        client { id name } userErrors { code message path } } }"""


def app_of(api: Api, **settings: Any) -> Application:  # noqa: ANN401 — any settings.
    """Return the application with these settings."""
    return create_app(api.portal, Settings(**settings), documents=DOCUMENTS)


def sockets_of(app: Application) -> WebSockets:
    """Return the application's connections."""
    sockets: WebSockets = app.state.sockets
    return sockets


async def code_of(socket: Socket) -> int:
    """Return the code with which the server closes, which has a reason."""
    closed = await socket.next()
    assert isinstance(closed, Closed)
    assert closed.reason
    return closed.code
