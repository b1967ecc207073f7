"""Tokens of an identity provider that are not valid, against the real server: each is refused, and none is a 5xx."""

import json
import sqlite3
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, NamedTuple

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, hmac
from joserfc import jws
from joserfc.jwk import ECKey

from tests.api import Json
from tests.e2e import data
from tests.e2e.processes import serving
from tests.security.harness import NEIGHBOUR

ISSUER, AUDIENCE = "https://id.example", "portal"
DAY = 24 * 60 * 60
STREAM = {"query": "subscription { events { number } }"}


def encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


class Issuer(NamedTuple):
    """Issuer of tokens for the server at this address, whose file has its public key; another has the same name."""

    url: str
    key: ECKey
    other: ECKey

    def token(self, payload: object, header: Mapping[str, object], *, by: ECKey | None = None) -> str:
        """Return a token with any payload."""
        text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return jws.serialize_compact({"alg": "ES256", "kid": "own", **header}, text, by or self.key)

    def with_claims(self, **claims: object) -> str:
        """Return a token with these claims in place of valid ones; those of None are left out."""
        return self.token({name: value for name, value in (valid() | claims).items() if value is not None}, {})

    def asked(self, http: httpx.Client, token: str, body: Json, **headers: str) -> httpx.Response:
        """Return the response to a request with the token."""
        return http.post(f"{self.url}/graphql", json=body, headers={"Authorization": f"Bearer {token}", **headers})


def valid() -> dict[str, object]:
    """Return claims by which the manager of a partner is signed in for a day."""
    person = {"sub": "ana", "email": "gerente@alfa.example", "email_verified": True}
    return {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + DAY, **person}


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    folder = tmp_path_factory.mktemp("issuer")
    own, other = (ECKey.generate_key("P-256", {"kid": "own", "use": "sig", "alg": "ES256"}) for _ in range(2))
    file = folder / "keys.json"
    file.write_text(json.dumps({"keys": [own.as_dict(private=False)]}), encoding="utf-8")
    unlimited = dict.fromkeys(("RATE_LIMIT_ADDRESS", "RATE_LIMIT_PARTNER"), "0")
    environment = data.demonstration(folder, **unlimited)
    with closing(sqlite3.connect(folder / "portal.db")) as driver:
        # A token is linked only with a user whose e-mail address is proved.
        driver.execute(
            "UPDATE users SET email_proved_at = '2026-01-01T00:00:00.000000Z' WHERE email = 'gerente@alfa.example'"
        )
        driver.commit()
    settings = {"OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": AUDIENCE, "OIDC_KEYS": str(file)}
    with serving(environment | settings, folder / "log", measured=True) as (url, _):
        yield Issuer(url, own, other)


CLAIMS: Mapping[str, Mapping[str, Any]] = {
    "expired": {"exp": 1},
    "expired a day ago": {"exp": int(time.time()) - DAY},
    "without an end": {"exp": None},
    "an end that is a text": {"exp": "2099-01-01"},
    "an end that is true": {"exp": True},
    "an end that is a list": {"exp": [2**33]},
    "an end in the year 10000": {"exp": 253_402_300_800},
    "an end of 400 digits": {"exp": 10**400},
    "an end that is infinite": {"exp": float("inf")},
    "an end that is no number": {"exp": float("nan")},
    "of tomorrow": {"nbf": int(time.time()) + DAY},
    "issued tomorrow": {"iat": int(time.time()) + DAY},
    "for another audience": {"aud": "another"},
    "for two others": {"aud": ["another", "portal2"]},
    "for an empty list": {"aud": []},
    "for an object": {"aud": {"portal": True}},
    "without an audience": {"aud": None},
    "by another issuer": {"iss": "https://id.example.attacker.example"},
    "by a list of issuers": {"iss": [ISSUER]},
    "without an issuer": {"iss": None},
    "without a subject": {"sub": None},
    "with a number as its subject": {"sub": 7},
    "of a logout": {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
    "of an unknown user": {"sub": "rui", "email": "unknown@alfa.example"},
}
PAYLOADS: Mapping[str, object] = {
    "a list": [],
    "null": None,
    "a text": "a",
    "a number": 1,
    "no JSON": b"{",
    "no UTF-8": b'{"sub": "\xff"}',
    "nothing": b"",
    "a nested list": b"[" * 2_000 + b"]" * 2_000,
}
HEADERS: Mapping[str, bytes] = {
    "nested": b"[" * 2_000 + b"]" * 2_000,
    "nested without an end": b'{"alg":' * 800,
    "of a number": b"1",
    "null": b"null",
    "without an algorithm": b"{}",
    "with a list as its algorithm": b'{"alg": ["ES256"]}',
    "with an object as its key": b'{"alg": "ES256", "kid": {"a": 1}}',
    "that is critical": b'{"alg": "ES256", "kid": "own", "crit": ["exp"], "exp": 1}',
    "with a key of its own": b'{"alg": "ES256", "jwk": {"kty": "oct", "k": "AA"}}',
    "that is not encoded": b'{"alg": "ES256", "kid": "own", "b64": false, "crit": ["b64"]}',
    "without a signature": b'{"alg": "none"}',
    "no UTF-8": b'{"alg": "\xff"}',
    "nothing": b"",
}


def check_refused(issuer: Issuer, http: httpx.Client, token: str) -> None:
    """Fail if the token is not refused as what it is, by a query or by a subscription."""
    for body, accepted in (
        ({"query": NEIGHBOUR}, "application/graphql-response+json"),
        (STREAM, "text/event-stream"),
    ):
        answer = issuer.asked(http, token, body, Accept=accepted)

        assert answer.status_code == httpx.codes.UNAUTHORIZED, answer.text
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert '"UNAUTHENTICATED"' in answer.text
    # Whether a token is valid may be asked with any.
    viewer = issuer.asked(http, token, {"query": "{ viewer { role } }"})
    assert viewer.json() == {"data": {"viewer": None}}


def test_a_valid_token_of_the_provider_is_accepted(issuer: Issuer, http: httpx.Client) -> None:
    found = issuer.asked(http, issuer.with_claims(), {"query": "{ viewer { role } clients(first: 1) { totalCount } }"})

    assert found.json()["data"]["viewer"] == {"role": "MANAGER"}, found.text


@pytest.mark.parametrize("name", CLAIMS)
def test_a_token_with_wrong_claims_check_refused(issuer: Issuer, http: httpx.Client, name: str) -> None:
    check_refused(issuer, http, issuer.with_claims(**CLAIMS[name]))


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_signed_token_without_claims_check_refused(issuer: Issuer, http: httpx.Client, name: str) -> None:
    check_refused(issuer, http, issuer.token(PAYLOADS[name], {}))


@pytest.mark.parametrize("name", HEADERS)
def test_a_token_with_a_hostile_header_check_refused(issuer: Issuer, http: httpx.Client, name: str) -> None:
    _, payload, signature = issuer.with_claims().split(".")

    check_refused(issuer, http, f"{encoded(HEADERS[name])}.{payload}.{signature}")


def test_a_token_that_another_key_signed_check_refused(issuer: Issuer, http: httpx.Client) -> None:
    head, payload, signature = issuer.with_claims().split(".")
    shared = encoded(b'{"alg":"HS256","kid":"own"}')
    # With its public key as a shared secret.
    mac = hmac.HMAC(json.dumps(issuer.key.as_dict(private=False)).encode(), hashes.SHA256())
    mac.update(f"{shared}.{payload}".encode())

    for token in (
        issuer.token(valid(), {}, by=issuer.other),
        issuer.token(valid(), {"kid": "unknown"}, by=issuer.other),
        f"{shared}.{payload}.{encoded(mac.finalize())}",
        f"{head}.{encoded(json.dumps(valid() | {'sub': 'rui'}).encode())}.{signature}",
        f"{head}.{payload}.{encoded(bytes(64))}",
        f"{head}.{payload}.",
        f"{head}.{payload}",
        f"{head}.{payload}.{signature}.{signature}",
    ):
        check_refused(issuer, http, token)
