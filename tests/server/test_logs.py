"""Lines that the portal keeps out of its log, and their form on a console."""

import logging
from http import HTTPStatus

from server import logs
from server.settings import Settings
from tests.receivers import receiving
from tests.server.log import Log
from tests.server.webhooks.test_client import posted


async def test_the_urls_of_webhooks_are_not_logged() -> None:
    log = Log(Settings(log_level="DEBUG", log_format="json"))
    async with receiving() as receiver:
        await posted(f"{receiver.url}?token=geheim")

    assert receiver.received
    assert "geheim" not in log.read()
    assert not logging.getLogger("httpcore2.http11").isEnabledFor(logging.INFO)


def test_the_console_shows_a_status_by_its_number() -> None:
    log = Log(Settings(log_format="console"))

    logs.write(logging.getLogger("portal.requests"), logging.INFO, "request", {"status": HTTPStatus.OK})

    assert "HTTPStatus" not in (written := log.read())
    assert "200" in written
