"""`portal webhooks send`."""

import asyncio
import contextlib
import signal

from resolvers.portal import Portal
from schema.root import GRAPHQL_SCHEMA
from server import logs
from server.app import new_sender
from server.cli.commands import Commands
from server.cli.endings import ServerEnded
from server.cli.runner import run, settings
from server.graphql.documents import Documents
from server.graphql.event_selections import EventSelections

app = Commands(help="Webhooks: sending the events of partners to their receivers.", no_args_is_help=True)


@app.callback()
def webhooks() -> None:
    """Take no options: each command has its own."""


@app.command()
def send() -> None:
    """Send webhooks until Ctrl-C, on behalf of servers with WEBHOOKS_SEND=false. Several of them share the work."""
    logs.configure(settings())
    run(_send)
    raise ServerEnded


async def _send(portal: Portal) -> None:
    portal.selections = selections = EventSelections(Documents(GRAPHQL_SCHEMA))
    sending = asyncio.create_task(new_sender(portal, selections).run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, sending.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await sending
