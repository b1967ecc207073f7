"""URLs of exports: how long they work, and which filters they carry."""

from itertools import cycle, islice

import pytest

from tests.api import Api
from tests.clock import Clock

EXPORT = "export { url expiresAt }"
SEARCH_MAX = 200
"""Most characters of each text of a filter."""

TEXTS = {
    "clients": ["search", "name", "cnpj", "city", "state", "ecfSerialNumber"],
    "activations": ["search", "clientName", "cnpj", "activationKey", "ecfSerialNumber", "note"],
}
LIGATURES = "".join(map(chr, range(0xFDF0, 0xFDFC)))
IDEOGRAPHS = "".join(map(chr, range(0x20000, 0x2A000, 29)))


async def status(api: Api, url: str) -> int:
    """Return the status of the answer to the URL of an export."""
    return (await api.http.get(url)).status_code


async def test_a_replay_after_the_end_gives_a_link_that_works(api: Api, clock: Clock) -> None:
    given = {"list": {"clients": {}}, "idempotencyKey": "same"}
    first = (await api.done("createExport", EXPORT, given))["export"]
    clock.forward(minutes=10)

    again = (await api.done("createExport", EXPORT, given))["export"]

    assert again["expiresAt"] == "2026-11-24T12:20:00Z"
    assert [await status(api, first["url"]), await status(api, again["url"])] == [410, 200]


async def test_each_link_of_a_key_has_an_event(api: Api, clock: Clock) -> None:
    given = {"list": {"clients": {}}, "idempotencyKey": "same"}
    for _ in range(3):
        await api.done("createExport", EXPORT, given)
        clock.forward(minutes=10)

    assert (await api.data("{ events { totalCount } }"))["events"]["totalCount"] == 3


@pytest.mark.parametrize("letters", [LIGATURES, IDEOGRAPHS, "\ufdfa"], ids=["ligatures", "ideographs", "one"])
@pytest.mark.parametrize("listed", TEXTS)
async def test_every_filter_that_is_accepted_gives_a_file(api: Api, listed: str, letters: str) -> None:
    many = cycle(letters)
    texts = {name: "".join(islice(many, SEARCH_MAX)) for name in TEXTS[listed]}

    made = await api.done("createExport", EXPORT, {"list": {listed: {"filter": texts}}})

    assert await status(api, made["export"]["url"]) == 200
    # nginx refuses longer lines, unless it is configured.
    assert len(made["export"]["url"]) < 8_000
