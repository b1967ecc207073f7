"""Keys of an identity provider: found, renewed, not understood, and out of reach, on both engines."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from domain.errors import ProviderUnreachable
from resolvers.portal import Portal
from server import identity
from server.identity import OpenIdProvider, Provider
from tests.api import Api
from tests.provider import AUDIENCE, READ, RealProvider, email_of, is_refused, provider, signed_in
from tests.server.identity.test_identity import WHO


@pytest.fixture(scope="module")
def real() -> Iterator[RealProvider]:
    with provider() as found:
        yield found


async def test_new_keys_of_the_provider_are_found_by_a_token(
    api: Api, portal: Portal, real: RealProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "KEYS_PAUSE_SECONDS", -1)
    keys = tmp_path / "keys.json"
    claims: dict[str, object] = {"email": await email_of(api), "email_verified": True}
    linked = signed_in(api, real, str(uuid4()), **claims)
    with provider() as old:
        keys.write_bytes(old.keys())
    portal.provider = OpenIdProvider(Provider(real.issuer, AUDIENCE, str(keys)))
    refused = [await is_refused(linked)]

    keys.write_bytes(real.keys())

    assert [*refused, await is_refused(linked)] == [True, False]


@pytest.mark.parametrize(
    "changed",
    [
        {"kty": "EC", "crv": "BP-256", "x": "a", "y": "b"},
        {"kty": "RSA", "e": "AQAB"},
        {"kty": "RSA", "e": "AQAB", "n": "***"},
        {"kty": "AKP", "alg": "ML-DSA-44"},
        {"use": "foo"},
        {"kid": 5},
        {"x5c": None},
        {"kty": None},
        "no key",
        None,
    ],
)
async def test_a_key_that_is_not_understood_is_left_out(
    api: Api, portal: Portal, real: RealProvider, tmp_path: Path, changed: object
) -> None:
    (key,) = json.loads(real.keys())["keys"]
    other = changed if not isinstance(changed, dict) or changed.get("kty") else {**key, **changed}
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [other, key]}))
    portal.provider = OpenIdProvider(Provider(real.issuer, AUDIENCE, str(keys)))
    claims: dict[str, object] = {"email": await email_of(api), "email_verified": True}

    assert not await is_refused(signed_in(api, real, str(uuid4()), **claims))


async def test_an_address_of_keys_that_is_none_is_a_matter_of_time(portal: Portal, real: RealProvider) -> None:
    found = OpenIdProvider(Provider(real.issuer, AUDIENCE, "http://[::1/keys"))

    for _ in range(2):
        with pytest.raises(ProviderUnreachable):
            await found.claims(real.token(str(uuid4()), {}), portal.now())


async def test_keys_that_can_not_be_read_are_a_matter_of_time(api: Api, portal: Portal, real: RealProvider) -> None:
    with provider() as gone:
        token = gone.token(str(uuid4()), {"email": await email_of(api), "email_verified": True})
    portal.provider = OpenIdProvider(Provider(gone.issuer, AUDIENCE))

    headers = {"Authorization": f"Bearer {token}", "Accept": "application/graphql-response+json"}
    answer = await api.http.post("/graphql", json={"query": READ}, headers=headers)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert not await is_refused(api)
    assert real.issuer != gone.issuer
    unchecked = replace(api, token=token)
    for query in (WHO, "{ unknown }", "{ __schema { queryType { name } } }"):
        assert (await unchecked.post(query))["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    sign_in = 'mutation { signIn(input: {email: "nobody@alfa.example", password: "no"}) { userErrors { code } } }'
    assert (await unchecked.data(sign_in))["signIn"]["userErrors"] == [{"code": "INVALID_CREDENTIALS"}]
    assert (await unchecked.data("mutation { signOut { signedOut } }"))["signOut"] == {"signedOut": False}
