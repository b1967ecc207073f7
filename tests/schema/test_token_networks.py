"""The policy about the networks of a partner's API tokens, and the address of a token's last use."""

from dataclasses import replace

import pytest

from resolvers import ids
from server.background.token_usage import TokenUsageWriter
from tests.api import Api, From, Json
from tests.clock import Clock

pytestmark = pytest.mark.usefixtures("clock")

READ = "{ products { id } }"


async def _script(api: Api, caller_from: From, address: str | None) -> Api:
    payload = await api.done("createApiToken", "secret", {"name": "Script", "permissions": ["ORDERS_READ"]})
    return replace(caller_from(address), token=payload["secret"])


async def _allow(vendor: Api, api: Api, networks: list[str] | None) -> Json:
    given = {"partnerId": ids.encode("Partner", api.partner_id), "apiTokenNetworks": networks}
    return await vendor.mutate("setPartnerPolicy", "partner { policy { apiTokenNetworks } }", given)


@pytest.mark.parametrize("address", ["203.0.113.7", "::ffff:203.0.113.7", "2001:db8::1"])
async def test_an_api_token_works_from_the_networks_of_its_partner(
    vendor: Api, api: Api, caller_from: From, address: str
) -> None:
    script = await _script(api, caller_from, address)
    payload = await _allow(vendor, api, ["203.0.113.0/24", "2001:DB8::1", "2001:db8::1/128"])

    assert payload["partner"]["policy"]["apiTokenNetworks"] == ["203.0.113.0/24", "2001:db8::1/128"]
    assert "products" in await script.data(READ)


@pytest.mark.parametrize("address", ["203.0.114.7", "2001:db8::2", None])
async def test_an_api_token_is_refused_elsewhere_at_once(
    vendor: Api, api: Api, other_api: Api, caller_from: From, address: str | None
) -> None:
    script, other = [await _script(each, caller_from, address) for each in (api, other_api)]
    await script.data(READ)

    await _allow(vendor, api, ["203.0.113.0/24", "2001:db8::1"])

    error = await script.error(READ)
    assert (error["extensions"]["code"], error["extensions"]["policy"]) == ("UNAUTHENTICATED", "API_TOKEN_NETWORKS")
    assert (address or "of this caller") in error["message"]
    await other.data(READ)
    await replace(caller_from(address), token=api.token).data(READ)
    await _allow(vendor, api, None)
    await script.data(READ)


async def test_networks_that_are_none_are_refused_by_their_place(vendor: Api, api: Api) -> None:
    payload = await _allow(vendor, api, ["203.0.113.0/24", "203.0.113.7/24", "example.com", "203.0.113.7/33"])

    assert [error["path"] for error in payload["userErrors"]] == [["apiTokenNetworks", str(at)] for at in (1, 2, 3)]
    many = await _allow(vendor, api, ["203.0.113.7"] * 21)
    assert [error["path"] for error in many["userErrors"]] == [["apiTokenNetworks"]]


async def test_a_token_shows_the_address_that_last_used_it(api: Api, caller_from: From, clock: Clock) -> None:
    script = await _script(api, caller_from, "203.0.113.7")
    listed = "{ viewer { apiTokens { name lastUsedAt lastUsedAddress } } }"
    before = await api.data(listed)
    await script.data(READ)

    await TokenUsageWriter(api.portal).write()

    assert before["viewer"]["apiTokens"] == [{"name": "Script", "lastUsedAt": None, "lastUsedAddress": None}]
    used = {"name": "Script", "lastUsedAt": f"{clock.now:%Y-%m-%dT%H:%M:%SZ}", "lastUsedAddress": "203.0.113.7"}
    assert (await api.data(listed))["viewer"]["apiTokens"] == [used]


async def test_an_address_that_a_policy_refuses_is_no_use_of_the_token(
    vendor: Api, api: Api, caller_from: From
) -> None:
    script = await _script(api, caller_from, "203.0.114.7")
    await _allow(vendor, api, ["203.0.113.0/24"])
    await script.error(READ)

    await TokenUsageWriter(api.portal).write()

    listed = await api.data("{ viewer { apiTokens { lastUsedAt } } }")
    assert listed["viewer"]["apiTokens"] == [{"lastUsedAt": None}]
