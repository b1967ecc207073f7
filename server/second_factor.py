"""Hint for an operator whose vendor's users can sign in with a password alone."""

import structlog

from server.settings import Settings

log = structlog.get_logger("portal.server")


def hint_if_not_required(settings: Settings) -> None:
    """Log a line unless the vendor's users must have a second factor, or this is a demonstration."""
    if not (settings.demo or settings.vendor_second_factor):
        log.info("the vendor's users need no second factor", hint="VENDOR_SECOND_FACTOR=true requires one")
