"""Portal that takes tokens of a real identity provider."""

from collections.abc import Iterator

import pytest

from resolvers.portal import Portal
from server.identity import OpenIdProvider, Provider
from tests.provider import AUDIENCE, RealProvider, provider


@pytest.fixture(scope="package")
def real() -> Iterator[RealProvider]:
    """Identity provider of the tests."""
    with provider() as found:
        yield found


@pytest.fixture
def portal(portal: Portal, real: RealProvider) -> Portal:
    """Portal that takes the provider's tokens."""
    portal.provider = OpenIdProvider(Provider(real.issuer, AUDIENCE))
    return portal
